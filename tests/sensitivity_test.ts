import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../datasets/random.ts";
import { DEFAULT_TOLERANCE, goodRegion } from "../results/statistics/good_region.ts";
import { type Importance, importance } from "../results/statistics/importance.ts";
import { encode, type Point, type Value } from "../results/statistics/points.ts";
import { growTree } from "../results/statistics/regression_tree.ts";

type Cost = (values: Record<string, Value>) => number;

/** Every combination of the values. */
function grid(values: Record<string, Value[]>, cost: Cost): Point[] {
  let combinations: Record<string, Value>[] = [{}];
  for (const [name, list] of Object.entries(values)) {
    combinations = combinations.flatMap((start) => list.map((value) => ({ ...start, [name]: value })));
  }
  return combinations.map((values) => ({ values, cost: cost(values) }));
}

/** Shares by names, as in `a` and `a x b`. */
function shares({ single, pairs }: Importance): Record<string, number> {
  return Object.fromEntries([...single, ...pairs].map(({ names, share }) => [names.join(" x "), share]));
}

function assertShares(actual: Importance, expected: Record<string, number>, tolerance: number): void {
  const found = shares(actual);
  for (const [name, share] of Object.entries(expected)) {
    assert.ok(Math.abs(found[name] - share) <= tolerance, `${name} has ${found[name]}, not ${share}`);
  }
}

const uniform = (random: Random, low: number, high: number) => low + (high - low) * random.uniform();

/** Ishigami & Homma (1990): its Sobol indices are known, and of c there is an interaction only. */
function ishigami({ a, b, c }: Record<string, Value>): number {
  return Math.sin(Number(a)) + 7 * Math.sin(Number(b)) ** 2 + 0.1 * Number(c) ** 4 * Math.sin(Number(a));
}
const sobol = { a: 0.3139, b: 0.4424, c: 0, "a x b": 0, "a x c": 0.2437, "b x c": 0 };

function sampled(count: number, cost: Cost, seed = 1): Point[] {
  const random = new Random(seed, "points");
  return Array.from({ length: count }, () => {
    const values = Object.fromEntries(
      ["a", "b", "c"].map((name) => [name, uniform(random, -Math.PI, Math.PI)]),
    );
    return { values, cost: cost(values) };
  });
}

test("in a grid the shares are exact: an additive function has the variances of its terms", () => {
  // Variances 2/3, 4 * 2/3 and 1/4 of 43/12.
  const points = grid(
    { x: [1, 2, 3], y: [10, 20, 30], z: [false, true] },
    ({ x, y, z }) => Number(x) + Number(y) / 5 + Number(z),
  );
  const result = importance(points)!;
  assert.equal(result.method, "grid");
  assertShares(
    result,
    { y: 32 / 43, x: 8 / 43, z: 3 / 43, "x x y": 0, "x x z": 0, "y x z": 0 },
    1e-12,
  );
  assert.deepEqual(result.single.map(({ names }) => names[0]), ["y", "x", "z"]);
  assert.ok(result.higher < 1e-12);
});

test("in a grid what only two together do is their interaction, and what three do is the rest", () => {
  const levels = { x: [-1, 1], y: [-1, 1], z: [-1, 1] };
  const two = importance(grid(levels, ({ x, y }) => Number(x) * Number(y)))!;
  assertShares(two, { x: 0, y: 0, z: 0, "x x y": 1, "x x z": 0, "y x z": 0 }, 1e-12);
  assert.equal(two.higher, 0);
  const three = importance(grid(levels, ({ x, y, z }) => Number(x) * Number(y) * Number(z)))!;
  assert.equal(three.higher, 1);
});

test("a fine grid has the Sobol indices of the Ishigami function", () => {
  const midpoints = Array.from({ length: 24 }, (_, i) => Math.PI * ((2 * i + 1) / 24 - 1));
  const result = importance(grid({ a: midpoints, b: midpoints, c: midpoints }, ishigami))!;
  assert.equal(result.method, "grid");
  assertShares(result, sobol, 0.01);
});

test("a forest finds the shares of a valley with an interaction from sampled points", () => {
  // x^2 + y^2 + x y over [-pi, pi]: variances 4 pi^4 / 45 twice, and pi^4 / 9.
  const result = importance(
    sampled(300, ({ a, b }) => Number(a) ** 2 + Number(b) ** 2 + Number(a) * Number(b)),
  )!;
  assert.equal(result.method, "forest");
  assert.ok(result.fit > 0.85);
  assertShares(result, { a: 4 / 13, b: 4 / 13, "a x b": 5 / 13, c: 0, "a x c": 0, "b x c": 0 }, 0.08);
});

test("a forest finds the Sobol indices of the Ishigami function too, with less for what oscillates", () => {
  assertShares(importance(sampled(1000, ishigami))!, { ...sobol, b: 0.34 }, 0.08);
});

