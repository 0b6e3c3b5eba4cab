import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { trialFigures } from "../results/figures.ts";
import type { Goal } from "../results/goal.ts";
import type { RecordedTrial } from "../results/store/record.ts";
import { meanCurve, summarize } from "../results/summary.ts";
import type { TrialOutcome } from "../study/trial.ts";
import {
  completed,
  completedWithLosses,
  configurationsOf,
  diverged,
  failed,
  open,
  recorded,
  study,
  withEpochs,
} from "./_results.ts";

const settings = study();
const byLoss = study({ metric: "loss" });
/** Above the target before its last epoch. */
const pruned = { ...completed([0.95, 0.5]), status: "pruned", reason: "too little" } as const;
const order = (trials: readonly RecordedTrial[], goal: Goal = settings) =>
  summarize(trials, goal).map((summary) => summary.configuration.index);

test("a trial's figures are those of its last epoch and of its best", () => {
  const figures = trialFigures(completed([0.5, 0.9, 0.9, 0.75]), settings);
  assert.equal(figures.testAccuracy, 0.75);
  assert.equal(figures.testLoss, 0.75);
  assert.equal(figures.trainLoss, 0.25);
  assert.equal(figures.bestTestAccuracy, 0.9);
  assert.equal(figures.bestEpoch, 2);
  assert.equal(figures.steps, 88);
  assert.equal(figures.stepMsMedian, 0.2);
});

test("a diverged trial has a best epoch but no final figures", () => {
  const figures = trialFigures(diverged([0.5, 0.25]), settings);
  assert.equal(figures.testAccuracy, undefined);
  assert.equal(figures.bestTestAccuracy, 0.5);
  assert.equal(figures.bestEpoch, 1);
  assert.deepEqual(trialFigures(failed, settings), {});
});

test("the best epoch of a trial is the best by the metric of its task", () => {
  const outcome = withEpochs([
    { epoch: 1, trainLoss: 1, testLoss: 0.5, testAccuracy: 0.75 },
    { epoch: 2, trainLoss: 1, testLoss: 0.25, testAccuracy: 0.5 },
    { epoch: 3, trainLoss: 1, testLoss: 0.75, testAccuracy: 0.875 },
    { epoch: 4, trainLoss: 1, testLoss: 0.25, testAccuracy: 0.875 },
  ]);
  for (const [goal, bestEpoch] of [[settings, 3], [byLoss, 2]] as const) {
    const figures = trialFigures(outcome, goal);
    assert.deepEqual(
      [figures.bestTestAccuracy, figures.bestTestLoss, figures.bestEpoch],
      [0.875, 0.25, bestEpoch],
    );
  }
});

test("a trial without accuracies has the figures of its losses alone", () => {
  const figures = trialFigures(completedWithLosses([0.5, 0.25, 1]), byLoss);
  assert.deepEqual([figures.trainLoss, figures.testLoss, figures.testAccuracy], [2, 1, undefined]);
  assert.deepEqual([figures.bestTestLoss, figures.bestEpoch, figures.bestTestAccuracy], [0.25, 2, undefined]);
});

test("what is not finite is never the best", () => {
  const outcome = withEpochs([
    { epoch: 1, trainLoss: 1, testLoss: NaN, testAccuracy: 0.25 },
    { epoch: 2, trainLoss: 1, testLoss: 3, testAccuracy: NaN },
    { epoch: 3, trainLoss: 1, testLoss: Infinity, testAccuracy: 0.125 },
  ]);
  const { bestTestAccuracy, bestTestLoss } = trialFigures(outcome, settings);
  assert.deepEqual([bestTestAccuracy, bestTestLoss], [0.25, 3]);
  assert.deepEqual([settings, byLoss].map((goal) => trialFigures(outcome, goal).bestEpoch), [1, 2]);
});

