import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { compileFunction, compileLoop, type LoopSpecs, type Specs } from "../engine/compile.ts";
import { runEagerly } from "./_eagerly.ts";
import { lossAndGradients, type Tensors } from "../engine/gradient.ts";
import type { Graph } from "../engine/graph.ts";
import { Lowering } from "../engine/lower.ts";
import type { OnnxGraph } from "../engine/onnx.ts";
import { sumOverParts } from "../engine/parts.ts";
import { nodesOf } from "../engine/rebuild.ts";
import { HostExecutable, numbers } from "../engine/devices/host.ts";
import { type TensorFunction, trace } from "../engine/trace.ts";
import { assertClose, type Data, runCompiled } from "./_compiled.ts";

/** Numbers of both signs that don't repeat soon. */
function filled(shape: readonly number[], seed: number): number[] {
  const size = shape.reduce((product, length) => product * length, 1);
  return Array.from({ length: size }, (_, i) => Math.sin((i + 1) * 12.9898 * seed));
}

function floats(shapes: Record<string, readonly number[]>): { specs: Specs; data: Data } {
  const entries = Object.entries(shapes);
  return {
    specs: Object.fromEntries(entries.map(([name, shape]) => [name, { shape, dtype: "float" }])),
    data: Object.fromEntries(entries.map(([name, shape], i) => [name, filled(shape, i + 1)])),
  };
}

/** Compiled in both precisions, and eager. */
async function everyWay(fn: TensorFunction, specs: Specs, data: Data): Promise<Record<string, number[]>[]> {
  return [
    await runCompiled(fn, specs, data, "float32"),
    await runCompiled(fn, specs, data, "float64"),
    runEagerly(fn, specs, data),
  ];
}

function assertAlike(
  actual: Record<string, number[]>,
  expected: Record<string, number[]>,
  tolerance: number,
) {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const name of Object.keys(expected)) assertClose(actual[name], expected[name], tolerance);
}

const rows: Specs = { x: { shape: [6, 2], dtype: "float" } };
const sixRows: Data = { x: [1, -2, 3, 4, -5, 6, 7, 8, -9, 10, 11, 12] };

const statistics = ({ x }: Tensors): Tensors => ({
  columns: x.sum(0),
  squares: x.square().sum(),
  both: x.matMul(x, true),
});

for (const count of [1, 2, 3, 6]) {
  test(`sums over ${count} parts are those of the whole`, async () => {
    const parts: TensorFunction = (inputs) =>
      sumOverParts(count, inputs, {}, (part) => ({ sums: statistics(part), carried: {} })).sums;
    const [expected] = await everyWay(statistics, rows, sixRows);
    for (const sums of await everyWay(parts, rows, sixRows)) assert.deepEqual(sums, expected);
  });
}

test("what is carried passes through the parts in their order", async () => {
  const fn: TensorFunction = ({ x, start }) => {
    const { sums, carried } = sumOverParts(
      3,
      { x },
      { last: start, sum: start.mul(0), same: start },
      ({ x }, { sum, last, same }) => ({
        sums: { before: last },
        carried: { same, last: x.sum(), sum: sum.mul(10).add(last) },
      }),
    );
    return { ...sums, ...carried };
  };
  const specs: Specs = { ...rows, start: { shape: [], dtype: "float" } };
  // The parts' sums are 6, 16 and 24.
  for (const results of await everyWay(fn, specs, { ...sixRows, start: [2] })) {
    assert.deepEqual(results, { before: [24], last: [24], sum: [276], same: [2] });
  }
});

test("a part may use tensors from outside", async () => {
  const fn: TensorFunction = ({ x, w }) => {
    const scaled = w.mul(2).add(tf.tensor1d([0, 1]));
    const ones = tf.onesLike(w);
    const { sums } = sumOverParts(3, { x }, {}, ({ x }) => ({
      sums: { products: x.mul(scaled.exp()).mul(ones), scaled, scales: scaled.square() },
      carried: {},
    }));
    return { ...sums, scaled, again: scaled.square() };
  };
  const specs: Specs = { ...rows, w: { shape: [2], dtype: "float" } };
  const data = { ...sixRows, w: [0.5, -0.25] };
  const [first, second] = [Math.exp(1), Math.exp(0.5)];
  for (const results of await everyWay(fn, specs, data)) {
    assertAlike(results, {
      // The sums of the parts' first rows, [-13, 14], and of their second, [21, 24].
      products: [-13 * first, 14 * second, 21 * first, 24 * second],
      scaled: [1, 0.5],
      scales: [3, 0.75],
      again: [1, 0.25],
    }, 1e-6);
  }
});

