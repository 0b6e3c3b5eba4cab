import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  DEFAULT_BASE,
  isWrapper,
  type OptimizerName,
  optimizerNames,
  type RuleName,
} from "../optim/registry.ts";
import { configurationLabel, formatNumber, hyperColumns } from "../results/format.ts";
import { summarize } from "../results/summary.ts";
import { resultsTable } from "../results/table.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import {
  completed,
  completedWithLosses,
  configurationsOf,
  diverged,
  failed,
  open,
  recorded,
  study,
} from "./_results.ts";

/** Trials of every configuration, the earlier the better. */
function trialsOf(settings: StudySettings) {
  return configurationsOf(settings).flatMap((_, i) =>
    settings.seeds.map((_, seed) => recorded(settings, i, seed, completed([0.9 - 0.001 * i - 0.01 * seed])))
  );
}

const widthOf = (text: string) => Math.max(...text.split("\n").map((line) => line.length));

test("numbers read as people write them", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [0.9, "0.9"],
    [1 / 3, "0.3333"],
    [0.021544346900318843, "0.02154"],
    [0.001, "0.001"],
    [1e-4, "1e-4"],
    [2.5e-8, "2.5e-8"],
    [12.3456, "12.35"],
    [1234.56, "1235"],
    [123456.7, "123457"],
    [2.5e7, "2.5e7"],
    [1e21, "1e21"],
    [-0.5, "-0.5"],
    [-1e-5, "-1e-5"],
  ];
  for (const [x, text] of cases) assert.equal(formatNumber(x), text);
  assert.equal(formatNumber(0.12345, 2), "0.12");
});

test("a formatted number is the number to its digits", () => {
  fc.assert(fc.property(fc.double({ min: -1e300, max: 1e300, noNaN: true }), (x) => {
    assert.ok(Math.abs(Number(formatNumber(x)) - x) <= 5.1e-4 * Math.abs(x));
  }));
});

test("values that four digits do not tell apart get more", () => {
  const settings = study({ texts: { lr: "0.12345,0.12346,0.5" } });
  const [lr] = hyperColumns(configurationsOf(settings), settings);
  assert.deepEqual([0.12345, 0.12346, 0.5].map(lr.format), ["0.12345", "0.12346", "0.5"]);
});

test("a label names what varies, or what is no default where nothing does", () => {
  const texts = { momentum: "0.9", nesterov: "false" };
  const label = (settings: StudySettings, i: number) => {
    const configurations = configurationsOf(settings);
    return configurationLabel(hyperColumns(configurations, settings), configurations[i]);
  };
  const several = study({ texts: { ...texts, lr: "0.1,1" } });
  assert.equal(label(several, 1), "lr 1");
  const single = study({ texts: { ...texts, lr: "0.2" } });
  assert.equal(label(single, 0), "lr 0.2, momentum 0.9");
});

test("the best come first, with what varies in columns and what doesn't above", () => {
  const settings = study({
    texts: { lr: "1e-4,0.02154434690031884,10", momentum: "0,0.9", nesterov: "false", clip_norm: "2" },
  });
  assert.equal(
    resultsTable(summarize(trialsOf(settings), settings), settings, { top: 5 }),
    `
sgd on digits_mlp: best 5 of 6 configurations, mean ± sd of 3 seeds
with clip_norm 2
to target: median epochs to test accuracy 92 %

#        lr  momentum  test accuracy %  test loss  to target  step ms  trial s
─  ────────  ────────  ───────────────  ─────────  ─────────  ───────  ───────
1      1e-4       0       89.00 ± 1.00      0.61           -      0.2        2
2      1e-4       0.9     88.90 ± 1.00      0.611          -      0.2        2
3   0.02154       0       88.80 ± 1.00      0.612          -      0.2        2
4   0.02154       0.9     88.70 ± 1.00      0.613          -      0.2        2
5  10             0       88.60 ± 1.00      0.614          -      0.2        2`.slice(1),
  );
});

test("what went wrong or has not run is noted", () => {
  const settings = study({ name: "adam", texts: { lr: "1,0.1,0.01", beta1: "0.9", beta2: "0.99" } });
  const summaries = summarize([
    recorded(settings, 0, 0, completed([0.99])),
    recorded(settings, 0, 1, diverged([])),
    recorded(settings, 0, 2, failed),
    recorded(settings, 1, 0, completed([0.5])),
    recorded(settings, 1, 1, completed([0.75])),
    open(settings, 1, 2),
    recorded(settings, 2, 0, diverged([])),
    recorded(settings, 2, 1, diverged([])),
    recorded(settings, 2, 2, diverged([])),
  ], settings);
  assert.equal(
    resultsTable(summaries, settings, { width: 100 }),
    `
adam on digits_mlp: 3 configurations, mean ± sd of 3 seeds
with beta2 0.99
to target: median epochs to test accuracy 92 %

#    lr  test accuracy %  test loss  to target  step ms  trial s  note
─  ────  ───────────────  ─────────  ─────────  ───────  ───────  ────────────────────
1  0.1     62.50 ± 17.68      0.875    -            0.2        2  1 not run
2  1       99.00              0.51     1 (1/3)      0.2        2  1 diverged, 1 failed
3  0.01        -                  -    -              -        -  3 diverged`.slice(1),
  );
});

