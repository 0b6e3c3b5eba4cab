/**
 * How wide the good region is: which values of each hyper-parameter are among the configurations about as
 * good as the best, and how many configurations those are. A wide region is found by chance and forgives
 * another task; a narrow one has to be searched for. The default tolerance is the one-standard-error rule of
 * Breiman, Friedman, Olshen & Stone (1984), CART, section 3.4.3: what is within the standard error of the
 * best might be it.
 */
import type { Point, Value } from "./points.ts";

/** Where the best has no standard error: one point of accuracy, if costs are errors between 0 and 1. */
export const DEFAULT_TOLERANCE = 0.01;

/**
 * A configuration's mean cost over seeds, with its standard error: the deviation over the root of the seeds.
 */
export interface MeasuredPoint extends Point {
  readonly standardError?: number;
}

/** The good values of one hyper-parameter: a range of numbers, or else a list of those that were tried. */
export type GoodValues =
  & {
    readonly name: string;
    /** The share of the values tried that are good with some choice of the others. */
    readonly share: number;
  }
  & (
    | {
      readonly kind: "range";
      readonly low: number;
      readonly high: number;
      /** high / low, where both are positive. */
      readonly factor: number | undefined;
    }
    | { readonly kind: "list"; readonly values: readonly Value[] }
  );

export interface GoodRegion {
  readonly bestCost: number;
  readonly tolerance: number;
  /**
   * How many configurations have a cost of at most bestCost + tolerance, of all that were tried, diverged
   * ones too.
   */
  readonly good: number;
  readonly tried: number;
  /** Of every hyper-parameter that takes two values at least, in the order of the configurations' own. */
  readonly parameters: readonly GoodValues[];
}

/**
 * The region within a tolerance of the best. A range may have worse values within it, and not all of its
 * values go with all of another's.
 *
 * @param tolerance in the unit of cost; unless given, the standard error of the best configuration, or
 * DEFAULT_TOLERANCE where that is unknown or 0.
 * @returns undefined where no point has a cost.
 */
export function goodRegion(points: readonly MeasuredPoint[], tolerance?: number): GoodRegion | undefined {
  let best: MeasuredPoint & { readonly cost: number } | undefined;
  for (const { cost, ...point } of points) {
    if (cost !== undefined && (best === undefined || cost < best.cost)) best = { ...point, cost };
  }
  if (best === undefined) return undefined;
  const limit = tolerance ?? (best.standardError || DEFAULT_TOLERANCE);
  const good = points.filter(({ cost }) => cost !== undefined && cost <= best.cost + limit);
  const names = [...new Set(points.flatMap(({ values }) => Object.keys(values)))];
  return {
    bestCost: best.cost,
    tolerance: limit,
    good: good.length,
    tried: points.length,
    parameters: names.flatMap((name) => {
      const tried = distinct(points, name);
      return tried.length < 2 ? [] : [goodValues(name, tried, distinct(good, name))];
    }),
  };
}

/** A configuration that a hyper-parameter doesn't apply to has no value of it. */
function distinct(points: readonly Point[], name: string): Value[] {
  return [...new Set(points.map(({ values }) => values[name]).filter((value) => value !== undefined))];
}

function goodValues(name: string, tried: readonly Value[], good: readonly Value[]): GoodValues {
  const share = good.length / tried.length;
  const numbers = good.filter((value) => typeof value === "number").sort((a, b) => a - b);
  if (numbers.length === 0 || tried.some((value) => typeof value !== "number")) {
    return { name, share, kind: "list", values: good };
  }
  const [low, high] = [numbers[0], numbers[numbers.length - 1]];
  return { name, share, kind: "range", low, high, factor: low > 0 ? high / low : undefined };
}
