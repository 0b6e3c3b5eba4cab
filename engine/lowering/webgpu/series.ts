/**
 * Functions of which the provider, or a GPU, gives too few digits (https://www.w3.org/TR/WGSL/#floating-point-accuracy):
 * as series.
 *
 * The provider's tanh is (1 - e^-2x) / (1 + e^-2x), and a logarithm need only be right to 2^-21 near 1: of a small result
 * the leading digits cancel. Sines need only be right to 2^-11, for arguments up to pi.
 */
import type { Lowering } from "../../lower.ts";
import type { LoweringRules } from "../rule.ts";
import { clipped } from "./limits.ts";

/** x (1 + c1 x^2 + c2 x^4 + ...). */
function oddSeries(lower: Lowering, x: string, coefficients: readonly number[]): string {
  const square = lower.emit("Mul", [x, x]);
  const sum = [1, ...coefficients].map((c) => lower.scalar(c, "float")).reduceRight((sum, c) =>
    lower.emit("Add", [lower.emit("Mul", [sum, square]), c])
  );
  return lower.emit("Mul", [sum, x]);
}

/** The operator itself need give neither -Infinity nor NaN. */
function log(lower: Lowering, x: string): string {
  const zero = lower.scalar(0, "float");
  const [atZero, below] = [-Infinity, NaN].map((value) => lower.scalar(value, "float"));
  const otherwise = lower.emit("Where", [lower.emit("Equal", [x, zero]), atZero, below]);
  return lower.emit("Where", [lower.emit("Greater", [x, zero]), lower.emit("Log", [x]), otherwise]);
}

/** The first where |x| < 1/4, where four coefficients are exact to 1e-8, else the second. */
function nearZero(lower: Lowering, x: string, near: string, far: string): string {
  const isNear = lower.emit("Less", [lower.emit("Abs", [x]), lower.scalar(0.25, "float")]);
  return lower.emit("Where", [isNear, near, far]);
}

function tanh(lower: Lowering, x: string): string {
  const near = oddSeries(lower, x, [-1 / 3, 2 / 15, -17 / 315, 62 / 2835]);
  return nearZero(lower, x, near, lower.emit("Tanh", [x]));
}

/** Pi in parts, of which whole multiples have next to no rounding error (Cephes, sinf.c). */
const PI = [3.140625, 9.67502593994140625e-4, 1.509957990978376432e-7];

/** The sine of x and so many half turns: (-1)^k sin(r) with r = x - k pi, from -pi / 2 to pi / 2. */
function sine(lower: Lowering, x: string, halfTurns: 0 | 1): string {
  const number = (value: number) => lower.scalar(value, "float");
  const turns = lower.emit("Mul", [x, number(1 / Math.PI)]);
  const k = lower.emit("Floor", [lower.emit("Add", [turns, number((1 + halfTurns) / 2)])]);
  const middle = lower.emit("Sub", [k, number(halfTurns / 2)]);
  const r = PI.reduce(
    (rest, part) => lower.emit("Sub", [rest, lower.emit("Mul", [middle, number(part)])]),
    x,
  );
  const pairs = lower.emit("Floor", [lower.emit("Mul", [k, number(0.5)])]);
  const odd = lower.emit("Sub", [k, lower.emit("Add", [pairs, pairs])]);
  const sign = lower.emit("Sub", [number(1), lower.emit("Add", [odd, odd])]);
  // Of an x so large that its digits end before the point, the result is a sine, but not its own.
  const bounded = clipped(lower, r, number(-Math.PI / 2), number(Math.PI / 2));
  const coefficients = [6, 120, 5040, 362880, 39916800, 6227020800].map((f, i) => (i % 2 === 0 ? -1 : 1) / f);
  return lower.emit("Mul", [sign, oddSeries(lower, bounded, coefficients)]);
}

export const seriesRules: LoweringRules = {
  /** Among many numbers, as activations are, what counts is the absolute error. */
  Tanh: (lower, { shape }, [x]) => shape.length > 1 ? lower.emit("Tanh", [x]) : tanh(lower, x),
  /** e^x - 1 = tanh(x / 2) (e^x + 1). */
  Expm1(lower, _node, [x]) {
    const half = tanh(lower, lower.emit("Mul", [x, lower.scalar(0.5, "float")]));
    const sum = lower.emit("Add", [lower.emit("Exp", [x]), lower.scalar(1, "float")]);
    return lower.emit("Mul", [half, sum]);
  },
  /** log(1 + x) = 2 artanh(x / (2 + x)). */
  Log1p(lower, _node, [x]) {
    const two = lower.scalar(2, "float");
    const part = lower.emit("Div", [x, lower.emit("Add", [x, two])]);
    const near = lower.emit("Mul", [two, oddSeries(lower, part, [1 / 3, 1 / 5, 1 / 7, 1 / 9])]);
    return nearZero(lower, x, near, log(lower, lower.emit("Add", [x, lower.scalar(1, "float")])));
  },
  Log: (lower, _node, [x]) => log(lower, x),
  Sin: (lower, _node, [x]) => sine(lower, x, 0),
  Cos: (lower, _node, [x]) => sine(lower, x, 1),
};
