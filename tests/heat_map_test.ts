import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { roundEdges } from "../results/charts/bands.ts";
import { chooseAxes } from "../results/charts/choose_axes.ts";
import { heatMap } from "../results/charts/heat_map.ts";
import { COLORS } from "../results/charts/shades.ts";
import type { Tried } from "../results/charts/tried.ts";

const point = (lr: number, momentum: number, value: number | undefined): Tried => ({
  values: { lr, momentum },
  value,
});
const small = [
  point(0.1, 0, 0.5),
  point(0.1, 0.9, 0.8),
  point(1, 0, 0.9312),
  point(1, 0.9, undefined),
  point(10, 0.9, 0.1),
];
/** Log-uniform learning rates, and momenta that are uniform. */
const samples = Array.from(
  { length: 100 },
  (_, i) => point(10 ** (-3 + 3 * i / 99), (i * 37 % 100) / 100, i / 100),
);

test("cells with their metric and shade, the best of all, and what no cell says", () => {
  assert.equal(
    heatMap(small, { x: "momentum", y: "lr", metric: "accuracy" }),
    `
test accuracy %

        momentum
 lr        0      0.9
0.1  ░░ 50.0  ▓▓ 80.0
  1  ██ 93.1*       x
 10        ·     10.0

* best: 93.12 % with lr 1, momentum 0
░░ from 50.0, ▓▓ from 80.0, ██ from 93.1
x diverged or failed, · not tried`.slice(1),
  );
});

test("a cell shows the best of its configurations, or their mean without those that diverged", () => {
  const points = [
    { values: { a: 1, b: true, seed: 1 }, value: 0.5 },
    { values: { a: 1, b: true, seed: 2 }, value: 0.25 },
    { values: { a: 1, b: true, seed: 3 }, value: undefined },
    { values: { a: 2, b: true, seed: 1 }, value: 1 },
  ];
  const best = heatMap(points, { x: "a", y: "b", metric: "loss" });
  assert.match(best, /^test loss, the best over seed\n/);
  assert.match(best, /true +██ 0\.25\* +1\n/);
  assert.match(best, /best: 0\.25 with a 1, seed 2/);
  const mean = heatMap(points, { x: "a", y: "b", metric: "loss", cell: "mean" });
  assert.match(mean, /^test loss, the mean over seed\n/);
  assert.match(mean, /true +██ 0\.375\* +1\n/);
});

test("samples are put into bins with round edges, on the scale that suits them", () => {
  const map = heatMap(samples, { x: "lr", y: "momentum", metric: "accuracy", width: 90 });
  assert.match(map, /\n +0\.001 +0\.003 +0\.01 +0\.03 +0\.1 +0\.3\n/);
  assert.match(map, /\n +momentum +to 0\.003 +to 0\.01 +to 0\.03 +to 0\.1 +to 0\.3 +to 1\n/);
  for (let i = 0; i < 10; i++) assert.match(map, new RegExp(`\n *${i / 10} to ${(i + 1) / 10} `));
});

test("a listed value on the edge of two bins is in the upper one, the largest in the last", () => {
  const points = Array.from({ length: 41 }, (_, i) => point(i, 0, i / 100))
    .concat(Array.from({ length: 41 }, (_, i) => point(i, 0.9, 0)));
  const map = heatMap(points, { x: "momentum", y: "lr", metric: "accuracy", height: 4 });
  for (const [bin, best] of [["0 to 10", "9.0"], ["10 to 20", "19.0"], ["30 to 40", "40.0"]]) {
    assert.match(map, new RegExp(`^ *${bin} +.. +${best}`, "m"));
  }
});

test("listed numbers keep their rows where they fit", () => {
  const points = [0.001, 0.01, 0.1].flatMap((lr) => [0, 0.5, 0.9].map((momentum) => point(lr, momentum, lr)));
  assert.doesNotMatch(heatMap(points, { x: "momentum", y: "lr", metric: "accuracy" }), / to /);
});

test("edges of bins ascend, hold all values, and are no more than asked", () => {
  const value = fc.double({ noNaN: true, min: -1e12, max: 1e12 }).map((x) => Math.abs(x) < 1e-100 ? 0 : x);
  fc.assert(fc.property(
    fc.oneof(fc.uniqueArray(value, { minLength: 2 }), fc.uniqueArray(value.map(Math.abs), { minLength: 2 })),
    fc.integer({ min: 1, max: 20 }),
    (values, most) => {
      const ascending = values.map((x) => x + 0).sort((a, b) => a - b);
      const edges = roundEdges(ascending, most);
      assert.ok(edges.length >= 2 && edges.length - 1 <= most, `${edges}`);
      assert.ok(edges[0] <= ascending[0] && edges.at(-1)! >= ascending.at(-1)!, `${edges}`);
      assert.ok(edges.every((edge, i) => i === 0 || edge > edges[i - 1]), `${edges}`);
    },
  ));
});

test("of words that do not fit those of the best are shown, and the others counted", () => {
  const words = Array.from({ length: 30 }, (_, i) => `schedule_${i}`);
  const points = words.flatMap((schedule, i) =>
    [false, true].map((nesterov) => ({ values: { schedule, nesterov }, value: i }))
  );
  const map = heatMap(points, { x: "nesterov", y: "schedule", metric: "loss", height: 3 });
  assert.match(map, /schedule_0 [^]*schedule_1 [^]*schedule_2 /);
  assert.doesNotMatch(map, /schedule_3 /);
  assert.match(map, /54 configurations left out/);
});

test("configurations that lack one of the two are left out", () => {
  const map = heatMap([...small, { values: { lr: 0.1 }, value: 1 }], {
    x: "momentum",
    y: "lr",
    metric: "accuracy",
  });
  assert.match(map, /1 configuration left out/);
  assert.match(map, /best: 93\.12 %/);
});

