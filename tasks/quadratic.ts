import type { Scalar } from "@tensorflow/tfjs";
import { quadratic } from "../datasets/quadratic.ts";
import { RandomState } from "../datasets/random_state.ts";
import type { Tensors } from "../optim/optimizer.ts";
import { constant, given } from "./initializers.ts";
import { randomRotation } from "./rotation.ts";
import type { Batch, Extra, Task } from "./task.ts";

const DIMENSIONS = 100;
const SMALL_EIGENVALUES = 90;
const SEED = 42;

/**
 * The mean over the batch of 0.5 (theta - x)^T H (theta - x), with eigenvalues of H like those of a neural network's
 * loss (Chaudhari et al. 2017, Entropy-SGD): most are small, a few are large.
 *
 * No theta has a lower expected loss than 0.5 0.6^2 trace(H) = 85.97. The mean of the training points, which training
 * tends to, has a test loss of 87.05; the start has 353.45.
 */
export const quadraticDeep: Task = {
  name: "quadratic_deep",
  summary: "a stochastic quadratic function of 100 dimensions, ill-conditioned (DeepOBS)",
  data: quadratic,
  batchSize: 128,
  epochs: 100,
  metric: "loss",
  // The "convergence performance" that DeepOBS' baselines are timed to, 87.703.
  target: 87.70315464772136,
  parameters: { theta: { shape: [DIMENSIONS], init: constant(1) } },
  buffers: {
    hessian: { shape: [DIMENSIONS, DIMENSIONS], init: given("the fixed Hessian", () => hessian().flat()) },
  },
  loss,
  evaluate: (params, batch, extra) => ({ loss: loss(params, batch, extra) }),
};

function loss({ theta }: Tensors, { inputs }: Batch, { buffers: { hessian } }: Extra): Scalar {
  const difference = theta.sub(inputs);
  return difference.matMul(hessian).mul(difference).sum().div(2 * inputs.shape[0]);
}

let drawn: number[][] | undefined;

/** The rows of the Hessian R^T D R, from a random rotation R and eigenvalues D that are a part of the problem. */
export function hessian(): number[][] {
  return drawn ??= drawHessian();
}

function drawHessian(): number[][] {
  const random = new RandomState(SEED);
  const eigenvalues = Array.from(
    { length: DIMENSIONS },
    (_, i) => i < SMALL_EIGENVALUES ? random.uniform() : random.uniform(30, 60),
  );
  const rotation = randomRotation(DIMENSIONS, random);
  const columns = rotation.map((_, j) => rotation.map((row) => row[j]));
  return columns.map((left) =>
    columns.map((right) => eigenvalues.reduce((sum, value, k) => sum + left[k] * value * right[k], 0))
  );
}