test("a part may return what it was given, and what was made outside", async () => {
  const fn: TensorFunction = ({ x, w }) => {
    const { sums, carried } = sumOverParts(2, { x }, { w }, (part) => ({
      sums: { ...part, w, one: tf.scalar(1) },
      carried: { w },
    }));
    return { ...sums, carried: carried.w };
  };
  const specs: Specs = { ...rows, w: { shape: [1], dtype: "float" } };
  for (const results of await everyWay(fn, specs, { ...sixRows, w: [3] })) {
    assert.deepEqual(results, { x: [8, 6, -6, 14, 6, 18], w: [6], one: [2], carried: [3] });
  }
});

test("truth values and bytes are added up as integers", async () => {
  const specs: Specs = { x: { shape: [6], dtype: "uint8" } };
  const fn: TensorFunction = ({ x }) => {
    const { sums, carried } = sumOverParts(3, { x }, { first: x.slice(0, 1) }, ({ x }, { first }) => ({
      sums: { x, large: x.greater(100) },
      carried: { first: first.add(x.slice(0, 1)) },
    }));
    return { ...sums, ...carried };
  };
  for (const results of await everyWay(fn, specs, { x: [200, 1, 200, 2, 200, 255] })) {
    assert.deepEqual(results, { x: [600, 258], large: [3, 1], first: [800] });
  }
});

/** A loss that is a mean over rows, of two layers. */
function denseLoss({ x, y }: Tensors, { w1, b1, w2 }: Tensors): tf.Scalar {
  return x.matMul(w1).add(b1).relu().matMul(w2).sub(y).square().mean();
}

/** The same of a small convolution net. */
function imageLoss({ x, y }: Tensors, { filter, bias, second, w2 }: Tensors): tf.Scalar {
  const first = (x as tf.Tensor4D).conv2d(filter as tf.Tensor4D, 1, "same").add(bias).relu() as tf.Tensor4D;
  const pooled = first.maxPool(2, 2, "same").conv2d(second as tf.Tensor4D, 1, "same").relu();
  return pooled.mean([1, 2]).matMul(w2).sub(y).square().mean();
}

/** The mean loss of all rows and its gradients, as the mean of those of parts. */
function accumulated(
  loss: (batch: Tensors, params: Tensors) => tf.Scalar,
  batch: readonly string[],
  count: number,
): TensorFunction {
  return (inputs) => {
    const isBatch = ([name]: [string, tf.Tensor]) => batch.includes(name);
    const entries = Object.entries(inputs);
    const params = Object.fromEntries(entries.filter((entry) => !isBatch(entry)));
    const { sums } = sumOverParts(count, Object.fromEntries(entries.filter(isBatch)), {}, (part) => {
      const { loss: value, gradients } = lossAndGradients((params) => loss(part, params))(params);
      return { sums: { ...gradients as Tensors, loss: value }, carried: {} };
    });
    return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum.div(count)]));
  };
}

const dense = floats({ x: [12, 5], y: [12, 3], w1: [5, 7], b1: [7], w2: [7, 3] });
const images = floats({
  x: [48, 6, 6, 3],
  y: [48, 4],
  filter: [3, 3, 3, 16],
  bias: [16],
  second: [3, 3, 16, 32],
  w2: [32, 4],
});

for (const count of [2, 4, 12]) {
  test(`the gradient of a mean loss in ${count} parts is that of the whole`, async () => {
    const { specs, data } = dense;
    const whole = await everyWay(accumulated(denseLoss, ["x", "y"], 1), specs, data);
    const parts = await everyWay(accumulated(denseLoss, ["x", "y"], count), specs, data);
    parts.forEach((results, i) => assertAlike(results, whole[i], i === 1 ? 1e-14 : 1e-6));
  });
}

for (const count of [3, 16]) {
  test(`the gradient of a convolution net in ${count} parts is that of the whole, in tiles and without`, async () => {
    const { specs, data } = images;
    const whole = accumulated(imageLoss, ["x", "y"], 1);
    const parts = accumulated(imageLoss, ["x", "y"], count);
    const expected = await runCompiled(whole, specs, data, "float64");
    assertAlike(await runCompiled(parts, specs, data, "float64"), expected, 1e-13);
    for (const tiles of [true, false]) {
      assertAlike(
        await runCompiled(parts, specs, data, "float32", undefined, { tiles, axpy: true }),
        expected,
        1e-6,
      );
    }
    assertAlike(runEagerly(parts, specs, data), expected, 1e-6);
  });
}

