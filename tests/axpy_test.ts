import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tensor } from "@tensorflow/tfjs";
import { fuseMultiples } from "../engine/axpy.ts";
import { compileLoop, type Specs } from "../engine/compile.ts";
import { nodesOf } from "../engine/rebuild.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import { trace } from "../engine/trace.ts";
import { runCompiled } from "./_compiled.ts";

const SHAPE = [64, 100];
const SIZE = 6400;
const specs: Specs = {
  x: { shape: SHAPE, dtype: "float" },
  y: { shape: SHAPE, dtype: "float" },
  a: { shape: [], dtype: "float" },
};
const wave = (frequency: number, size = SIZE) =>
  Array.from({ length: size }, (_, i) => Math.sin(frequency * i));
const data = { x: wave(0.37), y: wave(0.11), a: [0.73] };

type Inputs = Readonly<Record<string, Tensor>>;

/** How many operations of a function's graph are fused. */
function fused(fn: (inputs: Inputs) => Tensor, given = specs): number {
  const graph = fuseMultiples(trace((inputs) => ({ result: fn(inputs) }), given));
  return [...nodesOf(graph)].filter(({ op }) => op === "Axpy").length;
}

const forms: [string, (inputs: Inputs) => Tensor][] = [
  ["y + a x", ({ x, y, a }) => y.add(x.mul(a))],
  ["a x + y", ({ x, y, a }) => a.mul(x).add(y)],
  ["y - a x", ({ x, y, a }) => y.sub(x.mul(a))],
  ["momentum: y - (x + a y)", ({ x, y, a }) => y.sub(x.add(y.mul(a)).mul(a))],
];

for (const [formula, fn] of forms) {
  test(`${formula} is one operation, and the same number as in two`, async () => {
    assert.ok(fused(fn) >= 1);
    const named = (inputs: Inputs) => ({ result: fn(inputs) });
    const { result } = await runCompiled(named, specs, data);
    const separate = await runCompiled(named, specs, data, "float32", undefined, {
      tiles: true,
      axpy: false,
    });
    assert.equal(result.length, SIZE);
    result.forEach((value, i) =>
      assert.ok(Math.abs(value - separate.result[i]) <= 1.2e-7 * 2, `${i}: ${value}, ${separate.result[i]}`)
    );
  });
}

test("trials that train together have a factor each, and get what each gets alone", async () => {
  const trials = [0.73, -0.2, 0];
  const x = trials.map((_, trial) => wave(0.37 + trial));
  const fn = ({ x, y, a }: Inputs) => ({ result: y.sub(x.mul(a)) });
  const together = { size: 3, inputs: ["x", "a"] };
  const { result } = await runCompiled(fn, specs, { x: x.flat(), y: data.y, a: trials }, "float32", together);
  for (const [trial, a] of trials.entries()) {
    const alone = await runCompiled(fn, specs, { x: x[trial], y: data.y, a: [a] });
    assert.deepEqual(result.slice(trial * SIZE, (trial + 1) * SIZE), alone.result);
  }
});

test("a product that is used twice, a product of two tensors, a difference from it, and a few numbers are left", () => {
  assert.equal(fused(({ x, y, a }) => y.add(x.mul(a)).mul(x.mul(a))), 0);
  assert.equal(fused(({ x, y }) => y.add(x.mul(y))), 0);
  assert.equal(fused(({ x, y, a }) => x.mul(a).sub(y)), 0);
  const few: Specs = { ...specs, x: { shape: [10], dtype: "float" }, y: { shape: [10], dtype: "float" } };
  assert.equal(fused(({ x, y, a }) => y.add(x.mul(a)), few), 0);
});

test("in float64 nothing is fused, as the runtime has the operation in float32 alone", async () => {
  const fn = ({ x, y, a }: Inputs) => ({ result: y.add(x.mul(a)) });
  const { result } = await runCompiled(fn, specs, data, "float64");
  assert.deepEqual(result, data.x.map((x, i) => data.y[i] + x * data.a[0]));
});

test("a loop carries what is fused from step to step and from call to call, in the shape in which it is fed", async () => {
  const model = compileLoop(
    ({ w, v, g, a }) => {
      const next = v.mul(a).add(w.mul(g));
      return { w: w.sub(next.mul(a)), v: next, loss: w.sum() };
    },
    {
      carried: { w: specs.x, v: specs.x },
      fixed: { a: specs.a },
      scanned: { g: { shape: [], dtype: "float" } },
    },
    "float32",
  );
  const executable = await HostExecutable.load(model);
  const [a, steps] = [0.5, [0.1, 0.2, 0.3, 0.4]];
  let [w, v] = [data.x, data.x.map(() => 0)];
  for (const g of steps) {
    v = v.map((value, i) => a * value + g * w[i]);
    w = w.map((value, i) => value - a * v[i]);
  }
  const fixed = { a: executable.value("a", [a]) };
  const start = { w: executable.value("w", data.x), v: executable.value("v", data.x.map(() => 0)) };
  const once = await executable.run({ ...start, ...fixed, g: executable.value("g", steps) });
  const { w: halfW, v: halfV } = await executable.run({
    ...start,
    ...fixed,
    g: executable.value("g", steps.slice(0, 2)),
  });
  const twice = await executable.run({
    w: halfW,
    v: halfV,
    ...fixed,
    g: executable.value("g", steps.slice(2)),
  });
  for (const [name, expected] of Object.entries({ w, v })) {
    assert.deepEqual(once[name].dims, SHAPE);
    assert.deepEqual(numbers(twice[name]), numbers(once[name]));
    const found = numbers(once[name]);
    expected.forEach((value, i) => assert.ok(Math.abs(found[i] - value) < 1e-6));
  }
  await executable.release();
});
