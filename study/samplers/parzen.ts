/**
 * Parzen estimators over mixed spaces: a mixture of one kernel an observed point, each the product of one of these a
 * dimension. Continuous: a normal distribution cut off at 0 and 1. Ordered: its probability in the level's share of
 * the interval. Choice: the kernel of Aitchison & Aitken (1976, Biometrika 63(3)), which gives every other level the
 * same.
 */
import type { Random } from "../../datasets/random.ts";
import { exp, log } from "./elementary.ts";
import { cumulative, logDensity, quantile } from "./normal.ts";
import type { Dimension, Point } from "./sampler.ts";
import { fromCoordinate, toCoordinate } from "./unit.ts";

/** A distribution over one dimension. */
interface Kernel {
  logDensity(value: number): number;
  sample(random: Random): number;
}

/** A distribution over points. */
export interface Mixture {
  logDensity(point: Point): number;
  sample(random: Random): Point;
}

/**
 * The estimator with these points as centres, and a wide kernel in the middle as a prior, of the same weight as the
 * average point.
 *
 * @param weights of the points, positive; their sum does not matter.
 * @param bandwidth the standard deviation of normal kernels, and what the kernels of choices give to other levels.
 */
export function parzen(
  dimensions: readonly Dimension[],
  points: readonly Point[],
  weights: readonly number[],
  bandwidth: number,
): Mixture {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const priorWeight = points.length === 0 ? 1 : total / points.length;
  const kernels = [
    dimensions.map((dimension) => priorKernel(dimension)),
    ...points.map((point) => dimensions.map((dimension, j) => kernel(dimension, point[j], bandwidth))),
  ];
  const shares = [priorWeight, ...weights].map((weight) => weight / (total + priorWeight));
  return {
    logDensity: (point) =>
      logSumExp(
        kernels.map((parts, k) =>
          parts.reduce((sum, part, j) => sum + part.logDensity(point[j]), log(shares[k]))
        ),
      ),
    sample(random) {
      let rest = random.uniform();
      const chosen = kernels.find((_, k) => (rest -= shares[k]) < 0) ?? kernels[kernels.length - 1];
      return chosen.map((part) => part.sample(random));
    },
  };
}

function priorKernel(dimension: Dimension): Kernel {
  return dimension.kind === "choice"
    ? choiceKernel(dimension.levels, 0, 1 - 1 / dimension.levels)
    : normalKernel(dimension, 0.5, 1);
}

function kernel(dimension: Dimension, value: number, bandwidth: number): Kernel {
  return dimension.kind === "choice"
    ? choiceKernel(dimension.levels, value, bandwidth * (1 - 1 / dimension.levels))
    : normalKernel(dimension, toCoordinate(dimension, value), bandwidth);
}

function normalKernel(dimension: Dimension, centre: number, deviation: number): Kernel {
  const below = (x: number) => cumulative((x - centre) / deviation);
  const [lowest, highest] = [below(0), below(1)];
  const logMass = log(highest - lowest);
  return {
    logDensity(value) {
      if (dimension.kind === "continuous") {
        return logDensity((value - centre) / deviation) - log(deviation) - logMass;
      }
      const { levels } = dimension;
      return log(below((value + 1) / levels) - below(value / levels)) - logMass;
    },
    sample(random) {
      const z = quantile(lowest + random.uniform() * (highest - lowest));
      return fromCoordinate(dimension, Math.min(Math.max(centre + deviation * z, 0), 1));
    },
  };
}

/** @param others the probability of all levels but the centre together. */
function choiceKernel(levels: number, centre: number, others: number): Kernel {
  const atCentre = log(1 - others);
  const elsewhere = log(others / (levels - 1));
  return {
    logDensity: (value) => value === centre ? atCentre : elsewhere,
    sample(random) {
      if (random.uniform() >= others) return centre;
      const other = Math.floor(random.uniform() * (levels - 1));
      return other < centre ? other : other + 1;
    },
  };
}

function logSumExp(logs: readonly number[]): number {
  const largest = logs.reduce((most, x) => Math.max(most, x), -Infinity);
  if (largest === -Infinity) return largest;
  return largest + log(logs.reduce((sum, x) => sum + exp(x - largest), 0));
}