test("convolutions of parts are in tiles", () => {
  const parts = accumulated(imageLoss, ["x", "y"], 3);
  assert.deepEqual(Object.keys(compileFunction(parts, images.specs, "float32").tiled), ["8", "16"]);
});

/** Of each part, the loss at parameters that its own parts' gradients have moved. */
const nested: TensorFunction = ({ x, y, ...params }) => {
  const { sums, carried } = sumOverParts(2, { x, y }, { passes: tf.scalar(0) }, (part, { passes }) => {
    const inner = sumOverParts(3, part, { passes }, (batch, { passes }) => {
      const { gradients } = lossAndGradients((params) => denseLoss(batch, params))(params);
      return { sums: gradients as Tensors, carried: { passes: passes.add(1) } };
    });
    const moved = Object.fromEntries(
      Object.entries(params).map(([name, w]) => [name, w.add(inner.sums[name].div(3))]),
    );
    const { loss, gradients } = lossAndGradients((params) => denseLoss(part, params))(moved);
    return { sums: { ...gradients as Tensors, loss }, carried: inner.carried };
  });
  return { ...sums, ...carried };
};

test("sums over parts of parts are those of unrolled ones", async () => {
  const unrolled: TensorFunction = ({ x, y, ...params }) => {
    const totals: Record<string, tf.Tensor> = {};
    for (const begin of [0, 6]) {
      const part = { x: x.slice(begin, 6), y: y.slice(begin, 6) };
      const moved = { ...params };
      for (const from of [0, 2, 4]) {
        const batch = { x: part.x.slice(from, 2), y: part.y.slice(from, 2) };
        const { gradients } = lossAndGradients((params) => denseLoss(batch, params))(params);
        for (const name of Object.keys(params)) moved[name] = moved[name].add(gradients[name]!.div(3));
      }
      const { loss, gradients } = lossAndGradients((params) => denseLoss(part, params))(moved);
      for (const [name, sum] of Object.entries({ ...gradients as Tensors, loss })) {
        totals[name] = totals[name]?.add(sum) ?? sum;
      }
    }
    return { ...totals, passes: tf.scalar(6) };
  };
  const { specs, data } = dense;
  const expected = await everyWay(unrolled, specs, data);
  const found = await everyWay(nested, specs, data);
  found.forEach((results, i) => assertAlike(results, expected[i], i === 1 ? 1e-14 : 1e-6));
});

/** Some rows, a batch of which is read in parts, with a running mean of what they are. */
const batched: TensorFunction = ({ data, rows, w, mean }) => {
  const { sums, carried } = sumOverParts(4, { rows }, { mean }, ({ rows }, { mean }) => {
    const x = data.gather(rows as tf.Tensor1D);
    const { loss, gradients } = lossAndGradients(({ w }) => x.matMul(w).tanh().mean())({ w });
    return { sums: { loss, w: gradients.w! }, carried: { mean: mean.mul(0.5).add(x.mean(0).mul(0.5)) } };
  });
  return { loss: sums.loss, w: w.sub(sums.w), mean: carried.mean };
};

const stepSpecs = {
  carried: { w: { shape: [3, 2], dtype: "float" }, mean: { shape: [3], dtype: "float" } },
  fixed: { data: { shape: [20, 3], dtype: "float" } },
  scanned: { rows: { shape: [8], dtype: "int32" } },
} satisfies LoopSpecs;

const stepData: Data = { data: filled([20, 3], 1), w: filled([3, 2], 2), mean: [0, 1, 2] };
const order = Array.from({ length: 24 }, (_, i) => (i * 7) % 20);

for (const different of [["w", "mean"], ["w"], ["mean"], ["rows"], ["w", "mean", "rows"]]) {
  test(`sums over parts for three sets of ${different} at once are those of each`, async () => {
    const specs: Specs = { ...stepSpecs.carried, ...stepSpecs.fixed, ...stepSpecs.scanned };
    const sets = [0, 1, 2].map((set) =>
      ({
        ...stepData,
        rows: order.slice(0, 8),
        ...Object.fromEntries(
          different.map((name) => [
            name,
            name === "rows" ? order.slice(8 * set, 8 * set + 8) : filled(specs[name].shape, set + 3),
          ]),
        ),
      }) as Data
    );
    const all = Object.fromEntries(
      Object.keys(specs).map((name) => [
        name,
        different.includes(name) ? sets.flatMap((set) => set[name]) : sets[0][name],
      ]),
    );
    for (const precision of ["float32", "float64"] as const) {
      const together = await runCompiled(batched, specs, all, precision, { size: 3, inputs: different });
      const each = await Promise.all(sets.map((set) => runCompiled(batched, specs, set, precision)));
      for (const name of Object.keys(together)) {
        assertClose(together[name], each.flatMap((one) => one[name]), precision === "float32" ? 1e-6 : 1e-14);
      }
    }
  });
}

