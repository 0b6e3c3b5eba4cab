import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { type Curve, learningCurves } from "../results/charts/learning_curves.ts";

const rising = (epochs: number) =>
  Array.from({ length: epochs }, (_, i) => 1 - 0.9 * Math.exp(-5 * (i + 1) / epochs));

test("curves, axes, their ends and a legend", () => {
  const series = [
    { label: "lr 0.1", values: rising(20) },
    { label: "lr 1", values: [0.1, 0.2, 0.3, 0.3, 0.2] },
  ];
  assert.equal(
    learningCurves(series, { width: 50, height: 13 }),
    `
test accuracy %
  100 ┤                        ╭──────────────── 1
      │              ╭─────────╯
      │          ╭───╯
   75 ┤       ╭──╯
      │     ╭─╯
      │   ╭─╯
   50 ┤  ╭╯
      │ ╭╯
      ├─╯  ╭─╮
   25 ┤  ╭─╯ ╰─╮
      │╭─╯     ╰ 2
      ├╯
    0 ┤
      └────────┬─────────┬──────────┬──────────┬
epoch 1        5         10         15         20

1  lr 0.1   99.39 %
2  lr 1     20.00 % at epoch 5`.slice(1),
  );
});

test("a single epoch is a short line", () => {
  const series = [{ label: "a", values: [0.2] }, { label: "b", values: [0.8] }];
  assert.equal(
    learningCurves(series, { width: 40, height: 5 }),
    `
test accuracy %
  100 ┤
      ├──────── 2
      │
      ├──────── 1
    0 ┤
      └────────
epoch 1

1  a   20.00 %
2  b   80.00 %`.slice(1),
  );
});

test("equal values are a flat line", () => {
  assert.equal(
    learningCurves([{ label: "a", values: [1, 1, 1] }], { width: 40, height: 3 }),
    `
test accuracy %
100.0 ┼─────────────────────────────── 1
      │
 99.5 ┤
      └───────────────┬──────────────┬
epoch 1               2              3

1  a  100.00 %`.slice(1),
  );
});

test("a thousand epochs and two are drawn as wide as each other", () => {
  for (const epochs of [2, 3, 7, 30, 137, 1000]) {
    const lines = learningCurves([{ label: "a", values: rising(epochs) }], { width: 60 }).split("\n");
    const axis = lines.find((line) => line.includes("└"))!;
    assert.equal(axis.length, 58);
    assert.ok(axis.endsWith("┬"));
    const labels = lines[lines.indexOf(axis) + 1];
    assert.match(labels, new RegExp(`^epoch 1 .* ${epochs}$|^epoch 1 +2$`));
  }
});

test("a curve that ends early ends where its last epoch is, and the legend says so", () => {
  const lines = learningCurves([
    { label: "long", values: [0, 0.1, 0.2, 0.3, 1] },
    { label: "short", values: [0.5, 0.5, 0.5, NaN, 0.5] },
  ], { width: 50, height: 5 }).split("\n");
  assert.equal(lines[3], "      ├───────────────────── 2        ╭───╯");
  assert.equal(lines.at(-1), "2  short   50.00 % at epoch 3");
});

test("a curve without epochs is in the legend alone", () => {
  const text = learningCurves([{ label: "a", values: [] }, { label: "b", values: [0.5, 0.6] }], {
    width: 40,
  });
  assert.match(text, /\n1 {2}a {2}no epoch has ended\n2 {2}b {3}60\.00 %$/);
});

test("without any epoch there is a line that says so", () => {
  assert.equal(learningCurves([]), "No learning curve: no epoch has ended");
  assert.equal(learningCurves([{ label: "a", values: [] }]), "No learning curve: no epoch has ended");
});

test("where curves meet the earlier one is on top, and both ends are named", () => {
  const values = [0.5, 0.75];
  const text = learningCurves([{ label: "a", values }, { label: "b", values }], { colors: true, width: 40 });
  assert.match(stripVTControlCharacters(text), /─ 1 2\n/);
  const plot = text.slice(0, text.indexOf("└"));
  assert.ok(plot.includes("\x1b[36m─"));
  assert.ok(!plot.includes("\x1b[33m─"));
});

