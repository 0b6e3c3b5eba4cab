import assert from "node:assert/strict";
import { test } from "node:test";
import { compareSides } from "../results/compare/comparison.ts";
import { comparisonText } from "../results/compare/comparison_text.ts";
import { solverCosts } from "../results/compare/costs.ts";
import { comparedMetric } from "../results/compare/metrics.ts";
import { parseOperand } from "../results/compare/operands.ts";
import { rankingText, rankSolvers } from "../results/compare/ranking.ts";
import { sampleOf, summarizeSample } from "../results/compare/samples.ts";
import { best, bestAndNext, bestByValue, labelOf, named, namesOf } from "../results/compare/sides.ts";
import type { ComparedStudy } from "../results/compare/study.ts";
import type { RecordedTrial, StudyDescription } from "../results/store/record.ts";
import { summarize } from "../results/summary.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import type { TrialOutcome } from "../study/trial.ts";
import { completed, diverged, failed, open, recorded, study } from "./_results.ts";

const seeds = [1, 2, 3, 4, 5, 6];
const sgd = study({ seeds, texts: { lr: "0.1,0.2,0.3", momentum: "0.9", nesterov: "false,true" } });
const adam = study({ name: "adam", seeds, texts: { lr: "0.1,0.2", beta1: "0.9", beta2: "0.99" } });

/** A study with an outcome for each seed of some configurations, by position. */
function tried(
  settings: StudySettings,
  outcomes: Readonly<Record<number, readonly TrialOutcome[]>>,
  final: readonly RecordedTrial[] = [],
  folder = `results/${settings.optimizer.name}`,
): ComparedStudy {
  const trials = Object.entries(outcomes).flatMap(([configuration, outcomes]) =>
    outcomes.map((outcome, seed) => recorded(settings, Number(configuration), seed, outcome))
  );
  const versions = { optbench: "0.1.0", runtime: "deno", onnxruntime: "1", tfjs: "4", platform: "linux/x64" };
  const description: StudyDescription = {
    name: folder,
    settings,
    identity: { versions, code: "c0de".repeat(16), taskFile: null, table: null, text: null },
    cpu: { model: "a processor", cores: 2 },
    commandLine: [],
    startedAt: `2026-01-31T14:25:30.000Z`,
  };
  const all = [...trials, ...final];
  return {
    folder,
    name: folder.split("/").at(-1)!,
    optimizer: settings.optimizer.name,
    description,
    trials: all,
    searched: summarize(all, settings),
    final: summarize(all, settings, "final"),
  };
}

/** One run a seed, with accuracies around one. */
const around = (accuracy: number) => seeds.map((seed) => completed([accuracy / 2, accuracy + seed / 1000]));

const sgdStudy = tried(sgd, { 0: around(0.7), 1: around(0.9), 2: around(0.8), 5: around(0.75) });
const adamStudy = tried(adam, { 0: around(0.6), 1: around(0.85) });

const accuracy = comparedMetric("test_accuracy");
const trialsOf = (...outcomes: TrialOutcome[]) => outcomes.map((outcome, i) => recorded(sgd, 0, i, outcome));

test("a sample has the runs that ended, by seed, without a value where they did not complete", () => {
  const trials = [...trialsOf(completed([0.5]), diverged([0.95]), failed), open(sgd, 0, 3)].toReversed();
  assert.deepEqual(sampleOf(trials, accuracy), {
    runs: [{ seed: 1, value: 0.5 }, { seed: 2, value: undefined }, { seed: 3, value: undefined }],
    open: 1,
  });
});

test("the target counts where it was reached, even by a run that diverged later", () => {
  const trials = trialsOf(completed([0.5, 0.95]), diverged([0.93]), completed([0.5, 0.6]));
  const { runs } = sampleOf(trials, comparedMetric("epochs_to_target"));
  assert.deepEqual(runs.map(({ value }) => value), [2, 1, undefined]);
});

test("a sample's mean, interval and quartiles are over the runs with a value", () => {
  const summary = summarizeSample(sampleOf(trialsOf(completed([0.25]), failed, completed([0.75])), accuracy));
  assert.deepEqual([summary.runs, summary.failed], [3, 1]);
  assert.deepEqual([summary.mean, summary.median], [0.5, 0.5]);
  assert.deepEqual([summary.lowerQuartile, summary.upperQuartile], [0.375, 0.625]);
  assert.ok(summary.interval!.low <= 0.5 && summary.interval!.high >= 0.5);
});

test("an operand is a folder, a row of its table, or some of its hyper-parameters", () => {
  assert.deepEqual(parseOperand("a/b"), { typed: "a/b", folder: "a/b" });
  assert.deepEqual(parseOperand("a/b#12"), { typed: "a/b#12", folder: "a/b", rank: 12 });
  const values = [["lr", "0.1"], ["schedule", "warmup:5ep>cosine"]];
  const typed = "C:\\a:lr=0.1, schedule=warmup:5ep>cosine";
  assert.deepEqual(parseOperand(typed), { typed, folder: "C:\\a", values });
});

