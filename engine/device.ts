/** What runs functions of tensors: the processor, or an accelerator with memory of its own. */
import type { CompiledModel, Signature } from "./compile.ts";
import type { Shape } from "./graph.ts";
import type { Provider } from "./lower.ts";

/** `auto` is settled before, and is none of them. */
export const deviceNames = ["cpu", "webgpu", "cuda", "tensorflow"] as const;
export type DeviceName = typeof deviceNames[number];

export type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/**
 * A tensor in the memory of one device. Its numbers are nowhere to be had but through `Executable.read`, and another device
 * cannot be fed with it: so nothing reads what is not there.
 */
export interface Value {
  readonly dims: Shape;
}

/** A function that a device has ready. */
export interface Executable {
  readonly model: Signature;
  /**
   * The value of an input, from its numbers in row-major order (those of all steps for a scanned input). They are used
   * without a copy where their type is the input's, until the call that they are fed to has come back.
   */
  value(input: string, data: ArrayLike<number>): Value;
  /** One call: feeds by input name, results by name. It may return before the device has computed them. */
  run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, Value>>;
  /** The numbers of a value of this device, in row-major order, once they are there. */
  read(value: Value): Promise<Numbers>;
  /** Frees the memory of values that are fed no more. */
  free(values: Iterable<Value>): void;
  release(): Promise<void>;
}

/** How a device is best kept busy. */
export interface Pace {
  /** Steps of a call, at most. */
  readonly mostSteps: number;
  /** Milliseconds that pass between two readings of what was measured, roughly: nothing can be stopped in between. */
  readonly readingMs: number;
}

/** Where trials train. */
export interface Device {
  readonly name: DeviceName;
  readonly pace: Pace;
  release(): Promise<void>;
}

/** A device that runs compiled models. */
export interface ModelDevice extends Device {
  readonly name: Provider;
  load(model: CompiledModel): Promise<Executable>;
}
