/** Compiled values beside those that TensorFlow.js computes on its own. */
import assert from "node:assert/strict";
import type * as tf from "@tensorflow/tfjs";
import { compileFunction, type Specs, type Target, type Together } from "../engine/compile.ts";
import { runEagerly } from "./_eagerly.ts";
import { lossAndGradients } from "../engine/gradient.ts";
import type { Precision } from "../engine/lower.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import type { TensorFunction } from "../engine/trace.ts";

export type Data = Readonly<Record<string, readonly number[]>>;

/** Results by name, as the compiled function computes them. */
export async function runCompiled(
  fn: TensorFunction,
  specs: Specs,
  data: Data,
  precision: Precision = "float32",
  together?: Together,
  target?: Target,
): Promise<Record<string, number[]>> {
  const executable = await HostExecutable.load(compileFunction(fn, specs, precision, together, target));
  const feeds = Object.keys(executable.model.inputs).map((name) => [
    name,
    executable.value(name, data[name]),
  ]);
  const results = await executable.run(Object.fromEntries(feeds));
  await executable.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => [name, Array.from(numbers(value), Number)]),
  );
}

/** One result, compiled and eager. */
export async function both(
  fn: (inputs: Record<string, tf.Tensor>) => tf.Tensor,
  specs: Specs,
  data: Data,
): Promise<{ compiled: number[]; eager: number[] }> {
  const named: TensorFunction = (tensors) => ({ result: fn(tensors) });
  const { result } = await runCompiled(named, specs, data);
  return { compiled: result, eager: runEagerly(named, specs, data).result };
}

/** 1, 2, 3, 4, 0, 1, ... less 1.5, in the tensor's shape: no two neighbours are alike, and no random numbers needed. */
function weights(result: tf.Tensor): tf.Tensor {
  return result.zerosLike().flatten().add(1).cumsum().mod(5).sub(1.5).reshape(result.shape);
}

/**
 * The gradients, by the inputs of type float, of the sum of a function's result with each element weighted differently.
 * What the result does not depend on is left out.
 */
export function gradientsOf(
  fn: (inputs: Record<string, tf.Tensor>) => tf.Tensor,
  specs: Specs,
): TensorFunction {
  return (tensors) => {
    const params = Object.fromEntries(
      Object.entries(tensors).filter(([name]) => specs[name].dtype === "float"),
    );
    const { gradients } = lossAndGradients((inputs) => {
      const result = fn({ ...tensors, ...inputs });
      return result.mul(weights(result)).sum();
    })(params);
    const found = Object.entries(gradients).filter(([, gradient]) => gradient !== null);
    return Object.fromEntries(found) as Record<string, tf.Tensor>;
  };
}

/** Within a tolerance, relative to the larger of 1 and what is expected. */
export function assertClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-6): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) =>
    assert.ok(
      Object.is(value, expected[i]) ||
        Math.abs(value - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i])),
      `element ${i} is ${value}, expected ${expected[i]}`,
    )
  );
}
