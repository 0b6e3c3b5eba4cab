import * as tf from "@tensorflow/tfjs";

/**
 * The value of a scalar function of named tensors, and its gradients: null where it does not depend on a tensor, for
 * which `tf.valueAndGrads` would throw.
 */
export function lossAndGradients(
  loss: (params: Readonly<Record<string, tf.Tensor>>) => tf.Scalar,
): (params: Readonly<Record<string, tf.Tensor>>) => {
  loss: tf.Scalar;
  gradients: Record<string, tf.Tensor | null>;
} {
  return (params) => {
    const names = Object.keys(params);
    const tensors = names.map((name) => params[name]);
    const { value, grads } = tf.engine().gradients(
      () => loss(params),
      tensors,
      undefined,
      true,
    );
    return {
      loss: value as tf.Scalar,
      gradients: Object.fromEntries(names.map((name, i) => [name, grads[i] ?? null])),
    };
  };
}
