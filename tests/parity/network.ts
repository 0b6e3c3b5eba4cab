import type { Tensor } from "@tensorflow/tfjs";
import type { Tensors } from "../../optim/optimizer.ts";

/** Mean cross-entropy of a fully connected network whose layer i is w_i x + b_i, with w_i of shape [out, in]. */
export function networkLoss(
  params: Tensors,
  x: Tensor,
  labels: Tensor,
  layers: number,
  hidden: string,
): Tensor {
  const logits = networkLogits(params, x, layers, hidden);
  const hits = labels.oneHot(logits.shape[1]!, 1, 0).toFloat();
  return hits.mul(logits.logSoftmax()).sum().div(-labels.shape[0]!);
}

export function networkLogits(params: Tensors, x: Tensor, layers: number, hidden: string): Tensor {
  if (hidden !== "tanh" && hidden !== "relu" && hidden !== "sigmoid") {
    throw new RangeError(`Unknown activation "${hidden}"`);
  }
  for (let i = 1; i <= layers; i++) {
    x = x.matMul(params[`w${i}`], false, true).add(params[`b${i}`]);
    if (i < layers) x = x[hidden]();
  }
  return x;
}