test("parts of parts for two sets at once are those of each", async () => {
  const { specs, data } = dense;
  const other = { ...data, w1: filled(specs.w1.shape, 9) };
  const all = { ...data, w1: [...data.w1, ...other.w1] };
  const together = await runCompiled(nested, specs, all, "float64", { size: 2, inputs: ["w1"] });
  const each = [
    await runCompiled(nested, specs, data, "float64"),
    await runCompiled(nested, specs, other, "float64"),
  ];
  for (const name of Object.keys(together)) {
    assertClose(together[name], each.flatMap((one) => one[name]), 1e-14);
  }
});

for (const together of [undefined, { size: 2, inputs: ["w", "mean"] }]) {
  const times = together?.size ?? 1;
  test(`sums over parts in each of several steps are those of steps by themselves, ${times} at once`, async () => {
    const repeated = (values: readonly number[]) => new Array(times).fill(values).flat() as number[];
    const executable = await HostExecutable.load(
      compileLoop(batched, { ...stepSpecs, stopUnlessFinite: "loss" }, "float32", together),
    );
    const feeds = {
      data: stepData.data,
      w: repeated(stepData.w),
      mean: repeated(stepData.mean),
      rows: order,
    };
    const results = await executable.run(
      Object.fromEntries(
        Object.entries(feeds).map(([name, values]) => [name, executable.value(name, values)]),
      ),
    );
    await executable.release();

    const specs: Specs = { ...stepSpecs.carried, ...stepSpecs.fixed, ...stepSpecs.scanned };
    let point: Record<string, readonly number[]> = stepData;
    const losses: number[] = [];
    for (let step = 0; step < 3; step++) {
      const { loss, ...next } = await runCompiled(batched, specs, {
        ...point,
        rows: order.slice(8 * step, 8 * step + 8),
      });
      losses.push(...loss);
      point = { ...point, ...next };
    }
    assertClose(Array.from(numbers(results.loss)), losses.flatMap((loss) => repeated([loss])));
    for (const name of ["w", "mean"]) assertClose(Array.from(numbers(results[name])), repeated(point[name]));
  });
}

test("the same sum over parts, asked for twice, is computed once", () => {
  const twice: TensorFunction = (inputs) => ({ a: nested(inputs).loss, b: nested(inputs).loss });
  const { outputs }: Graph = trace(twice, dense.specs);
  assert.equal(outputs.a, outputs.b);
  const counts = [...nodesOf({ inputs: {}, outputs })].filter(({ op }) => op === "SumOverParts").length;
  assert.equal(counts, 1);
});

test("what a part does not use is not taken apart", () => {
  const { outputs } = trace(({ x, y }) => {
    const { sums } = sumOverParts(2, { x, y }, {}, ({ x, y }) => {
      y.exp();
      return { sums: { x }, carried: {} };
    });
    return { x: sums.x };
  }, { ...rows, y: rows.x });
  const names = [...nodesOf({ inputs: {}, outputs })].flatMap(({ op, attributes }) =>
    op === "Input" ? [attributes.name] : []
  );
  assert.deepEqual(names, ["x"]);
});

test("what is the same for all parts is computed once, before them", () => {
  const { inputs, outputs } = trace(
    ({ x, w }) =>
      sumOverParts(3, { x }, {}, ({ x }) => ({ sums: { y: x.tanh().mul(w.exp()) }, carried: {} })).sums,
    {
      ...rows,
      w: { shape: [2], dtype: "float" },
    },
  );
  const lowering = new Lowering("float32", "%");
  for (const [name, node] of Object.entries(inputs)) lowering.bind(node, name);
  lowering.value(outputs.y);
  const loop = lowering.nodes.find(({ op }) => op === "Loop")!;
  const inside = (loop.attributes.body as OnnxGraph).nodes.map(({ op }) => op);
  assert.ok(lowering.nodes.some(({ op }) => op === "Exp"));
  assert.ok(inside.includes("Tanh"));
  assert.ok(!inside.includes("Exp"), String(inside));
});

