import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Specs } from "../engine/compile.ts";
import { runEagerly } from "./_eagerly.ts";
import {
  colourNoise,
  cropAndFlip,
  cropNoise,
  jitterColours,
  standardize,
} from "../tasks/layers/augmentation.ts";
import { assertClose, runCompiled } from "./_compiled.ts";

const SIDE = 4;
const CHANNELS = 3;
const SIZE = SIDE * SIDE * CHANNELS;

const byte = fc.integer({ min: 0, max: 255 });
const images = (rows: number) => fc.array(byte, { minLength: rows * SIZE, maxLength: rows * SIZE });
/** Numbers that float32 holds, from 0 up to 1. */
const uniform = fc.integer({ min: 0, max: 2 ** 24 - 1 }).map((n) => n / 2 ** 24);
const uniforms = (rows: number) => fc.array(uniform, { minLength: rows, maxLength: rows });

function specsOf(rows: number, noise: object): Specs {
  return {
    images: { shape: [rows, SIDE, SIDE, CHANNELS], dtype: "uint8" },
    ...Object.fromEntries(Object.keys(noise).map((name) => [name, { shape: [rows], dtype: "float" }])),
  };
}

const ROWS = 3;
const PADDING = 2;

function crop(data: Record<string, number[]>): number[] {
  return runEagerly(
    ({ images, ...noise }) => ({ result: cropAndFlip(images, PADDING, noise) }),
    specsOf(ROWS, cropNoise),
    data,
  ).result;
}

test("a crop is a window of the padded image, mirrored or not", () => {
  fc.assert(
    fc.property(images(ROWS), uniforms(ROWS), uniforms(ROWS), uniforms(ROWS), (images, top, left, flip) => {
      const expected: number[] = [];
      for (let row = 0; row < ROWS; row++) {
        const firstLine = Math.floor(top[row] * 5) - PADDING;
        const firstColumn = Math.floor(left[row] * 5) - PADDING;
        for (let line = 0; line < SIDE; line++) {
          for (let column = 0; column < SIDE; column++) {
            const y = firstLine + line;
            const x = firstColumn + (flip[row] < 0.5 ? SIDE - 1 - column : column);
            const inside = y >= 0 && y < SIDE && x >= 0 && x < SIDE;
            for (let channel = 0; channel < CHANNELS; channel++) {
              expected.push(inside ? images[row * SIZE + (y * SIDE + x) * CHANNELS + channel] : 0);
            }
          }
        }
      }
      assert.deepEqual(crop({ images, crop_top: top, crop_left: left, flip }), expected);
    }),
  );
});

test("the middle of the range of a crop is the image itself", () => {
  const images = Array.from({ length: ROWS * SIZE }, (_, i) => i);
  const middle = Array(ROWS).fill(0.5);
  assert.deepEqual(crop({ images, crop_top: middle, crop_left: middle, flip: middle }), images);
});

/** The distances from a mean, over a standard deviation that is not below 1 / sqrt(n). */
function standardized(image: readonly number[]): number[] {
  const mean = image.reduce((sum, x) => sum + x, 0) / image.length;
  const variance = image.reduce((sum, x) => sum + (x - mean) ** 2, 0) / image.length;
  return image.map((x) => (x - mean) / Math.max(Math.sqrt(variance), 1 / Math.sqrt(image.length)));
}

test("a standardized image has mean 0 and variance 1", () => {
  fc.assert(fc.property(images(1), (images) => {
    const { result } = runEagerly(
      ({ images }) => ({ result: standardize(images) }),
      specsOf(1, {}),
      { images },
    );
    assertClose(result, standardized(images), 1e-4);
  }));
});

test("an image of one colour is standardized to its channels' distances, one of one grey to zeros", () => {
  const images = [...Array(SIZE).fill(77), ...Array.from({ length: SIZE }, (_, i) => 50 * (i % CHANNELS))];
  const { result } = runEagerly(
    ({ images }) => ({ result: standardize(images) }),
    specsOf(2, {}),
    { images },
  );
  assert.deepEqual(result.slice(0, SIZE), Array(SIZE).fill(0));
  assertClose(result.slice(SIZE, SIZE + CHANNELS), [-Math.sqrt(1.5), 0, Math.sqrt(1.5)]);
});

