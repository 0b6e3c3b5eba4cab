/** Running compiled models with ONNX Runtime where values are in the host's memory: on the CPU, and with CUDA. */
import * as ort from "onnxruntime-node";
import { sizeOf } from "../../datasets/shape.ts";
import { blockSize } from "./block_size.ts";
import { type CompiledModel, RESULT } from "../compile.ts";
import type { Executable, ModelDevice, Numbers, Pace, Value } from "../device.ts";
import { type Dtype, sameShape, type Shape } from "../graph.ts";
import type { Precision } from "../lower.ts";

/** A tensor in the host's memory. */
export class HostValue implements Value {
  readonly #tensor: ort.Tensor;

  constructor(tensor: ort.Tensor) {
    this.#tensor = tensor;
  }

  get dims(): Shape {
    return this.#tensor.dims;
  }

  /** In row-major order. */
  get numbers(): Numbers {
    return this.#tensor.data as Numbers;
  }

  /** @throws {TypeError} for a value of another device: the runtime would read garbage. */
  static tensor(input: string, value: Value): ort.Tensor {
    if (value instanceof HostValue) return value.#tensor;
    throw new TypeError(`Cannot take ${input}: it is in the memory of another device`);
  }
}

export interface HostOptions {
  /** How many threads one operation may use. Default: 1. */
  readonly threads?: number;
  /** Default: `cpu`. */
  readonly provider?: "cpu" | "cuda";
}

export class HostDevice implements ModelDevice {
  readonly name: "cpu" | "cuda";
  readonly pace: Pace;
  readonly #threads: number | undefined;

  constructor({ threads, provider = "cpu" }: HostOptions = {}) {
    this.name = provider;
    this.pace = paces[provider];
    this.#threads = threads;
  }

  load(model: CompiledModel): Promise<Executable> {
    return HostExecutable.load(model, { threads: this.#threads, provider: this.name });
  }

  async release(): Promise<void> {}
}

const paces: Readonly<Record<"cpu" | "cuda", Pace>> = {
  // Enough steps to make a call's own cost vanish.
  cpu: { mostSteps: 50, readingMs: 200 },
  // With every call, what the loop carries crosses the bus twice.
  cuda: { mostSteps: Infinity, readingMs: 2000 },
};

/** A loaded model. */
export class HostExecutable implements Executable {
  readonly model: CompiledModel;
  readonly #session: ort.InferenceSession;

  private constructor(model: CompiledModel, session: ort.InferenceSession) {
    this.model = model;
    this.#session = session;
  }

  static async load(
    model: CompiledModel,
    { threads = 1, provider = "cpu" }: HostOptions = {},
  ): Promise<HostExecutable> {
    const isTiled = Object.keys(model.tiled).length > 0;
    const bytes = (isTiled ? model.tiled[await blockSize()] : undefined) ?? model.bytes;
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      // Beyond the basic ones, optimizations keep a factor of a product of matrices in an attribute, as a float32.
      graphOptimizationLevel: model.precision === "float64" ? "basic" : "all",
      // Warnings about initializers and the like are for authors of models, not for ours' users.
      logSeverityLevel: 3,
    });
    return new HostExecutable(model, session);
  }

  value(input: string, data: ArrayLike<number>): HostValue {
    return new HostValue(hostTensor(this.model, input, data));
  }

  async run(feeds: Readonly<Record<string, HostValue>>): Promise<Record<string, HostValue>> {
    const tensors = Object.entries(feeds).map(([name, value]) => [name, HostValue.tensor(name, value)]);
    const results = await this.#session.run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => {
        const bare = name.slice(0, -RESULT.length);
        return [bare, new HostValue(this.#asInput(bare, tensor))];
      }),
    );
  }

  read(value: Value): Promise<Numbers> {
    return Promise.resolve(HostValue.tensor("a value", value).data as Numbers);
  }

  /** What nothing refers to is collected. */
  free(): void {}

  /** What a loop carries, in the shape in which it is fed. */
  #asInput(name: string, tensor: ort.Tensor): ort.Tensor {
    const { inputs, outputs } = this.model;
    if (!Object.hasOwn(inputs, name) || !Object.hasOwn(outputs, name)) return tensor;
    const { shape } = outputs[name];
    return sameShape(shape, tensor.dims)
      ? tensor
      : new ort.Tensor(tensor.type, tensor.data as Float32Array, shape);
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** An input's numbers as a tensor in the host's memory. */
export function hostTensor(
  { inputs, scanned, precision }: CompiledModel,
  input: string,
  data: ArrayLike<number>,
): ort.Tensor {
  const { shape, dtype } = inputs[input];
  const array = typed(data, dtype, precision);
  const shaped = scanned.includes(input) ? [array.length / sizeOf(shape), ...shape] : shape;
  return new ort.Tensor(array as Float32Array, shaped);
}

function typed(data: ArrayLike<number>, dtype: Dtype, precision: Precision): Numbers {
  switch (dtype) {
    case "float":
      if (precision === "float32") return data instanceof Float32Array ? data : Float32Array.from(data);
      return data instanceof Float64Array ? data : Float64Array.from(data);
    case "int32":
      return data instanceof Int32Array ? data : Int32Array.from(data);
    default:
      return data instanceof Uint8Array ? data : Uint8Array.from(data);
  }
}

/** The numbers of a result, in row-major order. */
export function numbers(value: HostValue): Numbers {
  return value.numbers;
}