test("any rows in any number of parts give the sums, and the last, of a plain loop", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.infiniteStream(fc.integer({ min: -9, max: 9 })),
      async (count, length, columns, stream) => {
        const data = [...stream.take(count * length * columns)];
        const specs: Specs = { x: { shape: [count * length, columns], dtype: "float" } };
        const fn: TensorFunction = ({ x }) => {
          const { sums, carried } = sumOverParts(count, { x }, { last: tf.scalar(7) }, ({ x }, { last }) => ({
            sums: { x },
            carried: { last: x.sum().sub(last) },
          }));
          return { ...sums, ...carried };
        };
        const size = length * columns;
        const x = new Array(size).fill(0);
        let last = 7;
        for (let part = 0; part < count; part++) {
          const values = data.slice(part * size, (part + 1) * size);
          values.forEach((value, i) => x[i] += value);
          last = values.reduce((sum, value) => sum + value) - last;
        }
        for (const results of await everyWay(fn, specs, { x: data })) {
          // A sum of zeros may be negative zero.
          assertAlike(results, { x, last: [last] }, 0);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test("an eager sum over parts keeps no more than its results", () => {
  void tf.setBackend("cpu");
  const x = tf.tensor2d(sixRows.x as number[], [6, 2]);
  const start = tf.scalar(1);
  const before = tf.memory().numTensors;
  const { sums, carried } = sumOverParts(3, { x }, { start }, ({ x }, { start }) => ({
    sums: { x: x.exp().log() },
    carried: { start },
  }));
  assert.equal(tf.memory().numTensors, before + 2);
  tf.dispose([sums, carried]);
  assert.deepEqual(Array.from(start.dataSync()), [1]);
  tf.dispose([x, start]);
});

test("tracing a sum over parts leaves TensorFlow.js as it was, also when the function fails", () => {
  const before = { ...tf.memory() };
  trace(nested, dense.specs);
  assert.throws(
    () =>
      trace(({ x }) => {
        assert.throws(() =>
          sumOverParts(3, { x }, {}, () => {
            throw new Error("in a part");
          }), /in a part/);
        return { y: x.exp().add(tf.tensor1d([1, 2, 3])) };
      }, rows),
    /broadcast|shape/i,
  );
  assert.equal(tf.memory().numTensors, before.numTensors);
  assert.equal(tf.memory().numDataBuffers, before.numDataBuffers);
});

const keep = (part: Tensors, carried: Tensors) => ({ sums: part, carried });

/** What is wrong is wrong in a compiled function and in an eager one. */
const errors: [string, TensorFunction, RegExp][] = [
  [
    "a number of parts that does not divide the rows",
    ({ x }) => sumOverParts(4, { x }, {}, keep).sums,
    /^RangeError: Cannot divide the 6 rows of x into 4 parts: use a number that divides them$/,
  ],
  [
    "a number of parts that is none",
    ({ x }) => sumOverParts(0, { x }, {}, keep).sums,
    /^RangeError: Cannot divide tensors into 0 parts: use a positive integer$/,
  ],
  [
    "half a part",
    ({ x }) => sumOverParts(1.5, { x }, {}, keep).sums,
    /^RangeError: Cannot divide tensors into 1.5 parts: use a positive integer$/,
  ],
  [
    "a scalar in parts",
    ({ x }) => sumOverParts(2, { total: x.sum() }, {}, keep).sums,
    /^RangeError: Cannot divide total into parts: a scalar has no rows$/,
  ],
  [
    "another tensor carried on",
    ({ x }) => sumOverParts(2, { x }, { a: x }, () => ({ sums: {}, carried: { b: x } })).carried,
    /^Error: Cannot carry on b: expected a$/,
  ],
  [
    "a carried tensor of another shape",
    ({ x }) => sumOverParts(2, { x }, { a: x }, ({ x }) => ({ sums: {}, carried: { a: x } })).carried,
    /^Error: Cannot carry on a as float32 \[3,2\]: expected float32 \[6,2\], as before the part$/,
  ],
  [
    "a gradient of a sum over parts",
    ({ x }) => ({ y: tf.grad((x) => sumOverParts(2, { x }, {}, keep).sums.x)(x) }),
    /^Error: Cannot take the gradient of a sum over parts: take that of each part, inside the function$/,
  ],
];

for (const [name, fn, message] of errors) {
  test(`${name} is an error that says what to do`, () => {
    assert.throws(() => trace(fn, rows), message);
    assert.throws(() => runEagerly(fn, rows, sixRows), message);
  });
}
