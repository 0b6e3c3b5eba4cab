/**
 * Functions of two variables that are hard in ways one can see: a bent valley, plateaus, several minima. Starts are
 * DeepOBS' (Schneider, Balles & Hennig 2019), without the noise that it adds. The target is 0.01 above the minimum.
 *
 * A function is written twice, for tensors and for numbers: training differentiates the one, drawings and trajectories
 * need the other by the thousand.
 */
import type { Scalar, Tensor } from "@tensorflow/tfjs";
import { none } from "../datasets/none.ts";
import { given } from "./initializers.ts";
import type { Landscape, Task } from "./task.ts";

/** (1 - x)^2 + 100 (y - x^2)^2 (Rosenbrock 1960): a bent valley, its floor nearly flat. */
export const rosenbrock = task({
  name: "rosenbrock",
  summary: "Rosenbrock's function of 2 variables: a bent valley",
  start: [-0.5, 1.5],
  landscape: {
    f: (x, y) => (1 - x) ** 2 + 100 * (y - x ** 2) ** 2,
    x: [-2, 2],
    y: [-1, 3],
    minima: [[1, 1]],
  },
  f: (x, y) => x.sub(1).square().add(y.sub(x.square()).square().mul(100)),
});

/**
 * (1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2 (Beale 1958): steep corners around plateaus. The
 * start is in one of the corners, with a slope of 2.4e5.
 */
export const beale = task({
  name: "beale",
  summary: "Beale's function of 2 variables: steep corners, plateaus",
  start: [-4.5, 4.5],
  landscape: {
    f: (x, y) => (1.5 - x + x * y) ** 2 + (2.25 - x + x * y ** 2) ** 2 + (2.625 - x + x * y ** 3) ** 2,
    x: [-5, 5],
    y: [-5, 5],
    minima: [[3, 0.5]],
  },
  f(x, y) {
    // No Pow: of negative numbers it is undefined on some devices.
    const term = (constant: number, power: Tensor) => x.mul(power.sub(1)).add(constant).square();
    const squared = y.square();
    return term(1.5, y).add(term(2.25, squared)).add(term(2.625, squared.mul(y)));
  },
});

const B = 5.1 / (4 * Math.PI ** 2);
const C = 5 / Math.PI;
const S = 10 * (1 - 1 / (8 * Math.PI));

/** (y - 5.1 x^2 / (4 pi^2) + 5 x / pi - 6)^2 + 10 (1 - 1 / (8 pi)) cos x + 10 (Branin 1972): three equal minima. */
export const branin = task({
  name: "branin",
  summary: "Branin's function of 2 variables: three equal minima",
  start: [2.5, 12.5],
  landscape: {
    f: (x, y) => (y - B * x ** 2 + C * x - 6) ** 2 + S * Math.cos(x) + 10,
    x: [-5, 10],
    y: [0, 15],
    minima: [-1, 1, 3].map((n) => [n * Math.PI, 6 + B * (n * Math.PI) ** 2 - C * n * Math.PI]),
  },
  f: (x, y) => y.sub(x.square().mul(B)).add(x.mul(C)).sub(6).square().add(x.cos().mul(S)).add(10),
});

interface TestFunction {
  readonly name: string;
  readonly summary: string;
  readonly start: readonly [number, number];
  readonly landscape: Landscape;
  /** The landscape's `f`, for 0-d tensors. */
  f(x: Tensor, y: Tensor): Tensor;
}

function task(
  { name, summary, start, landscape, f }: TestFunction,
): Task & { readonly landscape: Landscape } {
  const loss = (point: Tensor) => f(point.slice(0, 1).asScalar(), point.slice(1, 1).asScalar()) as Scalar;
  return {
    name,
    summary,
    data: none,
    batchSize: 1,
    epochs: 100,
    metric: "loss",
    target: landscape.f(...landscape.minima[0]) + 0.01,
    parameters: { point: { shape: [2], init: given(`(${start.join(", ")})`, () => start) } },
    landscape,
    loss: ({ point }) => loss(point),
    evaluate: ({ point }) => ({ loss: loss(point) }),
  };
}
