/**
 * Running compiled models with ONNX Runtime's WebGPU provider. What goes from call to call stays in the device's memory;
 * numbers leave it through a session that does nothing else. A tensor there must be read in no other way (the runtime ends
 * the process), nor be fed to another provider (which reads garbage): so no other file ever sees one.
 */
import * as ort from "onnxruntime-node";
import { sizeOf } from "../../datasets/shape.ts";
import { type CompiledModel, RESULT } from "../compile.ts";
import type { Executable, ModelDevice, Numbers, Value } from "../device.ts";
import type { Dtype, Shape } from "../graph.ts";
import { elementType } from "../lower.ts";
import { encodeModel } from "../onnx.ts";
import { Columns } from "./columns.ts";
import { hostTensor } from "./host.ts";

const options: ort.InferenceSession.SessionOptions = {
  executionProviders: ["webgpu"],
  // Warnings about which nodes run where are for authors of models.
  logSeverityLevel: 3,
};

export class WebGpuDevice implements ModelDevice {
  readonly name = "webgpu";
  /** A reading waits for all that was asked for before. */
  readonly pace = { mostSteps: Infinity, readingMs: 1000 };
  readonly #copies = new Copies();
  readonly #columns = new Columns<DeviceValue>();

  async load(model: CompiledModel): Promise<Executable> {
    const session = await ort.InferenceSession.create(model.bytes, {
      ...options,
      preferredOutputLocation: "gpu-buffer",
    });
    return new WebGpuExecutable(model, session, this.#copies, this.#columns);
  }

  release(): Promise<void> {
    return this.#copies.release();
  }
}

class WebGpuExecutable implements Executable {
  readonly model: CompiledModel;
  readonly #session: ort.InferenceSession;
  readonly #copies: Copies;
  readonly #columns: Columns<DeviceValue>;

  constructor(
    model: CompiledModel,
    session: ort.InferenceSession,
    copies: Copies,
    columns: Columns<DeviceValue>,
  ) {
    this.model = model;
    this.#session = session;
    this.#copies = copies;
    this.#columns = columns;
  }

  value(input: string, data: ArrayLike<number>): DeviceValue {
    const { inputs, scanned, carried } = this.model;
    const make = () => new DeviceValue(hostTensor(this.model, input, data), inputs[input].dtype);
    const isColumn = !scanned.includes(input) && !carried.includes(input) && ArrayBuffer.isView(data);
    return isColumn ? this.#columns.of(data, make) : make();
  }

  async run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, DeviceValue>> {
    const { scanned, carried, outputs } = this.model;
    const tensors: Record<string, ort.Tensor> = {};
    for (const [name, value] of Object.entries(feeds)) {
      const own = DeviceValue.of(name, value);
      // What is fed once is copied by the call itself.
      if (!scanned.includes(name)) await own.move(this.#copies);
      tensors[name] = own.tensor;
    }
    const results = await this.#session.run(tensors);
    this.free(carried.map((name) => feeds[name]));
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => {
        const bare = name.slice(0, -RESULT.length);
        return [bare, new DeviceValue(tensor, outputs[bare].dtype)];
      }),
    );
  }

  read(value: Value): Promise<Numbers> {
    return DeviceValue.of("a value", value).numbers(this.#copies);
  }

  free(values: Iterable<Value>): void {
    for (const value of values) DeviceValue.of("a value", value).free();
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}

/** A tensor that the device has, or will have once something needs it there. */
class DeviceValue implements Value {
  readonly dims: Shape;
  readonly #dtype: Dtype;
  #tensor: ort.Tensor | undefined;

  constructor(tensor: ort.Tensor, dtype: Dtype) {
    this.dims = tensor.dims;
    this.#dtype = dtype;
    this.#tensor = tensor;
  }

  /** @throws {TypeError} for a value of another device. */
  static of(input: string, value: Value): DeviceValue {
    if (value instanceof DeviceValue) return value;
    throw new TypeError(`Cannot take ${input}: it is in the memory of another device`);
  }

  /** Whether it was not freed. */
  get isThere(): boolean {
    return this.#tensor !== undefined;
  }

  /** For a call, wherever it is. */
  get tensor(): ort.Tensor {
    return reshaped(this.#owned, this.dims);
  }

  async move(copies: Copies): Promise<void> {
    if (this.#owned.location === "cpu") {
      this.#tensor = await copies.copy(this.#owned, this.#dtype, "gpu-buffer");
    }
  }

  async numbers(copies: Copies): Promise<Numbers> {
    const { data } = this.#owned.location === "cpu"
      ? this.#owned
      : await copies.copy(this.#owned, this.#dtype, "cpu");
    return data as Numbers;
  }

  free(): void {
    if (this.#tensor?.location === "gpu-buffer") this.#tensor.dispose();
    this.#tensor = undefined;
  }

  get #owned(): ort.Tensor {
    if (this.#tensor) return this.#tensor;
    throw new TypeError("Cannot use a value that a loop has carried on, or that was freed");
  }
}

/** Sessions that do nothing but move tensors, one for each type and direction. */
class Copies {
  readonly #sessions = new Map<string, Promise<ort.InferenceSession>>();

  /** As a vector, so that one session serves all shapes. */
  async copy(tensor: ort.Tensor, dtype: Dtype, location: "cpu" | "gpu-buffer"): Promise<ort.Tensor> {
    const key = `${dtype} to ${location}`;
    let session = this.#sessions.get(key);
    if (!session) {
      session = ort.InferenceSession.create(copyModel(dtype), {
        ...options,
        preferredOutputLocation: location,
      });
      this.#sessions.set(key, session);
    }
    const { copy } = await (await session).run({ x: reshaped(tensor, [sizeOf(tensor.dims)]) });
    return copy;
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }
}

function copyModel(dtype: Dtype): Uint8Array {
  const type = elementType(dtype, "float32");
  return encodeModel({
    name: "copy",
    nodes: [{ op: "Identity", inputs: ["x"], outputs: ["copy"], attributes: {} }],
    initializers: [],
    inputs: [{ name: "x", type, shape: ["size"] }],
    outputs: [{ name: "copy", type, shape: ["size"] }],
  });
}

/** The same memory in another shape; it is the other tensor's to free. */
function reshaped(tensor: ort.Tensor, dims: Shape): ort.Tensor {
  const { type, location } = tensor;
  return location === "cpu"
    ? new ort.Tensor(type, tensor.data as Float32Array, dims)
    : ort.Tensor.fromGpuBuffer(tensor.gpuBuffer, { dataType: type as "float32", dims });
}