test("the target is reached in the first epoch whose metric is as good, and at its end", () => {
  const toTarget = (outcome: TrialOutcome, goal: Goal) => {
    const { epochsToTarget, secondsToTarget } = trialFigures(outcome, goal);
    return [epochsToTarget, secondsToTarget];
  };
  const accuracies = completed([0.5, 0.75, 0.5, 0.875]);
  assert.deepEqual(toTarget(accuracies, { metric: "accuracy", target: 0.75 }), [2, 0.5]);
  assert.deepEqual(toTarget(accuracies, { metric: "accuracy", target: 0.76 }), [4, 1]);
  assert.deepEqual(toTarget(accuracies, { metric: "accuracy", target: 0.9 }), [undefined, undefined]);
  const losses = completedWithLosses([3, 1, 2, 0.5]);
  assert.deepEqual(toTarget(losses, { metric: "loss", target: 1 }), [2, 0.5]);
  assert.deepEqual(toTarget(losses, { metric: "loss", target: 0.9 }), [4, 1]);
  assert.deepEqual(toTarget(losses, { metric: "loss", target: 0.4 }), [undefined, undefined]);
  assert.deepEqual(toTarget(diverged([0.5, 0.75]), { metric: "accuracy", target: 0.75 }), [2, 0.5]);
});

test("whatever was measured, the target is reached in the first epoch that is as good", () => {
  const value = fc.double({ min: 0, max: 1, noNaN: true });
  const metric = fc.constantFrom("accuracy", "loss");
  fc.assert(fc.property(fc.array(value), value, metric, (values, target, metric) => {
    const outcome = metric === "accuracy" ? completed(values) : completedWithLosses(values);
    const expected = values.findIndex((x) => metric === "accuracy" ? x >= target : x <= target);
    const { epochsToTarget } = trialFigures(outcome, { metric, target });
    assert.equal(epochsToTarget, expected === -1 ? undefined : expected + 1);
  }));
});

test("a summary counts the trials that reached the target, and takes medians over those", () => {
  const [summary, other] = summarize([
    recorded(settings, 0, 0, completed([0.95])),
    recorded(settings, 0, 1, completed([0.5, 0.5, 0.92])),
    recorded(settings, 0, 2, completed([0.91])),
    recorded(settings, 1, 0, completed([0.5])),
  ], settings);
  assert.deepEqual([summary.reachedTarget, summary.epochsToTarget, summary.secondsToTarget], [2, 2, 0.5]);
  assert.deepEqual([other.reachedTarget, other.epochsToTarget, other.secondsToTarget], [
    0,
    undefined,
    undefined,
  ]);
});

test("a trial that diverged after the target has reached it", () => {
  const [summary] = summarize([
    recorded(settings, 0, 0, diverged([0.5, 0.95, 0.1])),
    recorded(settings, 0, 1, failed),
  ], settings);
  assert.deepEqual([summary.reachedTarget, summary.epochsToTarget, summary.completed], [1, 2, 0]);
});

test("a study that is judged by the loss has a spread of the loss, and no accuracies", () => {
  const [summary] = summarize([
    recorded(byLoss, 0, 0, completedWithLosses([4, 1])),
    recorded(byLoss, 0, 1, completedWithLosses([2, 3])),
  ], byLoss);
  assert.deepEqual(summary.testLoss, { mean: 2, sd: Math.SQRT2 });
  assert.deepEqual([summary.spread!.lowerQuartile, summary.spread!.median], [1.5, 2]);
  assert.deepEqual(summary.bestTestLoss, { mean: 1.5, sd: Math.sqrt(0.5) });
  assert.deepEqual([summary.testAccuracy, summary.bestTestAccuracy], [undefined, undefined]);
});