test("equal bests are all marked", () => {
  const map = heatMap([point(1, 0, 1), point(2, 0.9, 1)], { x: "momentum", y: "lr", metric: "accuracy" });
  assert.equal(map.split("100.0*").length - 1, 2);
  assert.match(map, /\* best: 100\.00 %, in 2 cells, the first with lr 1, momentum 0\n/);
});

test("what cannot be drawn is said", () => {
  const draw = (points: readonly Tried[], x: string, y: string) => heatMap(points, { x, y, metric: "loss" });
  assert.equal(draw([], "lr", "momentum"), "No heat map: no configuration has ended");
  assert.equal(
    draw([{ values: { a: 1 }, value: 1 }, { values: { b: 1 }, value: 1 }], "a", "b"),
    "No heat map: no configuration has both a and b",
  );
  assert.throws(() => draw(small, "lr", "lr"), {
    name: "RangeError",
    message: "Cannot draw lr over itself; choose two hyper-parameters",
  });
  assert.throws(() => draw(small, "lr", "rho"), {
    name: "RangeError",
    message: "Cannot draw rho: no configuration has it; choose of lr, momentum",
  });
});

test("a study in which all diverged is drawn without a best", () => {
  const map = heatMap([point(1, 0, undefined), point(2, 0.9, NaN)], {
    x: "lr",
    y: "momentum",
    metric: "loss",
  });
  assert.match(map, /x diverged or failed/);
  assert.doesNotMatch(map, /best|NaN/);
});

const values = fc.record({
  lr: fc.double({ min: 1e-6, max: 10, noNaN: true }),
  momentum: fc.constantFrom(0, 0.5, 0.9),
  schedule: fc.constantFrom("constant", "cosine:warmup=10,to=0", "linear"),
  nesterov: fc.boolean(),
}, { requiredKeys: ["lr"] });
const tried = fc.array(
  fc.record({
    values,
    value: fc.option(fc.integer({ min: 0, max: 1000 }).map((x) => x / 1000), { nil: undefined }),
  }),
  { maxLength: 60 },
);

test("a map keeps to its width and its height, and reads the same in colours", () => {
  fc.assert(fc.property(
    tried,
    fc.constantFrom("accuracy", "loss"),
    fc.integer({ min: 52, max: 140 }),
    fc.integer({ min: 2, max: 12 }),
    fc.constantFrom("best", "mean"),
    (points, metric, width, height, cell) => {
      const axes = chooseAxes(points, metric);
      if (axes === undefined) return;
      const [x, y] = axes;
      const plain = heatMap(points, { x, y, metric, width, height, cell });
      const lines = plain.split("\n");
      assert.ok(lines.every((line) => line.length <= width), plain);
      const start = lines.findIndex((line) => line.trimStart().startsWith(y));
      if (start >= 0) assert.ok(lines.indexOf("", start) - start - 1 <= height, plain);
      const colored = stripVTControlCharacters(
        heatMap(points, { x, y, metric, width, height, cell, colors: true }),
      );
      const words = (text: string) =>
        text.split("\n").slice(0, lines.indexOf("", 3)).join("\n").match(/[^\s░▒▓█]+/g);
      assert.deepEqual(words(colored), words(plain));
    },
  ));
});

test("colours get lighter from the worst to the best, and their text is readable", () => {
  // WCAG 2.2, relative luminance.
  const linear = (c: number) => c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = (color: number) => {
    const parts = [36, 6, 1].map((unit) => Math.floor((color - 16) / unit) % 6);
    const [r, g, b] = parts.map((part) => linear(part === 0 ? 0 : 55 + 40 * part));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const backgrounds = COLORS.map(([background]) => luminance(background));
  assert.ok(backgrounds.every((light, i) => i === 0 || light > 1.3 * backgrounds[i - 1]), `${backgrounds}`);
  for (const [background, text] of COLORS) {
    const [dark, light] = [luminance(background), luminance(text)].sort((a, b) => a - b);
    assert.ok((light + 0.05) / (dark + 0.05) >= 4.5, `${text} on ${background}`);
  }
});

test("the axes are what matters, the one with fewer values across", () => {
  const points = [0.01, 0.1, 1].flatMap((lr) =>
    [0, 0.9].flatMap((momentum) =>
      [false, true].map((nesterov) => ({
        values: { nesterov, lr, momentum, eps: 1e-8 },
        value: lr + momentum,
      }))
    )
  );
  assert.deepEqual(chooseAxes(points, "loss"), ["momentum", "lr"]);
});

test("two hyper-parameters that matter only together are found", () => {
  const grid = [-2, -1, 0, 1, 2];
  const points = grid.flatMap((a) =>
    grid.flatMap((b) => grid.map((c) => ({ values: { a, c, b }, value: (a + b) ** 2 + a / 10 + c / 100 })))
  );
  assert.deepEqual(chooseAxes(points, "loss")?.toSorted(), ["a", "b"]);
});

test("whether a configuration diverges is an effect", () => {
  const points = [0, 1, 2, 3].flatMap((a) =>
    [0, 1, 2, 3].map((b) => ({ values: { a, b, c: (a + b) % 4 }, value: b === 3 ? undefined : 0.5 }))
  );
  assert.ok(chooseAxes(points, "accuracy")?.includes("b"));
});

test("there are no axes where fewer than two hyper-parameters vary", () => {
  assert.equal(chooseAxes([], "loss"), undefined);
  assert.equal(chooseAxes([point(1, 0, 1), point(2, 0, 1)], "loss"), undefined);
});
