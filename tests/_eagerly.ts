/** Running a function of tensors at once, on one of TensorFlow.js' own backends: slow, and independent of the compiler. */
import * as tf from "@tensorflow/tfjs";
import type { Specs } from "../engine/compile.ts";
import { tensorDtype, type TensorFunction } from "../engine/trace.ts";

// Without it, the cpu backend advises on stderr to install another one.
tf.enableProdMode();

/**
 * Evaluates a function in float32 on the `cpu` backend.
 *
 * @param data the inputs' numbers in row-major order
 * @returns the results' numbers in row-major order
 */
export function runEagerly(
  fn: TensorFunction,
  specs: Specs,
  data: Readonly<Record<string, ArrayLike<number>>>,
): Record<string, number[]> {
  void tf.setBackend("cpu");
  const results: Record<string, number[]> = {};
  tf.tidy(() => {
    const tensors: Record<string, tf.Tensor> = {};
    for (const [name, spec] of Object.entries(specs)) {
      tensors[name] = tf.tensor(Array.from(data[name]), [...spec.shape], tensorDtype(spec));
    }
    for (const [name, tensor] of Object.entries(fn(tensors))) results[name] = Array.from(tensor.dataSync());
  });
  return results;
}