test("a summary is over the seeds that completed", () => {
  const [summary] = summarize([
    recorded(settings, 4, 0, { ...completed([0.25, 0.5], 1) }),
    recorded(settings, 4, 1, { ...completed([0.5, 0.75], 3) }),
    recorded(settings, 4, 2, diverged([0.1])),
  ], settings);
  assert.equal(summary.rank, 1);
  assert.equal(summary.configuration, configurationsOf(settings)[4]);
  assert.deepEqual([summary.completed, summary.diverged, summary.failed], [2, 1, 0]);
  assert.deepEqual(summary.testAccuracy, { mean: 0.625, sd: Math.sqrt(0.03125) });
  assert.equal(summary.testLoss?.mean, 0.875);
  assert.equal(summary.trainLoss?.mean, 0.375);
  assert.equal(summary.bestTestAccuracy?.mean, 0.625);
  assert.equal(summary.stepMs, 0.2);
  assert.equal(summary.wallSeconds, 2);
});

test("a mean curve goes as far as every curve", () => {
  const curves = [[0.5, 0.75, 1], Float64Array.of(0.25, 0.25)];
  assert.deepEqual(meanCurve(curves), [0.375, 0.5]);
  assert.deepEqual(meanCurve([]), []);
});

test("the spread is that of the metric over the seeds that completed", () => {
  const trials = [0.25, 0.5, 1].map((accuracy, seed) => recorded(settings, 0, seed, completed([accuracy])));
  const [{ spread }] = summarize(trials, settings);
  const { interval, ...quartiles } = spread!;
  assert.deepEqual(quartiles, { median: 0.5, lowerQuartile: 0.375, upperQuartile: 0.75 });
  assert.ok(
    interval!.low >= 0.25 && interval!.low < 1.75 / 3 && interval!.high > 1.75 / 3 && interval!.high <= 1,
  );
  const [{ spread: ofTwo }] = summarize(
    [...trials.slice(0, 2), recorded(settings, 0, 2, diverged([1]))],
    settings,
  );
  assert.deepEqual([ofTwo!.median, ofTwo!.upperQuartile], [0.375, 0.4375]);
});

test("a pruned trial is counted, and measured by none of the means", () => {
  const [summary] = summarize(
    [recorded(settings, 0, 0, completed([0.5])), recorded(settings, 0, 1, pruned)],
    settings,
  );
  assert.deepEqual([summary.completed, summary.pruned, summary.reachedTarget], [1, 1, 1]);
  assert.deepEqual(summary.testAccuracy, { mean: 0.5, sd: undefined });
});

test("trials that have not ended are open, and a configuration of those alone has no summary", () => {
  const [summary, ...others] = summarize([
    recorded(settings, 0, 0, completed([0.5])),
    open(settings, 0, 1),
    { ...open(settings, 0, 2), state: "paused" },
    { ...open(settings, 1, 0), state: "running" },
  ], settings);
  assert.deepEqual([summary.configuration.index, summary.open, summary.completed], [0, 2, 1]);
  assert.deepEqual([summary.trials, others], [[0, 1, 2], []]);
});

test("the final trials of a protocol are summarised by themselves", () => {
  const search = [0.5, 0.75].map((accuracy, i) => recorded(settings, i, 0, completed([accuracy])));
  const final = [0, 1].map((seed) => (
    { ...recorded(settings, 1, seed, completed([0.25])), index: 100 + seed, stage: "final" } as const
  ));
  const summaries = (stage?: "search" | "final") =>
    summarize([...search, ...final], settings, stage).map(({ stage, trials }) => [stage, trials]);
  assert.deepEqual(summaries(), [["search", [3]], ["search", [0]]]);
  assert.deepEqual(summaries("final"), [["final", [100, 101]]]);
});

test("one seed has a mean and no deviation", () => {
  const [summary] = summarize([recorded(settings, 0, 0, completed([0.5]))], settings);
  assert.deepEqual(summary.testAccuracy, { mean: 0.5, sd: undefined });
  assert.deepEqual([summary.spread!.interval, summary.spread!.median], [undefined, 0.5]);
});

test("a configuration of which no trial completed has counts alone", () => {
  const [summary] = summarize(
    [recorded(settings, 0, 0, failed), recorded(settings, 0, 1, diverged([0.5]))],
    settings,
  );
  assert.deepEqual([summary.completed, summary.diverged, summary.failed], [0, 1, 1]);
  assert.equal(summary.testAccuracy, undefined);
  assert.equal(summary.stepMs, undefined);
  assert.deepEqual([summary.spread, summary.wallSeconds], [undefined, undefined]);
});

