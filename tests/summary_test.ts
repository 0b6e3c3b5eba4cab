import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { trialFigures } from "../results/figures.ts";
import { summarize } from "../results/summary.ts";
import type { TrialResult } from "../study/trial.ts";
import { completed, diverged, result, study } from "./_results.ts";

const settings = study();
const failed = { status: "failed", error: "out of memory" } as const;
const order = (results: readonly TrialResult[]) =>
  summarize(results).map((summary) => summary.configuration.index);

test("a trial's figures are those of its last epoch and of its best", () => {
  const figures = trialFigures(completed([0.5, 0.9, 0.9, 0.75]));
  assert.equal(figures.testAccuracy, 0.75);
  assert.equal(figures.testLoss, 0.75);
  assert.equal(figures.trainLoss, 0.25);
  assert.equal(figures.bestTestAccuracy, 0.9);
  assert.equal(figures.bestEpoch, 2);
  assert.equal(figures.steps, 88);
  assert.equal(figures.stepMsMedian, 0.2);
});

test("a diverged trial has a best epoch but no final figures", () => {
  const figures = trialFigures(diverged([0.5, 0.25]));
  assert.equal(figures.testAccuracy, undefined);
  assert.equal(figures.bestTestAccuracy, 0.5);
  assert.equal(figures.bestEpoch, 1);
  assert.deepEqual(trialFigures(failed), {});
});

test("a summary is over the seeds that completed", () => {
  const [summary] = summarize([
    result(settings, 4, 0, { ...completed([0.25, 0.5], 1) }),
    result(settings, 4, 1, { ...completed([0.5, 0.75], 3) }),
    result(settings, 4, 2, diverged([0.1])),
  ]);
  assert.equal(summary.rank, 1);
  assert.equal(summary.configuration, settings.configurations[4]);
  assert.deepEqual([summary.completed, summary.diverged, summary.failed], [2, 1, 0]);
  assert.deepEqual(summary.testAccuracy, { mean: 0.625, sd: Math.sqrt(0.03125) });
  assert.equal(summary.testLoss?.mean, 0.875);
  assert.equal(summary.trainLoss?.mean, 0.375);
  assert.equal(summary.bestTestAccuracy?.mean, 0.625);
  assert.equal(summary.stepMs, 0.2);
  assert.equal(summary.wallSeconds, 2);
  assert.deepEqual(summary.learningCurve, [0.375, 0.625]);
});

test("the learning curve goes as far as every completed seed", () => {
  const [{ learningCurve }] = summarize([
    result(settings, 0, 0, completed([0.5, 0.75, 1])),
    result(settings, 0, 1, completed([0.25, 0.25])),
    result(settings, 0, 2, diverged([0])),
  ]);
  assert.deepEqual(learningCurve, [0.375, 0.5]);
});

test("one seed has a mean and no deviation", () => {
  const [summary] = summarize([result(settings, 0, 0, completed([0.5]))]);
  assert.deepEqual(summary.testAccuracy, { mean: 0.5, sd: undefined });
});

test("a configuration of which no trial completed has counts alone", () => {
  const [summary] = summarize([result(settings, 0, 0, failed), result(settings, 0, 1, diverged([0.5]))]);
  assert.deepEqual([summary.completed, summary.diverged, summary.failed], [0, 1, 1]);
  assert.equal(summary.testAccuracy, undefined);
  assert.equal(summary.stepMs, undefined);
  assert.deepEqual(summary.learningCurve, []);
});

test("a study without results has no summaries", () => {
  assert.deepEqual(summarize([]), []);
});

test("the best mean final accuracy comes first, not the best epoch", () => {
  assert.deepEqual(
    order([
      result(settings, 0, 0, completed([0.5])),
      result(settings, 1, 0, completed([0.99, 0.4])),
      result(settings, 2, 0, completed([0.6])),
    ]),
    [2, 0, 1],
  );
});

test("what diverged or failed for any seed comes after all that did not", () => {
  assert.deepEqual(
    order([
      result(settings, 0, 0, completed([0.99])),
      result(settings, 0, 1, diverged([])),
      result(settings, 1, 0, completed([0.2])),
      result(settings, 2, 0, failed),
      result(settings, 3, 0, failed),
      result(settings, 3, 1, completed([0.999])),
    ]),
    [1, 3, 0, 2],
  );
});

test("ties go to the lower test loss, then to the grid's order", () => {
  const withLoss = (testLoss: number) => ({
    ...completed([]),
    epochs: [{ epoch: 1, trainLoss: 1, testLoss, testAccuracy: 0.5 }],
  });
  assert.deepEqual(
    order([
      result(settings, 2, 0, withLoss(0.3)),
      result(settings, 1, 0, withLoss(0.3)),
      result(settings, 0, 0, withLoss(0.4)),
    ]),
    [1, 2, 0],
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
    const results = outcomes.map((outcome, i) => result(settings, Math.floor(i / 3), i % 3, outcome));
    assert.deepEqual(summarize(shuffled.map((i) => results[i])), summarize(results));
  }));
});
