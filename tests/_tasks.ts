/** A task's loss as one function of named tensors, with everything that it takes. */
import type { Tensor } from "@tensorflow/tfjs";
import { classifiedColumns, type ClassifiedSource, classifiedSplit } from "../datasets/dataset.ts";
import { Random } from "../datasets/random.ts";
import { sizeOf } from "../datasets/shape.ts";
import { compileFunction, type Specs } from "../engine/compile.ts";
import { lossAndGradients } from "../engine/gradient.ts";
import type { Precision } from "../engine/lower.ts";
import type { Numbers } from "../engine/device.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import type { TensorFunction } from "../engine/trace.ts";
import { bufferName, dataName, noiseName } from "../study/training/names.ts";
import { NoiseStream } from "../study/training/noise.ts";
import type { Extra, Initialized, Noise, Task } from "../tasks/task.ts";

/** Colour images of noise, each in its class's colours, so that they can be told apart. */
export function colourImages(rows: number, seed = 1): ClassifiedSource {
  const shape = [32, 32, 3];
  const split = () => {
    const random = new Random(seed, "colour images");
    const labels = Uint8Array.from({ length: rows }, (_, i) => i % 10);
    const inputs = Uint8Array.from(
      { length: rows * sizeOf(shape) },
      (_, i) => 25 * labels[Math.floor(i / sizeOf(shape))] * (i % 3) / 2 + Math.floor(30 * random.uniform()),
    );
    return classifiedSplit(inputs, labels);
  };
  return {
    name: "colour_images",
    summary: "noise in colours",
    source: "this test",
    columns: classifiedColumns(shape),
    shape,
    classes: 10,
    divisor: 255,
    trainRows: rows,
    testRows: rows,
    load: () => ({ train: split(), test: split() }),
  };
}

/** The first rows of a source, in training and in test. */
export function firstRows(data: ClassifiedSource, rows: number): ClassifiedSource {
  const { train } = data.load();
  const { inputs, labels } = train.columns;
  const split = classifiedSplit(
    inputs.subarray(0, rows * sizeOf(data.shape)) as Uint8Array,
    labels.subarray(0, rows) as Uint8Array,
  );
  return { ...data, trainRows: rows, testRows: rows, load: () => ({ train: split, test: split }) };
}

export interface Feeds {
  readonly specs: Specs;
  readonly data: Readonly<Record<string, Numbers>>;
}

/** Specs and numbers of a task's parameters, buffers, first training rows, and noise. */
export function feedsOf(task: Task, rows: number, seed: number): Feeds {
  const specs: Record<string, Specs[string]> = {};
  const data: Record<string, Numbers> = {};
  const add = (name: string, spec: Specs[string], values: Numbers) => {
    specs[name] = spec;
    data[name] = values;
  };
  const initialize = (tensors: Initialized = {}, rename = (name: string) => name) => {
    const random = new Random(seed, "parameters");
    for (const [name, { shape, init }] of Object.entries(tensors)) {
      add(rename(name), { shape, dtype: "float" }, init.fill(shape, random));
    }
  };
  initialize(task.parameters);
  initialize(task.buffers, bufferName);
  const { train } = task.data.load();
  for (const [name, { shape, dtype }] of Object.entries(task.data.columns)) {
    const values = train.columns[name].subarray(0, rows * sizeOf(shape));
    add(dataName(name), { shape: [rows, ...shape], dtype }, values);
  }
  const noise: Readonly<Record<string, Noise>> = { ...task.testNoise, ...task.noise };
  const drawn = new NoiseStream(noise, seed, "noise", rows).draw(1);
  for (const [name, { kind, shape }] of Object.entries(noise)) {
    const dtype = kind === "bernoulli" ? "uint8" : "float";
    add(noiseName(name), { shape: [rows, ...shape], dtype }, drawn[name]);
  }
  return { specs, data };
}

/** The tensors under the names that a task knows. */
export function named(task: Task, tensors: Readonly<Record<string, Tensor>>) {
  const pick = (names: object, rename: (name: string) => string) =>
    Object.fromEntries(Object.keys(names).map((name) => [name, tensors[rename(name)]]));
  return {
    params: pick(task.parameters, (name) => name),
    batch: pick(task.data.columns, dataName),
    training: { noise: pick(task.noise ?? {}, noiseName), buffers: pick(task.buffers ?? {}, bufferName) },
    test: { noise: pick(task.testNoise ?? {}, noiseName), buffers: pick(task.buffers ?? {}, bufferName) },
  } satisfies Record<string, unknown> & { training: Extra; test: Extra };
}

/** What a training step sees: `loss`, a gradient by the name of each parameter, and the next buffers. */
export function trainingPass(task: Task): TensorFunction {
  return (tensors) => {
    const { params, batch, training } = named(task, tensors);
    const { loss, gradients, buffers } = lossAndGradients((params) => task.loss(params, batch, training))(
      params,
    );
    const next = Object.entries(buffers).map(([name, buffer]) => [bufferName(name), buffer]);
    return { loss, ...gradients as Record<string, Tensor>, ...Object.fromEntries(next) };
  };
}

/** The loss alone. */
export function trainingLoss(task: Task): TensorFunction {
  return (tensors) => {
    const { params, batch, training } = named(task, tensors);
    const result = task.loss(params, batch, training);
    return { loss: "buffers" in result ? result.loss : result };
  };
}

/** What is measured on a batch: `loss` and, of a classifier, `accuracy`. */
export function testPass(task: Task): TensorFunction {
  return (tensors) => {
    const { params, batch, test } = named(task, tensors);
    const { loss, accuracy } = task.evaluate(params, batch, test);
    return accuracy ? { loss, accuracy } : { loss } as Record<string, Tensor>;
  };
}

/** A function of a task's tensors, ready to be called again and again. */
export async function compiledPass(pass: TensorFunction, specs: Specs, precision: Precision = "float32") {
  const executable = await HostExecutable.load(compileFunction(pass, specs, precision));
  return async (data: Feeds["data"]): Promise<Record<string, Numbers>> => {
    const names = Object.keys(executable.model.inputs);
    const values = names.map((name) => [name, executable.value(name, data[name])]);
    const results = await executable.run(Object.fromEntries(values));
    return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, numbers(value)]));
  };
}