test("the epochs to the target are a median over the seeds that reached it, and how many did where not all", () => {
  const settings = study({
    texts: { lr: "0.1,0.3,1", momentum: "0", nesterov: "false" },
    seeds: [1, 2],
  });
  const reached = (epochs: number) => completed([...new Array<number>(epochs - 1).fill(0.5), 0.95]);
  const summaries = summarize([
    recorded(settings, 0, 0, reached(12)),
    recorded(settings, 0, 1, reached(15)),
    recorded(settings, 1, 0, reached(9)),
    recorded(settings, 1, 1, completed([0.91])),
    recorded(settings, 2, 0, reached(100)),
    recorded(settings, 2, 1, diverged([0.93])),
  ], settings);
  const rows = resultsTable(summaries, settings).split("\n").slice(-3);
  assert.deepEqual(rows, [
    "1  0.1     95.00 ± 0.00       0.55  13.5            0.2        2",
    "2  0.3     93.00 ± 2.83       0.57   9   (1/2)      0.2        2",
    "3  1       95.00              0.55  50.5            0.2        2  1 diverged",
  ]);
});

test("final trials have a table of their own, over their own seeds", () => {
  const asked = study({ seeds: [1], texts: { lr: "0.1,0.3", momentum: "0", nesterov: "false" } });
  const settings = { ...asked, protocol: { name: "deepobs", seeds: [1, 2] } } as const;
  const final = [1, 2].map((seed, i) => (
    { ...recorded(asked, 1, 0, completed([0.9 + 0.02 * i])), index: 2 + i, seed, stage: "final" } as const
  ));
  assert.equal(
    resultsTable(summarize([...trialsOf(asked), ...final], settings, "final"), settings),
    `
sgd on digits_mlp, final trials: 1 configuration, mean ± sd of 2 seeds
to target: median epochs to test accuracy 92 %

#   lr  test accuracy %  test loss  to target  step ms  trial s
─  ───  ───────────────  ─────────  ─────────  ───────  ───────
1  0.3     91.00 ± 1.41       0.59    1 (1/2)      0.2        2`.slice(1),
  );
});

test("where the loss is the metric it comes first, with its deviation; without accuracies there is no column for them", () => {
  const settings = study({
    metric: "loss",
    texts: { lr: "1e-4,0.001,0.01,0.1", momentum: "0", nesterov: "false" },
  });
  const losses = [[0.0123, 0.0124, 0.0128], [12.5, 13, 20], [3e-7, 4e-7, 6e-7]];
  const all = losses.flatMap((values, i) =>
    values.map((loss, seed) => recorded(settings, i, seed, completedWithLosses([1, loss])))
  );
  const last = [recorded(settings, 3, 0, diverged([])), open(settings, 3, 1), open(settings, 3, 2)];
  assert.equal(
    resultsTable(summarize([...all, ...last], settings), settings),
    `
sgd on rosenbrock: 4 configurations, mean ± sd of 3 seeds
to target: median epochs to test loss 0.01

#     lr          test loss  to target  step ms  trial s  note
─  ─────  ─────────────────  ─────────  ───────  ───────  ─────────────────────
1  0.01   4.333e-7 ± 1.5e-7          2      0.2        2
2   1e-4    0.0125 ± 2.6e-4          -      0.2        2
3  0.001   15.17   ±    4.2          -      0.2        2
4  0.1           -                   -        -        -  1 diverged, 2 not run`.slice(1),
  );
});

