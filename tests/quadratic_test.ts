import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Split } from "../datasets/dataset.ts";
import { quadratic } from "../datasets/quadratic.ts";
import { Random } from "../datasets/random.ts";
import { RandomState } from "../datasets/random_state.ts";
import { lossAndGradients } from "../engine/gradient.ts";
import { hessian, quadraticDeep } from "../tasks/quadratic.ts";
import { randomRotation } from "../tasks/rotation.ts";
import { assertClose, runCompiled } from "./_compiled.ts";

const draw = (count: number, next: () => number) => Array.from({ length: count }, next);
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

// What NumPy 2.4.6 gives for the same seeds and calls.
const streams: [seed: number, uniform: number[], normal: number[]][] = [
  [0, [0.5488135039273248, 0.7151893663724195], [0.9787379841057392, 2.240893199201458, 1.8675579901499675]],
  [1, [0.417022004702574, 0.7203244934421581], [
    -0.5281717522634557,
    -1.0729686221561705,
    0.8654076293246785,
  ]],
  [42, [0.3745401188473625, 0.9507143064099162], [
    0.6476885381006925,
    1.5230298564080254,
    -0.23415337472333597,
  ]],
  [2 ** 32 - 1, [0.0976320289940138, 0.9123828453026218], [
    0.6484086742306527,
    0.6693235306338161,
    -1.0805437227474493,
  ]],
];
for (const [seed, uniform, normal] of streams) {
  test(`seed ${seed} gives NumPy's numbers`, () => {
    const random = new RandomState(seed);
    assert.deepEqual(draw(2, () => random.uniform()), uniform);
    assertClose(draw(3, () => random.normal()), normal, 1e-14);
  });
}

test("a long stream gives NumPy's numbers, in a range and of a mean and a deviation too", () => {
  const random = new RandomState(5489);
  assert.deepEqual(draw(2, () => random.uniform(30, 60)), [54.44171059179537, 57.17375811226857]);
  assertClose([draw(1001, () => random.normal()).at(-1)!], [-0.1937488090484428], 1e-14);
  // The second number of the pair waits for the next normal number.
  assert.equal(random.uniform(), 0.1954767636337984);

  const [standard, other] = [new RandomState(7), new RandomState(7)];
  assertClose(draw(9, () => other.normal(3, 0.5)), draw(9, () => 3 + 0.5 * standard.normal()), 1e-15);
});

test("a uniform number is in its range", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.integer({ min: -1000, max: 1000 }),
    fc.integer({ min: 1, max: 1000 }),
    (seed, low, range) => {
      const random = new RandomState(seed);
      assert.ok(draw(20, () => random.uniform(low, low + range)).every((x) => x >= low && x < low + range));
    },
  ));
});

test("a seed that NumPy refuses is refused", () => {
  for (const seed of [-1, 2 ** 32, 0.5, NaN]) {
    assert.throws(() => new RandomState(seed), {
      name: "RangeError",
      message: `Invalid seed ${seed}: expected an integer from 0 to 4294967295`,
    });
  }
});

/** By Gaussian elimination, with the largest pivots. */
function determinant(matrix: readonly number[][]): number {
  const rows = matrix.map((row) => [...row]);
  let product = 1;
  for (let column = 0; column < rows.length; column++) {
    const below = rows.slice(column).map((row) => Math.abs(row[column]));
    const pivot = column + below.indexOf(Math.max(...below));
    if (pivot !== column) {
      [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
      product = -product;
    }
    product *= rows[column][column];
    for (const row of rows.slice(column + 1)) {
      const factor = row[column] / rows[column][column];
      rows[column].forEach((value, i) => row[i] -= factor * value);
    }
  }
  return product;
}

test("a random rotation keeps lengths, angles and orientation", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 0, max: 1e6 }), (dimensions, seed) => {
      const rotation = randomRotation(dimensions, new RandomState(seed));
      rotation.forEach((a, i) =>
        rotation.forEach((b, j) =>
          assertClose([sum(a.map((value, k) => value * b[k]))], [i === j ? 1 : 0], 1e-12)
        )
      );
      assertClose([determinant(rotation)], [1], 1e-12);
    }),
    { numRuns: 50 },
  );
});