test("a study stands for its best configuration, and says out of how many it was chosen", () => {
  const side = best(sgdStudy);
  assert.equal(side.configuration.index, 1);
  assert.equal(side.chosenOf, 4);
  assert.equal(side.trials.length, seeds.length);
});

test("final trials go before those of the search, and were not chosen by themselves", () => {
  const final = recorded(sgd, 2, 0, completed([0.7]));
  const side = best(
    tried(sgd, { 1: around(0.9), 2: around(0.8) }, [{ ...final, index: 99, stage: "final" }]),
  );
  assert.deepEqual([side.stage, side.configuration.index, side.chosenOf], ["final", 2, 1]);
  assert.deepEqual(side.trials.map(({ index }) => index), [99]);
});

test("within a study the best is compared with the next", () => {
  const sides = bestAndNext(sgdStudy, 2);
  assert.deepEqual(sides.map(({ rank, chosenOf }) => [rank, chosenOf]), [[1, 4], [2, 1], [3, 1]]);
  assert.deepEqual(namesOf(sides), ["#1", "#2", "#3"]);
});

test("by a hyper-parameter, the best for each of its values", () => {
  const sides = bestByValue(sgdStudy, "nesterov");
  assert.deepEqual(namesOf(sides), ["nesterov true", "nesterov false"]);
  assert.deepEqual(sides.map(({ configuration }) => configuration.index), [1, 2]);
  assert.deepEqual(sides.map(({ chosenOf }) => chosenOf), [2, 2]);
  assert.throws(() => bestByValue(sgdStudy, "momentum"), {
    message: /by "momentum": momentum is always 0.9$/,
  });
});

test("of a hyper-parameter with very many values, the user says how many", () => {
  const lrs = Array.from({ length: 25 }, (_, i) => (i + 1) / 100);
  const settings = study({ seeds: [1], texts: { lr: lrs.join(), momentum: "0", nesterov: "false" } });
  const many = tried(settings, Object.fromEntries(lrs.map((lr, i) => [i, [completed([lr])]])));
  assert.throws(() => bestByValue(many, "lr"), { message: /lr has 25 values; .* --top 5$/ });
  assert.deepEqual(namesOf(bestByValue(many, "lr", 2)), ["lr 0.25", "lr 0.24", "lr 0.23"]);
});

test("names tell sides apart with as few words as do", () => {
  const [a, b] = [best(sgdStudy), best(adamStudy)];
  const other = best(tried(sgd, { 1: around(0.9) }, [], "results/other"));
  assert.deepEqual(namesOf([a, b]), ["sgd", "adam"]);
  assert.deepEqual(namesOf([a, other]), ["sgd", "other"]);
  assert.deepEqual(namesOf([a, named(sgdStudy, sgdStudy.searched[2]), b]), ["sgd#1", "sgd#3", "adam#1"]);
  assert.equal(labelOf(a), "lr 0.1, nesterov true");
});

test("the first side is compared with each other one, or each with each", () => {
  const sides = bestAndNext(sgdStudy, 2);
  const first = compareSides(sides, { allPairs: false });
  assert.deepEqual(first.pairs.map(({ sides }) => sides), [[0, 1], [0, 2]]);
  assert.deepEqual(first.pairs.map(({ family }) => family), [2, 2]);
  const all = compareSides(sides, { allPairs: true });
  assert.deepEqual(all.pairs.map(({ sides }) => sides), [[0, 1], [0, 2], [1, 2]]);
});

test("the direction of a metric is known", () => {
  const sides = [best(sgdStudy), best(adamStudy)];
  for (const metric of ["test_accuracy", "test_loss"] as const) {
    const { pairs: [pair] } = compareSides(sides, { metric, allPairs: false });
    assert.equal(pair.verdict, "better", metric);
    assert.equal(pair.paired, true);
  }
});

test("who was chosen on the same seeds, and what else differs, is warned of", () => {
  const longer = { ...adam, epochs: 50, jobs: 7 };
  const sides = [best(sgdStudy), best(tried(longer, { 0: around(0.6) }))];
  const { warnings } = compareSides(sides, { allPairs: false });
  assert.match(warnings[0], /^sgd was chosen as the best of 4 on these seeds; that flatters it: .*deepobs/);
  assert.equal(warnings[1], "the trainings differ: epochs 30, 50");
  const timed = compareSides(sides, { metric: "wall_seconds", allPairs: false });
  assert.ok(timed.warnings.includes("the trainings differ: epochs 30, 50; jobs 2, 7"));
});