test("where the loss is the metric and there are accuracies, they come second", () => {
  const settings = study({ metric: "loss", seeds: [1, 2], texts: { lr: "0.1,1", momentum: "0" } });
  const text = resultsTable(summarize(trialsOf(settings), settings), settings, { width: 100 });
  assert.match(text, /^#.* test loss {2}test accuracy % {2}to target/m);
  assert.match(text, /^1 .* 0\.605 ± 0\.0071 +89\.50 /m);
});

test("a single trial is a table too", () => {
  const settings = study({
    name: "sam",
    base: "sgd",
    seeds: [42],
    texts: only("lr:0.1 rho:0.3 adaptive:false dampening:0.25 weight_decay:1e-4 ema:0.9 schedule:cosine"),
  });
  assert.equal(
    resultsTable(summarize(trialsOf(settings), settings), settings),
    `
sam over sgd on digits_mlp: 1 configuration, seed 42
with rho 0.3, adaptive false, lr 0.1, dampening 0.25, weight_decay 1e-4,
schedule cosine, ema 0.9
to target: epochs to test accuracy 92 %

#  test accuracy %  test loss  to target  step ms  trial s
─  ───────────────  ─────────  ─────────  ───────  ───────
1            90.00        0.6          -      0.2        2`.slice(1),
  );
});

function only(texts: string): Record<string, string> {
  return {
    momentum: "0",
    nesterov: "false",
    ...Object.fromEntries(texts.split(" ").map((pair) => pair.split(":"))),
  };
}

test("without results there is a line that says so", () => {
  assert.equal(resultsTable([], study()), "No trial has ended");
});

function withTrouble(settings: StudySettings) {
  const all = trialsOf(settings).slice(0, 6);
  all[1] = recorded(settings, 0, 1, diverged([]));
  all[2] = recorded(settings, 0, 2, failed);
  return summarize(all, settings);
}

test("where the width is short headers and notes are broken", () => {
  const settings = study({ name: "lars" });
  const text = resultsTable(withTrouble(settings), settings, { width: 98 });
  assert.equal(
    text.split("\n\n")[1],
    `
#   lr       trust_  momentum  nesterov          test   test      to  step  trial  note
        coefficient                        accuracy %   loss  target    ms      s
─  ───  ───────────  ────────  ────────  ────────────  ─────  ──────  ────  ─────  ───────────
1  0.1        0.001       0.9     false  88.90 ± 1.00  0.611       -   0.2      2
2  0.1        0.001       0       false  90.00         0.6         -   0.2      2  1 diverged,
                                                                                   1 failed`.slice(1),
  );
});

test("then columns move closer", () => {
  const settings = study({ name: "lars" });
  const text = resultsTable(withTrouble(settings), settings, { width: 90 });
  assert.equal(
    text.split("\n\n")[1],
    `
#  lr      trust_ momentum nesterov         test  test     to step trial note
      coefficient                     accuracy %  loss target   ms     s
─ ─── ─────────── ──────── ──────── ──────────── ───── ────── ──── ───── ───────────
1 0.1       0.001      0.9    false 88.90 ± 1.00 0.611      -  0.2     2
2 0.1       0.001      0      false 90.00        0.6        -  0.2     2 1 diverged,
                                                                         1 failed`.slice(1),
  );
});

test("where that is not enough the hyper-parameters share a column", () => {
  const settings = study({ name: "sam", base: "lars" });
  const text = resultsTable(summarize(trialsOf(settings), settings), settings, { top: 2, width: 80 });
  assert.equal(
    text.split("\n\n")[1],
    `
#  configuration                              test   test      to  step  trial
                                        accuracy %   loss  target    ms      s
─  ─────────────────────────────────  ────────────  ─────  ──────  ────  ─────
1  rho 0.01, adaptive false, lr 0.1,  89.00 ± 1.00  0.61        -   0.2      2
   trust_coefficient 0.001,
   momentum 0, nesterov false
2  rho 0.01, adaptive false, lr 0.1,  88.90 ± 1.00  0.611       -   0.2      2
   trust_coefficient 0.001,
   momentum 0.9, nesterov false`.slice(1),
  );
});

test("the table of a study that is judged by the loss fits 80 columns too", () => {
  const settings = study({ name: "lars", metric: "loss" });
  const all = configurationsOf(settings).flatMap((_, i) =>
    settings.seeds.map((_, seed) =>
      recorded(settings, i, seed, completedWithLosses([1.2345e-7 * (i + 1) ** 2, 1 / (i + seed + 3) ** 4]))
    )
  );
  all[3] = recorded(settings, 1, 0, diverged([]));
  for (let width = 80; width <= 120; width += 8) {
    assert.ok(widthOf(resultsTable(summarize(all, settings), settings, { top: 10, width })) <= width);
  }
});

const choices: { name: OptimizerName; base?: RuleName }[] = [
  ...optimizerNames.map((name) => isWrapper(name) ? { name, base: DEFAULT_BASE } : { name }),
  { name: "sam", base: "lars" },
  { name: "sam", base: "adam" },
];
for (const { name, base } of choices) {
  test(`the default sweep of ${base === undefined ? name : `${name} over ${base}`} fits 80 columns and more`, () => {
    // Of some configurations, some seeds reach it.
    const settings = { ...study({ name, base }), target: 0.85 };
    const all = trialsOf(settings);
    all[3] = recorded(settings, 1, 0, diverged([]));
    all[4] = recorded(settings, 1, 1, failed);
    const summaries = summarize(all, settings);
    for (let width = 80; width <= 160; width += 8) {
      assert.ok(widthOf(resultsTable(summaries, settings, { width })) <= width);
    }
  });
}