test("a study without results has no summaries", () => {
  assert.deepEqual(summarize([], settings), []);
});

test("the best mean final accuracy comes first, not the best epoch", () => {
  assert.deepEqual(
    order([
      recorded(settings, 0, 0, completed([0.5])),
      recorded(settings, 1, 0, completed([0.99, 0.4])),
      recorded(settings, 2, 0, completed([0.6])),
    ]),
    [2, 0, 1],
  );
});

test("what was pruned, diverged or failed for any seed comes after all that was not; what is open does not count", () => {
  assert.deepEqual(
    order([
      recorded(settings, 0, 0, completed([0.99])),
      recorded(settings, 0, 1, diverged([])),
      recorded(settings, 1, 0, completed([0.2])),
      recorded(settings, 2, 0, failed),
      recorded(settings, 3, 0, failed),
      recorded(settings, 3, 1, completed([0.999])),
      recorded(settings, 4, 0, completed([0.995])),
      recorded(settings, 4, 1, pruned),
      recorded(settings, 5, 0, completed([0.1])),
      open(settings, 5, 1),
    ]),
    [1, 5, 3, 4, 0, 2],
  );
});

test("ties go to the lower test loss, then to the grid's order", () => {
  const withLoss = (testLoss: number) =>
    withEpochs([{ epoch: 1, trainLoss: 1, testLoss, testAccuracy: 0.5 }]);
  assert.deepEqual(
    order([
      recorded(settings, 2, 0, withLoss(0.3)),
      recorded(settings, 1, 0, withLoss(0.3)),
      recorded(settings, 0, 0, withLoss(0.4)),
    ]),
    [1, 2, 0],
  );
});

test("by the loss the lowest final one comes first, then the higher accuracy, then the grid's order", () => {
  const ended = (testLoss: number, testAccuracy?: number) =>
    withEpochs([{ epoch: 1, trainLoss: 1, testLoss, testAccuracy }]);
  assert.deepEqual(
    order([
      recorded(byLoss, 0, 0, completedWithLosses([0.1, 0.4])),
      recorded(byLoss, 1, 0, completedWithLosses([-0.2])),
      recorded(byLoss, 2, 0, completedWithLosses([0.3])),
      recorded(byLoss, 3, 0, diverged([])),
      recorded(byLoss, 4, 0, failed),
    ], byLoss),
    [1, 2, 0, 3, 4],
  );
  assert.deepEqual(
    order([
      recorded(byLoss, 3, 0, ended(0.3, 0.5)),
      recorded(byLoss, 2, 0, ended(0.3, 0.5)),
      recorded(byLoss, 1, 0, ended(0.3, 0.75)),
      recorded(byLoss, 0, 0, ended(0.3)),
    ], byLoss),
    [1, 2, 3, 0],
  );
});

test("the order in which trials end changes nothing, not even the last bit", () => {
  const accuracy = fc.double({ min: 0, max: 1, noNaN: true });
  const outcome = fc.oneof(
    fc.array(accuracy, { minLength: 1, maxLength: 4 }).map((accuracies) => completed(accuracies)),
    fc.array(accuracy, { maxLength: 4 }).map(diverged),
    fc.constant(failed),
  );
  const outcomes = fc.array(outcome, { minLength: 9, maxLength: 9 });
  const shuffled = fc.shuffledSubarray([...Array(9).keys()], { minLength: 9 });
  fc.assert(fc.property(outcomes, shuffled, (outcomes, shuffled) => {
    const trials = outcomes.map((outcome, i) => recorded(settings, Math.floor(i / 3), i % 3, outcome));
    assert.deepEqual(summarize(shuffled.map((i) => trials[i]), settings), summarize(trials, settings));
  }));
});
