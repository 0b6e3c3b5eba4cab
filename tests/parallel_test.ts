import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../datasets/random.ts";
import { concentration, type Count, hypergeometricTail } from "../results/charts/concentration.ts";
import { parallelInWords } from "../results/charts/parallel.ts";
import type { Tried } from "../results/charts/tried.ts";
import { assertClose } from "./_compiled.ts";

/** 96 configurations: the best have momentum 0.9 and a small lr, whatever nesterov is. */
const grid: readonly Tried[] = [0.01, 0.03, 0.1, 0.3, 1, 3].flatMap((lr, i) =>
  [0, 0.9].flatMap((momentum) =>
    [false, true].flatMap((nesterov) =>
      [1e-4, 1e-3].flatMap((weight_decay) =>
        [1, 2].map((repeat) => ({
          values: { lr, momentum, nesterov, weight_decay, repeat, eps: 1e-8 },
          value: 0.5 + (momentum > 0 ? 0.3 : 0) - (i < 2 ? 0 : i / 20) +
            (weight_decay === 1e-3 === nesterov ? 0.001 : 0) + repeat / 1e5 - i / 1e4,
        }))
      )
    )
  )
);

test("what the best share, how sure that is, and the path of the best", () => {
  assert.equal(
    parallelInWords(grid, { metric: "accuracy" }),
    `
The best 10 of 96 configurations: test accuracy 80.00 % or more

lr            0.01 to 0.03  of 0.01 to 3    low end: 10 of 10 (chance 3.3)
momentum      0.9           of 0, 0.9       decisive: 10 of 10 (chance 5)
nesterov      either        of false, true  no preference seen
weight_decay  1e-4, 0.001   of 1e-4, 0.001  no preference seen
repeat        1, 2          of 1, 2         no preference seen

A preference is what chance brings in less than 5 % of studies
best: lr 0.01 → momentum 0.9 → nesterov false → weight_decay 1e-4 → repeat 2
  → 80.10 %`.slice(1),
  );
});

test("the words stand on lines of their own where the terminal is narrow", () => {
  const [wide, narrow] = [80, 64].map((width) => parallelInWords(grid, { metric: "accuracy", width }));
  assert.match(wide, /^momentum .* decisive/m);
  assert.match(narrow, /^momentum .*\n +decisive/m);
});

test("a low loss is a good one", () => {
  const points = grid.map(({ values, value }) => ({ values, value: -value! }));
  assert.match(parallelInWords(points, { metric: "loss" }), /^momentum +0\.9 +of 0, 0\.9 +decisive/m);
  assert.match(parallelInWords(points, { metric: "accuracy" }), /^momentum +0 +of 0, 0\.9 +decisive/m);
});

test("what diverged counts as not among the best", () => {
  const points = Array.from({ length: 40 }, (_, i): Tried => ({
    values: { lr: i < 10 ? 0.1 : 1, b: i % 2 === 0 },
    value: i < 10 ? i / 40 : undefined,
  }));
  assert.match(
    parallelInWords(points, { metric: "accuracy" }),
    /The best 4 of 40 .*\n\nlr +0\.1 +of 0\.1, 1 +decisive: 4 of 4 \(chance 1\)/,
  );
});

test("one outlier in five does not hide a window of numbers", () => {
  const points = Array.from({ length: 50 }, (_, i): Tried => ({
    values: { lr: i + 1 },
    value: i >= 20 && i < 24 || i === 49 ? 0.9 : 0.1 + i / 1000,
  }));
  assert.match(
    parallelInWords(points, { metric: "accuracy" }),
    /^lr +21 to 24 +of 1 to 50 +middle: 4 of 5 \(chance 0\.4\)$/m,
  );
});

test("a few configurations tell nothing", () => {
  const points = Array.from({ length: 5 }, (_, i): Tried => ({ values: { lr: i, b: i > 2 }, value: i / 5 }));
  const text = parallelInWords(points, { metric: "accuracy" });
  assert.match(text, /^lr .*too few configurations to tell$/m);
  assert.match(text, /^b .*too few configurations to tell$/m);
  assert.doesNotMatch(text, /preference/);
});

