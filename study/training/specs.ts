/** What a program's inputs are, and how a step finds them. */
import type { Tensor, Tensor1D } from "@tensorflow/tfjs";
import type { DatasetSource } from "../../datasets/dataset.ts";
import type { Specs } from "../../engine/compile.ts";
import type { Tensors } from "../../optim/optimizer.ts";
import type { Batch, Initialized, Noise, Task } from "../../tasks/task.ts";
import { bufferName, dataName, noiseName } from "./names.ts";

export function floatSpecs(tensors: Initialized = {}): Specs {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape }]) => [name, { shape, dtype: "float" }]),
  );
}

export function noiseSpecs(noise: Readonly<Record<string, Noise>> = {}, batchSize: number): Specs {
  return Object.fromEntries(
    Object.entries(noise).map(([name, { kind, shape }]) => [
      noiseName(name),
      { shape: [batchSize, ...shape], dtype: kind === "bernoulli" ? "uint8" : "float" },
    ]),
  );
}

export function dataSpecs({ columns }: DatasetSource, rows: number): Specs {
  return Object.fromEntries(
    Object.entries(columns).map(([name, { shape, dtype }]) => [
      dataName(name),
      { shape: [rows, ...shape], dtype },
    ]),
  );
}

export function renamed<T>(
  record: Readonly<Record<string, T>>,
  rename: (name: string) => string,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [rename(name), value]));
}

export function paramsOf({ parameters }: Task, inputs: Tensors): Tensors {
  return Object.fromEntries(Object.keys(parameters).map((name) => [name, inputs[name]]));
}

export function buffersOf({ buffers = {} }: Task, inputs: Tensors): Tensors {
  return Object.fromEntries(Object.keys(buffers).map((name) => [name, inputs[bufferName(name)]]));
}

/**
 * Some rows of the data.
 *
 * @param data the inputs that hold whole columns
 * @param rows their numbers, an int32 vector
 */
export function gather({ columns }: DatasetSource, data: Tensors, rows: Tensor): Batch {
  return Object.fromEntries(
    Object.keys(columns).map((name) => [name, data[dataName(name)].gather(rows as Tensor1D)]),
  );
}

/** A noise's tensors among those of the rows that they belong to. */
export function noiseOf(noise: Readonly<Record<string, Noise>> = {}, rows: Tensors): Tensors {
  return Object.fromEntries(Object.keys(noise).map((name) => [name, rows[noiseName(name)]]));
}
