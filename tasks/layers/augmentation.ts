/**
 * What is done to images before a network sees them, on a whole batch at once: from bytes, int32 of shape
 * [batch, height, width, channels], to floats of the same shape.
 */
import type { Tensor } from "@tensorflow/tfjs";
import type { Tensors } from "../../optim/optimizer.ts";
import type { Noise } from "../task.ts";

const uniform: Noise = { shape: [], kind: "uniform" };

/** What {@link cropAndFlip} draws for an image. */
export const cropNoise: Readonly<Record<string, Noise>> = {
  crop_top: uniform,
  crop_left: uniform,
  flip: uniform,
};

/**
 * Pads each image with zeros on all sides, takes a window of the original size out of it at random, and mirrors half of
 * them.
 */
export function cropAndFlip(images: Tensor, padding: number, noise: Tensors): Tensor {
  const [batch, height, width, channels] = images.shape;
  const rowSize = width + 2 * padding;
  const imageSize = rowSize * (height + 2 * padding);
  const sides: [number, number] = [padding, padding];
  const pixels = images.pad([[0, 0], sides, sides, [0, 0]]).reshape([batch * imageSize, channels]);

  // Where each pixel of the windows lies among all pixels: integers, as a float32 cannot count them all.
  const offset = (uniform: Tensor) => uniform.mul(2 * padding + 1).floor();
  const firstRow = offset(noise.crop_top).mul(rowSize).toInt().add(multiples(imageSize, batch));
  const rows = firstRow.reshape([batch, 1]).add(multiples(rowSize, height));
  const mirrored = noise.flip.less(0.5).toFloat();
  const firstColumn = mirrored.mul(width - 1).add(offset(noise.crop_left));
  const direction = mirrored.mul(-2).add(1);
  const columns = direction.reshape([batch, 1]).mul(multiples(1, width)).add(firstColumn.reshape([batch, 1]));
  const places = rows.reshape([batch, height, 1]).add(columns.toInt().reshape([batch, 1, width]));
  return pixels.gather(places);
}

/** 0, n, 2n, ... */
function multiples(n: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => n * i);
}

/** What {@link jitterColours} draws for an image. */
export const colourNoise: Readonly<Record<string, Noise>> = {
  brightness: uniform,
  saturation: uniform,
  contrast: uniform,
};

/**
 * Changes the colours of each image at random, and standardizes it: as TensorFlow's random_brightness (63 / 255),
 * random_saturation (0.5, 1.5), random_contrast (0.2, 1.8) and per_image_standardization, one after the other. The
 * bytes are not divided by 255, so the brightness changes by a quarter of a grey level at most; DeepOBS has it so.
 *
 * Saturation pulls each pixel's channels away from their largest, v, by the factor that multiplies its saturation
 * (v - min) / v and keeps it at 1 or below. What brightness adds comes through it, and through contrast, as it is, and
 * standardizing takes it away: all it does is to move the limit.
 */
export function jitterColours(images: Tensor, noise: Tensors): Tensor {
  const x = planes(images);
  const brightness = between(-63 / 255, 63 / 255, noise.brightness);
  const largest = x.max(1, true);
  const range = largest.sub(x.min(1, true));
  // Where the range is 0, there is nothing to pull; elsewhere it is 1 at least.
  const limit = largest.add(brightness).div(range.maximum(1));
  const factor = limit.minimum(between(0.5, 1.5, noise.saturation)).maximum(0);
  const saturated = x.sub(largest).mul(factor).add(largest);
  return standardizePlanes(saturated, between(0.2, 1.8, noise.contrast));
}

/** Makes the mean of each image 0 and its variance 1: (x - mean) / max(sd, 1 / sqrt(n)), n numbers being an image. */
export function standardize(images: Tensor): Tensor {
  return standardizePlanes(planes(images));
}

/** Less its mean and over its standard deviation, for each channel. */
export function standardizeChannels(
  images: Tensor,
  means: readonly number[],
  sds: readonly number[],
): Tensor {
  const perChannel = (values: readonly number[]) => values.map((value) => [[value]]);
  return interleaved(planes(images).sub(perChannel(means)).div(perChannel(sds)));
}

/** @param contrast multiplies the distance of each number from its channel's mean, before all else */
function standardizePlanes(x: Tensor, contrast?: Tensor): Tensor {
  const [batch] = x.shape;
  const channelMeans = x.mean([2, 3], true);
  const centred = x.sub(channelMeans);
  const means = channelMeans.sub(channelMeans.mean(1, true));
  // What is in the channels, and what is between them.
  const within = centred.square().mean([1, 2, 3], true);
  const variance = (contrast ? within.mul(contrast.square()) : within).add(means.square().mean(1, true));
  const scale = variance.sqrt().maximum(1 / Math.sqrt(x.size / batch)).reciprocal();
  return interleaved(centred.mul(contrast ? scale.mul(contrast) : scale).add(means.mul(scale)));
}

/** To a factor for each image. */
function between(low: number, high: number, uniform: Tensor): Tensor {
  return uniform.mul(high - low).add(low).reshape([uniform.size, 1, 1, 1]);
}

/**
 * The channels one after the other, as floats, shape [batch, channels, height, width]. Arithmetic by image and channel
 * is several times as fast on them.
 */
function planes(images: Tensor): Tensor {
  const [batch, height, width, channels] = images.shape;
  // In another shape than back: through arithmetic alone, ONNX Runtime would move one to the other and drop both.
  const flat = images.reshape([batch, height * width, channels]).transpose([0, 2, 1]);
  return flat.toFloat().reshape([batch, channels, height, width]);
}

function interleaved(planes: Tensor): Tensor {
  return planes.transpose([0, 2, 3, 1]);
}