test("many that are equally good tell nothing either", () => {
  const points = Array.from({ length: 50 }, (_, i): Tried => ({ values: { lr: i % 5 }, value: 1 }));
  assert.match(
    parallelInWords(points, { metric: "accuracy" }),
    /^The best 50 of 50 configurations.*\n\nlr .* too many equally good to tell$/m,
  );
});

test("a hyper-parameter that none of the best has is no preference", () => {
  const points = Array.from({ length: 30 }, (_, i): Tried => ({
    values: i < 15 ? { kind: "a" } : { kind: "b", beta: i },
    value: i,
  }));
  const text = parallelInWords(points, { metric: "loss" });
  assert.match(text, /^beta +- +of 15 to 29 +none of the best has it$/m);
  assert.match(text, /^best: kind a → 0$/m);
});

test("a study without a best, or without a choice, says so", () => {
  const failed = [{ values: { lr: 1 }, value: undefined }, { values: { lr: 2 }, value: NaN }];
  assert.equal(parallelInWords(failed, { metric: "loss" }), "No best configuration: none has completed");
  assert.equal(
    parallelInWords([{ values: { lr: 1 }, value: 1 }], { metric: "loss" }),
    "Nothing to compare: no hyper-parameter varies",
  );
});

test("the tail of the hypergeometric distribution is that of binomial coefficients", () => {
  // Of Python's math.comb.
  assertClose([hypergeometricTail(48, 5)(4, 16)], [0.03656360085592278], 1e-12);
  assertClose([hypergeometricTail(48, 5)(5, 24)], [0.024822695035460994], 1e-12);
  assertClose([hypergeometricTail(1000, 100)(45, 300)], [0.0005922610749731605], 1e-9);
  assert.equal(hypergeometricTail(10, 3)(3, 2), 0);
  assertClose([hypergeometricTail(10, 3)(0, 4)], [1], 1e-12);
});

test("chance alone gives a preference in about 5 % of studies, or fewer", () => {
  const random = new Random(1, "studies");
  const rate = (all: number, best: number, values: number, isOrdered: boolean) => {
    const studies = 1000;
    let preferences = 0;
    for (let study = 0; study < studies; study++) {
      const chosen = Array.from({ length: all }, (_, i) => ({ i, key: random.uniform() }))
        .sort((a, b) => a.key - b.key).slice(0, best).map(({ i }) => i % values);
      const counts = Array.from({ length: values }, (_, value): Count => ({
        value,
        all: all / values,
        best: chosen.filter((other) => other === value).length,
      }));
      if (concentration(counts, isOrdered).kind === "preference") preferences++;
    }
    return preferences / studies;
  };
  // Five standard errors above 5 %.
  for (const [all, best, values] of [[48, 5, 2], [48, 5, 4], [60, 6, 60], [200, 20, 40]]) {
    for (const isOrdered of [false, true]) {
      const seen = rate(all, best, values, isOrdered);
      assert.ok(seen < 0.085, `${seen} of ${all}, ${best}, ${values}, ${isOrdered}`);
    }
  }
});

const tried = fc.array(
  fc.record({
    values: fc.record({
      lr: fc.double({ min: 1e-6, max: 10, noNaN: true }),
      momentum: fc.constantFrom(0, 0.5, 0.9),
      schedule: fc.constantFrom("constant", "cosine:warmup=10,to=0.01", "linear"),
      scale_without_decay: fc.boolean(),
    }, { requiredKeys: ["lr"] }),
    value: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  }),
  { maxLength: 80 },
);

test("the words keep to their width", () => {
  fc.assert(fc.property(
    tried,
    fc.constantFrom("accuracy", "loss"),
    fc.integer({ min: 64, max: 140 }),
    (points, metric, width) => {
      const text = parallelInWords(points, { metric, width });
      assert.ok(text.split("\n").every((line) => line.length <= width), text);
      assert.doesNotMatch(text, /NaN|undefined/);
    },
  ));
});