test("colours change nothing but colours", () => {
  const series = [{ label: "a", values: rising(9) }, { label: "b", values: [0.5, 0.6] }];
  const plain = learningCurves(series);
  assert.equal(stripVTControlCharacters(plain), plain);
  const colored = learningCurves(series, { colors: true });
  assert.notEqual(colored, plain);
  assert.equal(stripVTControlCharacters(colored), plain);
});

test("a label too long for the legend is cut", () => {
  const text = learningCurves([{ label: "x".repeat(100), values: [0.5] }], { width: 40 });
  assert.equal(text.split("\n").at(-1), `1  ${"x".repeat(26)}…   50.00 %`);
});

test("an accuracy outside 0 to 1 is refused", () => {
  assert.throws(
    () => learningCurves([{ label: "a", values: [97.2] }]),
    new RangeError("Invalid accuracy 97.2: expected a number from 0 to 1"),
  );
});

/** From one value to another, by the same factor each epoch. */
const geometric = (from: number, to: number, epochs: number) =>
  Array.from({ length: epochs }, (_, i) => from * (to / from) ** (i / (epochs - 1)));

test("losses have a linear axis, with round numbers", () => {
  const series = [{ label: "a", values: geometric(2.3, 0.3, 20) }, {
    label: "b",
    values: [1, 1.25, 1.5, 2, 2.5, 2.25],
  }];
  assert.equal(
    learningCurves(series, { metric: "loss", width: 50, height: 10 }),
    `
test loss
    3 ┤
      │
      ├─╮     ╭─── 2
    2 ┤ ╰──╮╭─╯
      │    ╰───╮
      │ ╭──╯   ╰────╮
    1 ┼─╯           ╰──────╮
      │                    ╰─────────╮
      │                              ╰────────── 1
    0 ┤
      └────────┬─────────┬──────────┬──────────┬
epoch 1        5         10         15         20

1  a   0.3
2  b  2.25 at epoch 6`.slice(1),
  );
});

test("losses that span more than two decades have a logarithmic axis, and its title says so", () => {
  assert.equal(
    learningCurves([{ label: "a", values: geometric(1000, 2e-4, 11) }], {
      metric: "loss",
      width: 50,
      height: 13,
    }),
    `
test loss, logarithmic
10000 ┤
      ├╮
      │╰───╮
  100 ┤    ╰───╮
      │        ╰───╮
      │            ╰───╮
    1 ┤                ╰───╮
      │                    ╰───╮
      │                        ╰───╮
 0.01 ┤                            ╰───╮
      │                                ╰───╮
      │                                    ╰───╮
 1e-4 ┤                                        ╰ 1
      └───┬───────┬────────┬───────┬───────┬───┬
epoch 1   2       4        6       8       10  11

1  a  2e-4`.slice(1),
  );
});

test("losses of two decades, and any that are not all positive, stay on a linear axis", () => {
  const title = (values: number[]) =>
    learningCurves([{ label: "a", values }], { metric: "loss" }).split("\n")[0];
  assert.equal(title([1, 100]), "test loss");
  assert.equal(title([1, 101]), "test loss, logarithmic");
  assert.equal(title([0, 1000]), "test loss");
  assert.equal(title([-1, 1000]), "test loss");
  assert.equal(title([1, 50, NaN, 1e9]), "test loss");
});

/** The labels of the y axis, from the top. */
function labels(values: number[], height: number): string[] {
  const lines = learningCurves([{ label: "a", values }], { metric: "loss", height }).split("\n");
  const axis = lines.findIndex((line) => line.includes("└"));
  return lines.slice(1, axis).map((line) => line.match(/^ *(\S*) *[┤┼├│]/)![1]).filter((label) =>
    label !== ""
  );
}

test("ticks of losses tell them apart, large, small, close together or equal", () => {
  assert.deepEqual(labels([87.051, 87.058], 13), ["87.058", "87.056", "87.054", "87.052", "87.050"]);
  assert.deepEqual(labels([1e7, 3e7], 13), ["3.0e7", "2.5e7", "2.0e7", "1.5e7", "1.0e7"]);
  assert.deepEqual(labels([2e-5, 3e-5], 13), ["3.0e-5", "2.5e-5", "2.0e-5"]);
  assert.deepEqual(labels([-1, 2], 13), ["2", "1", "0", "-1"]);
  assert.deepEqual(labels([1e-9, 1], 13), ["1", "0.01", "1e-4", "1e-6", "1e-8", "1e-10"]);
  assert.deepEqual(labels([0.3, 0.3], 4), ["0.31", "0.30"]);
  assert.deepEqual(labels([0, 0], 4), ["1", "0"]);
  assert.deepEqual(labels([-1, 1], 3), ["1", "0", "-1"]);
});