test("a run that does not reach the target counts as the worst, and is called so", () => {
  const reaches = seeds.map((seed) => completed(seed === 1 ? [0.5, 0.5] : [0.5, 0.95]));
  const sides = [best(tried(sgd, { 0: reaches })), best(adamStudy)];
  const comparison = compareSides(sides, { metric: "epochs_to_target", allPairs: false });
  assert.equal(comparison.pairs[0].superiority.probability, 5.5 / 6);
  const text = comparisonText(comparison, 80).replaceAll(/\s+/g, " ");
  assert.match(text, /1 of 6 runs of sgd did not reach the target, counted as the worst/);
});

test("runs that seeds do not change are warned of", () => {
  const same = (value: number) => seeds.map(() => completed([value]));
  const { warnings } = compareSides(bestAndNext(tried(sgd, { 0: same(0.5), 1: same(0.6) }), 1), {
    allPairs: false,
  });
  assert.ok(warnings.some((text) => text.includes("seeds change nothing")));
});

test("what cannot be compared is refused", () => {
  const other = tried({ ...adam, task: "iris_mlp" }, { 0: around(0.9) });
  const compare = (...studies: ComparedStudy[]) => () => compareSides(studies.map(best), { allPairs: false });
  assert.throws(compare(sgdStudy, other), {
    message: /they train on digits_mlp and iris_mlp; .* optbench rank$/,
  });
  assert.throws(compare(sgdStudy, sgdStudy), { message: /^Cannot compare results\/sgd#1 with itself/ });
  const target = { metric: "epochs_to_target", allPairs: false } as const;
  assert.throws(() => compareSides([best(sgdStudy), best(adamStudy)], target), {
    message: "Cannot compare by epochs_to_target: no run reached the target; use another metric",
  });
});

test("the tables fit into 80 columns, whatever the names", () => {
  const sides = [
    sgdStudy,
    adamStudy,
    tried(sgd, { 1: around(0.9) }, [], "a-very-long-name-of-a-folder-for-sgd"),
  ];
  const text = comparisonText(compareSides(sides.map(best), { allPairs: true }), 80);
  assert.match(text, /sgd against/);
  assert.match(text, /Holm p/);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
});

/** A study of one configuration whose runs reach the target after so many epochs; never where that is 0. */
function reaching(settings: StudySettings, task: string, ...after: number[]): ComparedStudy {
  const run = (epochs: number) =>
    completed(epochs === 0 ? [0.5, 0.5] : [...Array.from({ length: epochs - 1 }, () => 0.5), 0.95]);
  return tried({ ...settings, task }, { 0: after.map(run) }, [], `${settings.optimizer.name}-${task}`);
}

test("a solver's cost is the median over seeds, and there is none where half of them never arrive", () => {
  const studies = [reaching(sgd, "digits_mlp", 3, 0, 5), reaching(adam, "digits_mlp", 2, 0)];
  const { costs } = solverCosts(studies, "epochs", "optimizer");
  assert.deepEqual(costs.map(({ solver, cost }) => [solver, cost]), [["sgd", 5], ["adam", undefined]]);
  assert.equal(solverCosts(studies, "steps", "optimizer").costs[0].cost, 5 * 22);
  assert.equal(solverCosts(studies, "seconds", "optimizer").costs[0].cost, 5 * 0.25);
});

test("a solver's configuration is the cheapest", () => {
  const outcomes = { 0: [completed([0.93, 0.93])], 1: [completed([0.5, 0.99])] };
  const { costs } = solverCosts([tried(sgd, outcomes), adamStudy], "epochs", "optimizer");
  assert.deepEqual([costs[0].cost, costs[0].configuration.index, costs[0].chosenOf], [1, 0, 2]);
});

test("tasks that a solver lacks are left out and named", () => {
  const studies = [
    reaching(sgd, "digits_mlp", 2),
    reaching(adam, "digits_mlp", 4),
    reaching(adam, "digits_logreg", 1),
  ];
  const ranking = rankSolvers(studies, "epochs", "optimizer");
  assert.deepEqual(ranking.leftOut, [{ task: "digits_logreg", lacks: ["sgd"] }]);
  assert.deepEqual(ranking.profiles.profiles.map(({ solver }) => solver), ["sgd", "adam"]);
  assert.deepEqual(ranking.warnings, ["digits_logreg is left out, as it lacks sgd"]);
  for (const line of rankingText(ranking, { width: 80, colors: false }).split("\n")) {
    assert.ok(line.length <= 80, line);
  }
});

test("solvers that cannot be ranked are refused", () => {
  const rank = (...studies: ComparedStudy[]) => () => rankSolvers(studies, "epochs", "optimizer");
  const [a, b] = [reaching(sgd, "digits_mlp", 2), reaching(adam, "digits_logreg", 4)];
  assert.throws(rank(a), { message: /all of it is sgd; name studies of two optimizers at least$/ });
  assert.throws(rank(a, b), { message: /no task was run with all of sgd, adam; digits_mlp lacks adam$/ });
  assert.throws(rank(a, a), { message: /are both sgd on digits_mlp; leave one out, or .* --by study$/ });
});