test("a forest finds the variances of an additive function, of categories too", () => {
  const random = new Random(2, "points");
  const heights: Record<string, number> = { red: 0, green: 3, blue: 1, grey: 2 };
  const points = Array.from({ length: 600 }, () => {
    const values = {
      color: Object.keys(heights)[Math.floor(4 * random.uniform())],
      lr: 10 ** uniform(random, -4, 0),
      idle: uniform(random, 0, 1),
    };
    return { values, cost: heights[values.color] + 0.5 * Math.log10(values.lr) };
  });
  // Variances 5/4 and 1/4 * 16/12.
  assertShares(importance(points)!, { color: 15 / 19, lr: 4 / 19, idle: 0, "color x lr": 0 }, 0.05);
});

test("a grid with points left out goes to the forest, with much the same result", () => {
  const levels = { x: [0, 1, 2, 3, 4, 5], y: [0, 1, 2, 3, 4, 5], z: [0, 1, 2, 3] };
  const cost: Cost = ({ x, y }) => Number(x) ** 2 + Number(y);
  const full = importance(grid(levels, cost))!;
  const partial = importance(grid(levels, cost).filter(({ values }) => values.z !== 3 || values.y !== 0))!;
  assert.deepEqual([full.method, partial.method], ["grid", "forest"]);
  assertShares(partial, shares(full), 0.05);
});

test("a grid with one point twice and another never is not complete", () => {
  const points = grid({ x: [0, 1], y: [0, 1] }, ({ x, y }) => Number(x) + Number(y));
  assert.equal(importance(points)!.method, "grid");
  assert.equal(importance(points.with(3, points[0]))!.method, "forest");
});

test("levels are numbers in their order, the missing first, and what is no number in that of its costs", () => {
  const levelsOf = (column: (Value | undefined)[], costs: number[]) => {
    const points = column.map((x, i) => ({ values: x === undefined ? {} : { x }, cost: costs[i] }));
    return [...encode(points, costs).levels[0]];
  };
  assert.deepEqual(levelsOf([10, 2, undefined, 2, -3], [1, 2, 3, 4, 5]), [3, 2, 0, 2, 1]);
  assert.deepEqual(levelsOf(["a", "b", "c", "b"], [7, 1, 5, 3]), [2, 0, 1, 0]);
  assert.deepEqual(levelsOf([true, false, undefined], [2, 3, 1]), [1, 2, 0]);
});

test("a tree splits in the middle of a gap, and not below three points a side", () => {
  const grow = (levels: number[], costs: number[]) =>
    growTree([Int32Array.from(levels)], [10], costs, Int32Array.from(costs.keys()), new Random(1, "tree"))
      .map(({ low, high, prediction }) => [low[0], high[0], prediction]);
  assert.deepEqual(grow([0, 0, 0, 9, 9, 9], [1, 1, 1, 4, 4, 4]), [[0, 5, 1], [5, 10, 4]]);
  assert.deepEqual(grow([0, 0, 9, 9, 9], [1, 1, 4, 4, 4]), [[0, 10, 2.8]]);
});

test("of noise the forest says that it explains nothing", () => {
  const random = new Random(4, "noise");
  assert.ok(importance(sampled(300, () => random.normal()))!.fit < 0.1);
});

test("shares are between 0 and 1, add up to 1, and do not depend on scales, order or the unit of cost", () => {
  const level = fc.integer({ min: 0, max: 3 });
  const point = fc.record({
    values: fc.record({ x: level, y: level }),
    cost: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  });
  fc.assert(fc.property(fc.array(point, { minLength: 2, maxLength: 30 }), (points) => {
    const result = importance(points);
    fc.pre(result !== undefined);
    const all = [...Object.values(shares(result)), result.higher];
    assert.ok(all.every((share) => share >= 0 && share <= 1 + 1e-9));
    assert.ok(Math.abs(all.reduce((a, b) => a + b, 0) - 1) < 1e-9);
    const rescaled = points.map(({ values: { x, y }, cost }) => ({
      values: { x: 10 ** x, y: y - 7 },
      cost: cost === undefined ? undefined : 4 * cost,
    }));
    assert.deepEqual(importance(rescaled), result);
  }));
});

test("the same points and seed give the same forest", () => {
  const points = sampled(100, ishigami);
  assert.deepEqual(importance(points, { seed: 3 }), importance(points, { seed: 3 }));
  assert.notDeepEqual(importance(points, { seed: 3 }), importance(points, { seed: 4 }));
});