test("a loss may be any number, but a curve of losses ends before one that is not finite too", () => {
  const text = learningCurves([{ label: "a", values: [5, 4, Infinity] }, { label: "b", values: [3, 2, 1] }], {
    metric: "loss",
  });
  assert.match(text, /\n1 {2}a {2}4 at epoch 2\n2 {2}b {2}1$/);
});

test("any chart of losses fits its width and height, its ticks are in order, and every curve is between them", () => {
  const loss = fc.oneof(
    fc.double({ min: -1e30, max: 1e30, noNaN: true }),
    fc.double({ min: 1e-30, max: 1e30, noNaN: true }),
    fc.double({ min: 0.1, max: 3, noNaN: true }),
    fc.constantFrom(0, 0.5, 1, 87, -2, 5e-324, -1e-310),
  );
  const values = fc.oneof(
    fc.array(loss, { minLength: 1, maxLength: 12 }),
    fc.tuple(loss, fc.integer({ min: 1, max: 99 })).map(([x, n]) => new Array<number>(n).fill(x)),
  );
  const size = { width: fc.integer({ min: 40, max: 200 }), height: fc.integer({ min: 3, max: 40 }) };
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 6 }), fc.record(size), (all, options) => {
      const series = all.map((values, i) => ({ label: `c${i}`, values }));
      const lines = learningCurves(series, { metric: "loss", ...options }).split("\n");
      for (const line of lines) assert.ok(line.length <= options.width, line);
      const axis = lines.findIndex((line) => /^ *└/.test(line));
      assert.ok(axis - 1 <= options.height && axis - 1 >= 2);
      assert.equal(lines.length, axis + 3 + series.length);
      const ticks = lines.slice(1, axis).map((line) => line.match(/^ *(\S+) *[┤┼]/)?.[1])
        .filter((label) => label !== undefined).map(Number);
      assert.ok(ticks.length >= 2);
      assert.ok(ticks.every((tick, i) => i === 0 || tick < ticks[i - 1]), ticks.join());
      // What is smaller than any float32 is drawn at 0.
      const tolerance = Math.max(1e-100, 1e-5 * Math.max(...all.flat().map(Math.abs)));
      assert.ok(ticks[0] >= Math.max(...all.flat()) - tolerance);
      assert.ok(ticks.at(-1)! <= Math.min(...all.flat()) + tolerance);
    }),
  );
});

test("any chart fits its width and height, and every curve is named", () => {
  const accuracy = fc.double({ min: 0, max: 1, noNaN: true });
  const curve: fc.Arbitrary<Curve> = fc.record({
    label: fc.string({ unit: "grapheme-ascii", maxLength: 60 }),
    values: fc.oneof(
      fc.array(accuracy, { maxLength: 12 }),
      fc.integer({ min: 1, max: 1000 }).map(rising),
      fc.tuple(accuracy, fc.integer({ min: 1, max: 99 })).map(([x, n]) => new Array<number>(n).fill(x)),
    ),
  });
  const size = { width: fc.integer({ min: 32, max: 200 }), height: fc.integer({ min: 3, max: 40 }) };
  fc.assert(
    fc.property(fc.array(curve, { minLength: 1, maxLength: 12 }), fc.record(size), (series, options) => {
      fc.pre(series.some(({ values }) => values.length > 0));
      const lines = learningCurves(series, options).split("\n");
      for (const line of lines) assert.ok(line.length <= options.width, line);
      const axis = lines.findIndex((line) => line.startsWith("      └"));
      assert.ok(axis - 1 <= options.height && axis - 1 >= 2);
      assert.equal(lines.length, axis + 3 + series.length);
      const top = Number(lines[1].slice(0, 6));
      const bottom = Number(lines[axis - 1].slice(0, 6));
      const percents = series.flatMap(({ values }) => values.map((value) => 100 * value));
      assert.ok(top <= 100 && top >= Math.max(...percents) - 1e-9);
      assert.ok(bottom >= 0 && bottom <= Math.min(...percents) + 1e-9);
    }),
  );
});
