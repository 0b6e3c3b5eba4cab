/** The columns of a study's CSV files, and what stands in them. */
import type { StudySettings } from "../study/settings.ts";
import type { Configuration, TrialResult } from "../study/trial.ts";
import type { Cell } from "./csv.ts";
import { trialFigures } from "./figures.ts";
import type { ConfigurationSummary, MeanAndSd } from "./summary.ts";

function configurationColumns(settings: StudySettings): string[] {
  return [
    "configuration",
    "task",
    "optimizer",
    "base",
    ...Object.keys(settings.space),
    "batch_size",
    "epochs",
  ];
}

function configurationCells(settings: StudySettings, { index, values }: Configuration): Cell[] {
  const { task, optimizer, space, batchSize, epochs } = settings;
  const hyper = Object.keys(space).map((name) => values[name]);
  return [index, task, optimizer.name, optimizer.base, ...hyper, batchSize, epochs];
}

export function trialColumns(settings: StudySettings): string[] {
  return [
    "trial",
    ...configurationColumns(settings),
    "seed",
    "status",
    "train_loss",
    "test_loss",
    "test_accuracy",
    "best_test_accuracy",
    "best_epoch",
    "steps",
    "group_size",
    "compile_seconds",
    "wall_seconds",
    "step_ms_median",
    "step_ms_p95",
    "error",
  ];
}

export function trialRow(settings: StudySettings, { trial, outcome }: TrialResult): Cell[] {
  const figures = trialFigures(outcome);
  return [
    trial.index,
    ...configurationCells(settings, trial.configuration),
    trial.seed,
    outcome.status,
    figures.trainLoss,
    figures.testLoss,
    figures.testAccuracy,
    figures.bestTestAccuracy,
    figures.bestEpoch,
    figures.steps,
    figures.groupSize,
    figures.compileSeconds,
    figures.wallSeconds,
    figures.stepMsMedian,
    figures.stepMsP95,
    outcome.status === "completed" ? undefined : outcome.error,
  ];
}

export const curveColumns = [
  "trial",
  "configuration",
  "seed",
  "epoch",
  "train_loss",
  "test_loss",
  "test_accuracy",
];

export function curveRows({ trial, outcome }: TrialResult): Cell[][] {
  if (outcome.status === "failed") return [];
  return outcome.epochs.map(({ epoch, trainLoss, testLoss, testAccuracy }) => [
    trial.index,
    trial.configuration.index,
    trial.seed,
    epoch,
    trainLoss,
    testLoss,
    testAccuracy,
  ]);
}

export function summaryColumns(settings: StudySettings): string[] {
  return [
    "rank",
    ...configurationColumns(settings),
    "completed",
    "diverged",
    "failed",
    ...["test_accuracy", "test_loss", "train_loss", "best_test_accuracy"].flatMap((name) => [
      `${name}_mean`,
      `${name}_sd`,
    ]),
    "step_ms_median",
    "wall_seconds_median",
  ];
}

export function summaryRow(settings: StudySettings, summary: ConfigurationSummary): Cell[] {
  const cells = (statistic: MeanAndSd | undefined) => [statistic?.mean, statistic?.sd];
  return [
    summary.rank,
    ...configurationCells(settings, summary.configuration),
    summary.completed,
    summary.diverged,
    summary.failed,
    ...cells(summary.testAccuracy),
    ...cells(summary.testLoss),
    ...cells(summary.trainLoss),
    ...cells(summary.bestTestAccuracy),
    summary.stepMs,
    summary.wallSeconds,
  ];
}