test("diverged points count as the worst, and a cap bounds what they and others cost", () => {
  const costs = [0, 0, 0, undefined, 0, 0, 0, 1e9];
  const points = grid({ x: [0, 1], y: [0, 1], z: [0, 1] }, () => 0)
    .map((point, i) => ({ ...point, cost: costs[i] }));
  // Only y and z at 1 is bad, whatever x.
  assertShares(importance(points)!, { x: 0, y: 1 / 3, z: 1 / 3, "y x z": 1 / 3 }, 1e-12);
  const outlier = points.map((point, i) => ({ ...point, cost: i === 7 ? 1e9 : i >= 4 ? 1 : 0 }));
  assert.ok(shares(importance(outlier)!).x < 0.2);
  assertShares(importance(outlier, { cap: 1 })!, { x: 1 }, 1e-12);
});

test("a hyper-parameter that is missing where it does not apply has a value of its own there", () => {
  const kinds: Point[] = [
    { values: { momentum: 0 }, cost: 5 },
    { values: { momentum: 0.9, nesterov: false }, cost: 1 },
    { values: { momentum: 0.9, nesterov: true }, cost: 0 },
  ];
  const points = kinds.flatMap((point) => new Array<Point>(20).fill(point));
  const found = shares(importance(points)!);
  assert.ok(found.momentum > 0 && found.nesterov > 0);
});

test("equal costs leave nothing to explain, nor does a hyper-parameter with one value", () => {
  assert.equal(importance(grid({ x: [1, 2] }, () => 3)), undefined);
  assert.equal(importance([]), undefined);
  assert.equal(
    importance([{ values: { x: 1 }, cost: undefined }, { values: { x: 2 }, cost: undefined }]),
    undefined,
  );
  const result = importance(grid({ x: [1, 2], task: ["digits"] }, ({ x }) => Number(x)))!;
  assert.deepEqual(result.single, [{ names: ["x"], share: 1 }]);
});

test("the good region has the values that are within the tolerance with some choice of the others", () => {
  const points = grid(
    { lr: [1, 0.01, 0.1, 10], momentum: [0, 0.9], nesterov: [false, true], batch: [64] },
    ({ lr, momentum, nesterov }) =>
      Math.abs(Math.log10(Number(lr))) + Number(momentum) / 10 + (nesterov ? 5 : 0),
  );
  assert.deepEqual(goodRegion(points, 1.05), {
    bestCost: 0,
    tolerance: 1.05,
    good: 4,
    tried: 16,
    parameters: [
      { name: "lr", share: 0.75, kind: "range", low: 0.1, high: 10, factor: 100 },
      { name: "momentum", share: 1, kind: "range", low: 0, high: 0.9, factor: undefined },
      { name: "nesterov", share: 0.5, kind: "list", values: [false] },
    ],
  });
});

test("the tolerance is the standard error of the best, or one point of accuracy", () => {
  const points = [
    { values: { lr: 1 }, cost: 0.08, standardError: 0.03 },
    { values: { lr: 2 }, cost: 0.1, standardError: 0.5 },
    { values: { lr: 4 }, cost: 0.12, standardError: 0.5 },
    { values: { lr: 8 }, cost: undefined },
  ];
  assert.equal(goodRegion(points)!.tolerance, 0.03);
  assert.equal(goodRegion(points)!.good, 2);
  assert.equal(
    goodRegion(points.map(({ values, cost }) => ({ values, cost })))!.tolerance,
    DEFAULT_TOLERANCE,
  );
  assert.equal(
    goodRegion(points.map((point) => ({ ...point, standardError: 0 })))!.tolerance,
    DEFAULT_TOLERANCE,
  );
  assert.equal(goodRegion(points)!.tried, 4);
});

test("a wider tolerance never makes the good region smaller, and the best is always in it", () => {
  const points = sampled(60, ishigami);
  fc.assert(fc.property(fc.double({ min: 0, max: 30, noNaN: true }), (tolerance) => {
    const [narrow, wide] = [goodRegion(points, tolerance)!, goodRegion(points, tolerance + 1)!];
    assert.ok(narrow.good >= 1 && narrow.good <= wide.good);
    narrow.parameters.forEach((parameter, i) => assert.ok(parameter.share <= wide.parameters[i].share));
  }));
});

test("configurations that a hyper-parameter does not apply to leave its good values as they are", () => {
  const points: Point[] = [
    { values: { optimizer: "sgd" }, cost: 0.1 },
    { values: { optimizer: "lars", eta: 1 }, cost: 0.1 },
    { values: { optimizer: "lars", eta: 2 }, cost: 0.5 },
  ];
  assert.deepEqual(goodRegion(points)!.parameters, [
    { name: "optimizer", share: 1, kind: "list", values: ["sgd", "lars"] },
    { name: "eta", share: 0.5, kind: "range", low: 1, high: 1, factor: 1 },
  ]);
});

test("there is no good region where everything diverged", () => {
  assert.equal(goodRegion([{ values: { lr: 1 }, cost: undefined }]), undefined);
});