test("the Hessian is the one that DeepOBS draws", () => {
  const rows = hessian();
  assert.deepEqual(rows.map((row) => row.length), new Array(100).fill(100));
  assertClose(
    [...rows[0].slice(0, 3), rows[57][31], rows[99][99]],
    [6.221429443252536, 1.1270198982225974, -0.5472819503858688, 1.6371919119592735, 6.305663773355069],
    1e-12,
  );
  assertClose([sum(rows.map((row, i) => row[i]))], [477.612279595014], 1e-12);
  // The square root of the sum of the squared eigenvalues.
  assertClose([Math.hypot(...rows.flat())], [139.94660200801587], 1e-12);
  rows.forEach((row, i) => assertClose(row, rows.map((other) => other[i]), 1e-12));
});

test("the points are the ones that DeepOBS draws", () => {
  const golden = (split: Split, first: number[], last: number, total: number) => {
    const { inputs } = split.columns;
    assert.ok(inputs instanceof Float32Array);
    assert.deepEqual([split.rows, inputs.length], [1000, 100_000]);
    assertClose([...inputs.slice(0, 3), inputs[99_999]], [...first, last], 1e-7);
    assertClose([sum(inputs)], [total], 1e-6);
  };
  const { train, test } = quadratic.load();
  golden(train, [0.2980285, -0.08295858, 0.38861313], 0.072037764, 58.01208147153375);
  golden(test, [0.15443996, -0.5450889, -0.22710186], 0.5671685, 130.49207873727119);
});

test("points are drawn once", () => {
  assert.equal(quadratic.load(), quadratic.load());
});

/** The loss at a point and its gradient, over so many rows from the first. */
async function lossAt(theta: ArrayLike<number>, { columns }: Split, rows: number) {
  const specs = {
    theta: { shape: [100], dtype: "float" },
    inputs: { shape: [rows, 100], dtype: "float" },
    hessian: { shape: [100, 100], dtype: "float" },
  } as const;
  const { loss, gradient } = await runCompiled(
    ({ theta, inputs, hessian }) => {
      const { loss, gradients } = lossAndGradients((params) => {
        const result = quadraticDeep.loss(params, { inputs }, { noise: {}, buffers: { hessian } });
        assert.ok(!("loss" in result));
        return result;
      })({ theta });
      return { loss, gradient: gradients.theta! };
    },
    specs,
    {
      theta: Array.from(theta),
      inputs: Array.from(columns.inputs.subarray(0, 100 * rows)),
      hessian: Array.from(quadraticDeep.buffers!.hessian.init.fill([100, 100], new Random(1, "test"))),
    },
    "float64",
  );
  return { loss: loss[0], gradient };
}

const start = () => quadraticDeep.parameters.theta.init.fill([100], new Random(1, "test"));

function meanPoint({ rows, columns: { inputs } }: Split): number[] {
  return draw(100, () => 0).map((_, i) => sum(inputs.filter((_, place) => place % 100 === i)) / rows);
}

test("the loss at the start, over the complete test batches, is the published one", async () => {
  const { loss } = await lossAt(start(), quadratic.load().test, 896);
  assertClose([loss], [353.4467654661157], 1e-7);
});

test("the loss at the start, over the training rows, is NumPy's", async () => {
  const { loss } = await lossAt(start(), quadratic.load().train, 1000);
  assertClose([loss], [353.70644520533455], 1e-7);
});

test("the gradient is the Hessian times the way from the mean point", async () => {
  const { train } = quadratic.load();
  const way = meanPoint(train).map((mean) => 1 - mean);
  const { gradient } = await lossAt(start(), train, 1000);
  assertClose(gradient, hessian().map((row) => sum(row.map((value, i) => value * way[i]))), 1e-6);
});

test("the target lies between the loss that training tends to and the start's", async () => {
  const { train, test } = quadratic.load();
  const best = await lossAt(meanPoint(train), test, 896);
  assertClose([best.loss], [87.046008004128], 1e-7);
  assertClose((await lossAt(meanPoint(train), train, 1000)).gradient, new Array(100).fill(0), 1e-6);
  assert.ok(quadraticDeep.target > best.loss && quadraticDeep.target < 90);
});