/** From red, green and blue to hue (of 6), saturation and value, by the textbook (Smith 1978). */
function toHsv(rgb: readonly number[]): [number, number, number] {
  const [r, g, b] = rgb;
  const value = Math.max(...rgb);
  const range = value - Math.min(...rgb);
  const saturation = value > 0 ? range / value : 0;
  if (range === 0) return [0, saturation, value];
  const hue = value === r ? (g - b) / range : value === g ? 2 + (b - r) / range : 4 + (r - g) / range;
  return [(hue + 6) % 6, saturation, value];
}

function toRgb([hue, saturation, value]: readonly number[]): number[] {
  const chroma = saturation * value;
  const second = chroma * (1 - Math.abs(hue % 2 - 1));
  const [r, g, b] = [
    [chroma, second, 0],
    [second, chroma, 0],
    [0, chroma, second],
    [0, second, chroma],
    [second, 0, chroma],
    [chroma, 0, second],
  ][Math.floor(hue)];
  const low = value - chroma;
  return [r + low, g + low, b + low];
}

/** One step after the other, as TensorFlow documents them. */
function jittered(
  image: readonly number[],
  brightness: number,
  saturation: number,
  contrast: number,
): number[] {
  const pixels = Array.from({ length: SIDE * SIDE }, (_, i) => {
    const brighter = image.slice(i * CHANNELS, (i + 1) * CHANNELS).map((x) => x + brightness);
    const [h, s, v] = toHsv(brighter);
    return toRgb([h, Math.min(1, Math.max(0, s * saturation)), v]);
  });
  const means = [0, 1, 2].map((c) => pixels.reduce((sum, pixel) => sum + pixel[c], 0) / pixels.length);
  return standardized(pixels.flatMap((pixel) => pixel.map((x, c) => (x - means[c]) * contrast + means[c])));
}

test("colours are changed as TensorFlow's brightness, saturation, contrast and standardization would", () => {
  fc.assert(fc.property(images(2), uniforms(2), uniforms(2), uniforms(2), (images, b, s, c) => {
    const { result } = runEagerly(
      ({ images, ...noise }) => ({ result: jitterColours(images, noise) }),
      specsOf(2, colourNoise),
      { images, brightness: b, saturation: s, contrast: c },
    );
    const expected = [0, 1].flatMap((i) =>
      jittered(
        images.slice(i * SIZE, (i + 1) * SIZE),
        (2 * b[i] - 1) * 63 / 255,
        0.5 + s[i],
        0.2 + 1.6 * c[i],
      )
    );
    assertClose(result, expected, 1e-4);
  }));
});

test("black pixels and grey ones change no other", () => {
  const image = [0, 0, 0, 100, 100, 100, 0, 0, 7, 255, 0, 255, ...Array(SIZE - 12).fill(0)];
  const { result } = runEagerly(
    ({ images, ...noise }) => ({ result: jitterColours(images, noise) }),
    specsOf(1, colourNoise),
    { images: image, brightness: [0], saturation: [0.99], contrast: [0.5] },
  );
  assertClose(result, jittered(image, -63 / 255, 1.49, 1), 1e-5);
});

test("compiled, an augmented batch is what it is eagerly", async () => {
  const specs = specsOf(ROWS, { ...cropNoise, ...colourNoise });
  const names = Object.keys(specs).slice(1);
  const data = {
    images: Array.from({ length: ROWS * SIZE }, (_, i) => i * i % 256),
    ...Object.fromEntries(names.map((name, i) => [name, [0.1, 0.45, 0.95].map((x) => (x + i * 0.13) % 1)])),
  };
  const augment = ({ images, ...noise }: Parameters<Parameters<typeof runEagerly>[0]>[0]) => ({
    result: jitterColours(cropAndFlip(images, PADDING, noise), noise),
  });
  assertClose(
    (await runCompiled(augment, specs, data)).result,
    runEagerly(augment, specs, data).result,
    1e-5,
  );
});
