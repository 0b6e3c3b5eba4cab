/**
 * Functions of tensors as executables that run at once, kernel by kernel, on one of TensorFlow.js' own backends: what
 * compile.ts makes models of, without a model.
 */
import * as tf from "@tensorflow/tfjs";
import { sizeOf } from "../../../datasets/shape.ts";
import { type LoopSpecs, type Signature, type Specs, specsOf } from "../../compile.ts";
import { Columns } from "../columns.ts";
import type { Executable, Numbers, Pace, Value } from "../../device.ts";
import { mapTensors, type Tensors } from "../../gradient.ts";
import type { Shape } from "../../graph.ts";
import { tensorDtype, type TensorFunction, trace } from "../../trace.ts";

/** A call takes its steps one by one, and the host waits for each kernel to be started: more at once save nothing. */
export const EAGER_PACE: Pace = { mostSteps: 50, readingMs: 200 };

/**
 * A function that is evaluated once a call.
 *
 * @param backend as TensorFlow.js calls it.
 */
export function eagerFunction(fn: TensorFunction, specs: Specs, backend: string): Executable {
  return new EagerExecutable(signatureOf(fn, specs), fn, backend);
}

/**
 * A step that is taken once for each slice of the scanned inputs. The results are the last values of what is carried and,
 * for every other result of the step, the values of all steps, stacked. All steps are taken, whether or not
 * `stopUnlessFinite` holds, as looking would have the host wait for the device. What was fed to be carried is freed.
 */
export function eagerLoop(step: TensorFunction, specs: LoopSpecs, backend: string): Executable {
  const [carried, scanned] = [specs.carried, specs.scanned].map(Object.keys);
  const signature = signatureOf(step, { ...specs.carried, ...specs.fixed, ...specs.scanned }, scanned);
  return new EagerExecutable(
    signature,
    (inputs) => takeSteps(step, inputs, carried, scanned),
    backend,
    carried,
  );
}

function signatureOf(fn: TensorFunction, specs: Specs, scanned: readonly string[] = []): Signature {
  return { inputs: specs, outputs: specsOf(trace(fn, specs).outputs), scanned };
}

function takeSteps(
  step: TensorFunction,
  inputs: Tensors,
  carried: readonly string[],
  scanned: readonly string[],
): Tensors {
  const isCarried = ([name]: [string, unknown]) => carried.includes(name);
  const collected: Record<string, tf.Tensor[]> = {};
  let point: Tensors = {};
  const count = inputs[scanned[0]].shape[0];
  for (let i = 0; i < count; i++) {
    const results = tf.tidy(() => {
      const slices = scanned.map((name) => [name, sliceOf(inputs[name], i)]);
      // Copies, as the function may return a tensor that is not its own.
      return mapTensors(
        step({ ...inputs, ...point, ...Object.fromEntries(slices) }),
        (result) => result.clone(),
      );
    });
    tf.dispose(point);
    const entries = Object.entries(results);
    point = Object.fromEntries(entries.filter(isCarried));
    for (const [name, result] of entries.filter((entry) => !isCarried(entry))) {
      (collected[name] ??= []).push(result);
    }
  }
  const stacked = Object.entries(collected).map(([name, results]) => [name, tf.stack(results)]);
  return { ...point, ...Object.fromEntries(stacked) };
}

function sliceOf(tensor: tf.Tensor, i: number): tf.Tensor {
  return tensor.slice(i, 1).reshape(tensor.shape.slice(1));
}

class EagerExecutable implements Executable {
  readonly model: Signature;
  readonly #fn: TensorFunction;
  readonly #backend: string;
  readonly #carried: readonly string[];

  constructor(model: Signature, fn: TensorFunction, backend: string, carried: readonly string[] = []) {
    this.model = model;
    this.#fn = fn;
    this.#backend = backend;
    this.#carried = carried;
  }

