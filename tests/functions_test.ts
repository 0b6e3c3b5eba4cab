import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Tensor } from "@tensorflow/tfjs";
import { none } from "../datasets/none.ts";
import { Random } from "../datasets/random.ts";
import { compileFunction } from "../engine/compile.ts";
import { lossAndGradients } from "../engine/gradient.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import { beale, branin, rosenbrock } from "../tasks/functions.ts";
import { given } from "../tasks/initializers.ts";
import { getTask } from "../tasks/registry.ts";
import { assertClose } from "./_compiled.ts";

const functions = [rosenbrock, beale, branin];
const startOf = ({ parameters }: typeof rosenbrock) =>
  Array.from(parameters.point.init.fill([2], new Random(1, "test")));

/** A point of the window. */
const pointOf = ({ landscape: { x, y } }: typeof rosenbrock) =>
  fc.tuple(
    fc.double({ min: x[0], max: x[1], noNaN: true }),
    fc.double({ min: y[0], max: y[1], noNaN: true }),
  );

test("starts are the published ones", () => {
  assert.deepEqual(functions.map(startOf), [[-0.5, 1.5], [-4.5, 4.5], [2.5, 12.5]]);
});

test("known values", () => {
  assert.equal(rosenbrock.landscape.f(-0.5, 1.5), 158.5);
  assert.equal(rosenbrock.landscape.f(1, 1), 0);
  assert.equal(beale.landscape.f(0, 0), 1.5 ** 2 + 2.25 ** 2 + 2.625 ** 2);
  assert.equal(beale.landscape.f(3, 0.5), 0);
  assertClose([branin.landscape.f(0, 0)], [36 + 20 - 10 / (8 * Math.PI)], 1e-15);
  // The published minimum, and the published places of it.
  assertClose(
    branin.landscape.minima.map(([x, y]) => branin.landscape.f(x, y)),
    new Array(3).fill(0.397887),
    1e-6,
  );
  assertClose(branin.landscape.minima.flat(), [-Math.PI, 12.275, Math.PI, 2.275, 9.42478, 2.475], 1e-5);
});

for (const task of functions) {
  const { f, minima, x, y } = task.landscape;

  test(`${task.name} is nowhere lower than at its minima`, () => {
    const least = Math.min(...minima.map((point) => f(...point)));
    fc.assert(fc.property(pointOf(task), (point) => f(...point) >= least - 1e-12));
  });

  test(`${task.name}'s window holds its start and its minima`, () => {
    for (const [u, v] of [startOf(task), ...minima]) {
      assert.ok(u > x[0] && u < x[1] && v > y[0] && v < y[1], `(${u}, ${v})`);
    }
  });

  test(`${task.name}'s target is a hundredth above its minimum`, () => {
    for (const point of minima) assertClose([task.target], [f(...point) + 0.01], 1e-12);
  });

  test(`${task.name} for tensors is the function for numbers, and its gradient the slope`, async () => {
    // The runtime has no cosine of 64 bits.
    const [precision, tolerance] = task === branin ? ["float32", 1e-4] as const : ["float64", 1e-7] as const;
    const extra = { noise: {}, buffers: {} };
    const evaluate = lossAndGradients((params) => task.loss(params, {}, extra));
    const executable = await HostExecutable.load(compileFunction(
      ({ point }) => {
        const { loss, gradients } = evaluate({ point });
        return {
          loss,
          tested: task.evaluate({ point }, {}, extra).loss,
          gradient: gradients.point as Tensor,
        };
      },
      { point: { shape: [2], dtype: "float" } },
      precision,
    ));
    await fc.assert(
      fc.asyncProperty(pointOf(task), async (point) => {
        const [u, v] = precision === "float32" ? point.map(Math.fround) : point;
        const results = await executable.run({ point: executable.value("point", [u, v]) });
        const [loss, tested, gradient] = [results.loss, results.tested, results.gradient].map((value) =>
          Array.from(numbers(value))
        );
        const value = f(u, v);
        assertClose(loss, [value], tolerance);
        assertClose(tested, [value], tolerance);
        const width = 1e-5;
        const slope = [
          (f(u + width, v) - f(u - width, v)) / (2 * width),
          (f(u, v + width) - f(u, v - width)) / (2 * width),
        ];
        // Differences of values are as exact as the values.
        const scale = Math.max(1, ...slope.map(Math.abs), value);
        assertClose(
          gradient.map((part) => part / scale),
          slope.map((part) => part / scale),
          10 * tolerance + 1e-6,
        );
      }),
      { numRuns: 50 },
    );
    await executable.release();
  });
}

test("test functions have no data: an epoch is one step on one row of nothing", () => {
  for (const task of functions) {
    assert.equal(task.data, none);
    assert.equal(task.batchSize, 1);
  }
  const { train, test } = none.load();
  for (const split of [train, test]) assert.deepEqual(split, { rows: 1, columns: {} });
  assert.deepEqual([none.trainRows, none.testRows, none.columns], [1, 1, {}]);
});

test("test functions are registered", () => {
  for (const task of functions) assert.equal(getTask(task.name), task);
});

test("given values are those, row-major", () => {
  const initializer = given("a table", () => [1, 2, 3, 4, 5, 6.5]);
  assert.equal(initializer.summary, "a table");
  assert.deepEqual(
    initializer.fill([2, 3], new Random(1, "test")),
    new Float32Array([1, 2, 3, 4, 5, 6.5]),
  );
});

test("given values that do not fill a shape are an error", () => {
  assert.throws(() => given("a pair", () => [1, 2]).fill([3], new Random(1, "test")), {
    name: "RangeError",
    message: "Cannot fill shape [3] with a pair: expected 3 values, got 2",
  });
});