  value(input: string, data: ArrayLike<number>): EagerValue {
    const { scanned } = this.model;
    const make = () => this.#valueOf(input, data);
    const isColumn = !scanned.includes(input) && !this.#carried.includes(input) && ArrayBuffer.isView(data);
    return isColumn ? columnsOn(this.#backend).of(data, make) : make();
  }

  #valueOf(input: string, data: ArrayLike<number>): EagerValue {
    const { inputs, scanned } = this.model;
    const { shape } = inputs[input];
    const dtype = tensorDtype(inputs[input]);
    const isScanned = scanned.includes(input);
    const steps = isScanned ? [data.length / sizeOf(shape)] : [];
    const value = new EagerValue([...steps, ...shape], dtype, typed(data, dtype));
    // What a loop scans goes to the device with each call, and is gone after it: nobody has to free it.
    return isScanned ? value : onBackend(this.#backend, () => EagerValue.onDevice(value.tensor));
  }

  run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, EagerValue>> {
    return new Promise((resolve) => resolve(this.#compute(feeds)));
  }

  #compute(feeds: Readonly<Record<string, Value>>): Record<string, EagerValue> {
    const results = onBackend(this.#backend, () =>
      tf.tidy(() => {
        const tensors = Object.entries(feeds).map((
          [name, value],
        ) => [name, EagerValue.of(name, value).tensor]);
        return mapTensors(this.#fn(Object.fromEntries(tensors)), (result) => result.clone());
      }));
    this.free(this.#carried.map((name) => feeds[name]));
    return mapTensors(results, EagerValue.onDevice);
  }

  async read(value: Value): Promise<Numbers> {
    return await EagerValue.of("a value", value).numbers() as Numbers;
  }

  free(values: Iterable<Value>): void {
    for (const value of values) EagerValue.of("a value", value).free();
  }

  async release(): Promise<void> {}
}

/** Of each backend. */
const columns = new Map<string, Columns<EagerValue>>();

function columnsOn(backend: string): Columns<EagerValue> {
  let own = columns.get(backend);
  if (!own) columns.set(backend, own = new Columns());
  return own;
}

const arrayTypes = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

function typed(data: ArrayLike<number>, dtype: keyof typeof arrayTypes): tf.TypedArray {
  const ArrayType = arrayTypes[dtype];
  return data instanceof ArrayType ? data : ArrayType.from(data);
}

/** A tensor of TensorFlow.js, or the numbers that one is made of for a call. */
class EagerValue implements Value {
  readonly dims: Shape;
  readonly #dtype: tf.DataType;
  readonly #source: tf.Tensor | tf.TypedArray;

  constructor(dims: Shape, dtype: tf.DataType, source: tf.Tensor | tf.TypedArray) {
    this.dims = dims;
    this.#dtype = dtype;
    this.#source = source;
  }

  static onDevice(this: void, tensor: tf.Tensor): EagerValue {
    return new EagerValue(tensor.shape, tensor.dtype, tensor);
  }

  /** @throws {TypeError} for a value of another device. */
  static of(input: string, value: Value): EagerValue {
    if (value instanceof EagerValue) return value;
    throw new TypeError(`Cannot take ${input}: it is in the memory of another device`);
  }

  /** Whether it was not freed. */
  get isThere(): boolean {
    return !(this.#source instanceof tf.Tensor && this.#source.isDisposed);
  }

  get tensor(): tf.Tensor {
    const source = this.#source;
    return source instanceof tf.Tensor ? source : tf.tensor(source, [...this.dims], this.#dtype);
  }

  async numbers(): Promise<tf.TypedArray> {
    return this.#source instanceof tf.Tensor ? await this.#source.data() : this.#source;
  }

  free(): void {
    if (this.#source instanceof tf.Tensor) this.#source.dispose();
  }
}

/** What a function returns with a backend active. */
function onBackend<T>(backend: string, fn: () => T): T {
  const previous = tf.getBackend() ?? "cpu";
  // Takes effect at once: only backends that load asynchronously need to be waited for.
  void tf.setBackend(backend);
  try {
    return fn();
  } finally {
    void tf.setBackend(previous);
  }
}
