/** The columns of a study's CSV files, each beside what stands in it. */
import type { StudySettings } from "../../study/settings/settings.ts";
import type { Configuration, EpochMetrics, TrialResult, TrialSpec } from "../../study/trial.ts";
import type { Cell } from "./csv.ts";
import { type TrialFigures, trialFigures } from "../figures.ts";
import type { Goal } from "../goal.ts";
import type { ConfigurationSummary, MeanAndSd } from "../summary.ts";

/** A column's name, and its cell in the row of `T`. */
type Column<T> = readonly [name: string, cell: (row: T) => Cell];

/** The header of some columns. */
export function header<T>(columns: readonly Column<T>[]): string[] {
  return columns.map(([name]) => name);
}

export function cells<T>(columns: readonly Column<T>[], row: T): Cell[] {
  return columns.map(([, cell]) => cell(row));
}

/** Columns of a part, as columns of the whole. */
function of<T, Part>(part: (row: T) => Part, columns: readonly Column<Part>[]): Column<T>[] {
  return columns.map(([name, cell]) => [name, (row) => cell(part(row))]);
}

function configurationColumns(settings: StudySettings): Column<Configuration>[] {
  const { task, optimizer, space, batchSize, epochs } = settings;
  return [
    ["configuration", ({ index }) => index],
    ["task", () => task],
    ["optimizer", () => optimizer.name],
    ["base", () => optimizer.base],
    ...Object.keys(space).map((name): Column<Configuration> => [name, ({ values }) => values[name]]),
    ["batch_size", () => batchSize],
    ["epochs", () => epochs],
  ];
}

const figureColumns: readonly Column<TrialFigures>[] = [
  ["train_loss", ({ trainLoss }) => trainLoss],
  ["test_loss", ({ testLoss }) => testLoss],
  ["test_accuracy", ({ testAccuracy }) => testAccuracy],
  ["best_test_accuracy", ({ bestTestAccuracy }) => bestTestAccuracy],
  ["best_test_loss", ({ bestTestLoss }) => bestTestLoss],
  ["best_epoch", ({ bestEpoch }) => bestEpoch],
  ["epochs_to_target", ({ epochsToTarget }) => epochsToTarget],
  ["seconds_to_target", ({ secondsToTarget }) => secondsToTarget],
  ["steps", ({ steps }) => steps],
  ["group_size", ({ groupSize }) => groupSize],
  ["compile_seconds", ({ compileSeconds }) => compileSeconds],
  ["wall_seconds", ({ wallSeconds }) => wallSeconds],
  ["step_ms_median", ({ stepMsMedian }) => stepMsMedian],
  ["step_ms_p95", ({ stepMsP95 }) => stepMsP95],
];

/** A row of trials.csv. */
interface TrialRow extends TrialResult {
  readonly figures: TrialFigures;
}

export function trialColumns(settings: StudySettings): Column<TrialRow>[] {
  return [
    ["trial", ({ trial }) => trial.index],
    ...of(({ trial }: TrialRow) => trial.configuration, configurationColumns(settings)),
    ["seed", ({ trial }) => trial.seed],
    ["status", ({ outcome }) => outcome.status],
    ...of(({ figures }: TrialRow) => figures, figureColumns),
    ["error", ({ outcome }) => outcome.status === "completed" ? undefined : outcome.error],
  ];
}

export function trialRow(result: TrialResult, goal: Goal): TrialRow {
  return { ...result, figures: trialFigures(result.outcome, goal) };
}

/** A row of curves.csv. */
interface CurveRow {
  readonly trial: TrialSpec;
  readonly metrics: EpochMetrics;
  readonly seconds: number;
}

export const curveColumns: readonly Column<CurveRow>[] = [
  ["trial", ({ trial }) => trial.index],
  ["configuration", ({ trial }) => trial.configuration.index],
  ["seed", ({ trial }) => trial.seed],
  ["epoch", ({ metrics }) => metrics.epoch],
  ["train_loss", ({ metrics }) => metrics.trainLoss],
  ["test_loss", ({ metrics }) => metrics.testLoss],
  ["test_accuracy", ({ metrics }) => metrics.testAccuracy],
  ["seconds", ({ seconds }) => seconds],
];

export function curveRows({ trial, outcome }: TrialResult): CurveRow[] {
  if (outcome.status === "failed") return [];
  return outcome.epochs.map((metrics, i) => ({ trial, metrics, seconds: outcome.epochSeconds[i] }));
}

/** A row of trajectories.csv. */
interface PointRow {
  readonly trial: TrialSpec;
  /** Steps taken: 0 at the start. */
  readonly step: number;
  readonly point: readonly [x: number, y: number];
}

export const trajectoryColumns: readonly Column<PointRow>[] = [
  ["trial", ({ trial }) => trial.index],
  ["step", ({ step }) => step],
  ["x", ({ point }) => point[0]],
  ["y", ({ point }) => point[1]],
];

export function trajectoryRows({ trial, outcome }: TrialResult): PointRow[] {
  if (outcome.status === "failed") return [];
  return (outcome.trajectory ?? []).map((point, step) => ({ trial, step, point }));
}

/** The columns of summary.csv. */
export function summaryColumns(settings: StudySettings): Column<ConfigurationSummary>[] {
  return [
    ["rank", ({ rank }) => rank],
    ...of(({ configuration }: ConfigurationSummary) => configuration, configurationColumns(settings)),
    ["completed", ({ completed }) => completed],
    ["diverged", ({ diverged }) => diverged],
    ["failed", ({ failed }) => failed],
    ...meanAndSd("test_accuracy", ({ testAccuracy }) => testAccuracy),
    ...meanAndSd("test_loss", ({ testLoss }) => testLoss),
    ...meanAndSd("train_loss", ({ trainLoss }) => trainLoss),
    ...meanAndSd("best_test_accuracy", ({ bestTestAccuracy }) => bestTestAccuracy),
    ...meanAndSd("best_test_loss", ({ bestTestLoss }) => bestTestLoss),
    ["reached_target", ({ reachedTarget }) => reachedTarget],
    ["epochs_to_target_median", ({ epochsToTarget }) => epochsToTarget],
    ["seconds_to_target_median", ({ secondsToTarget }) => secondsToTarget],
    ["step_ms_median", ({ stepMs }) => stepMs],
    ["wall_seconds_median", ({ wallSeconds }) => wallSeconds],
  ];
}

function meanAndSd(
  name: string,
  statistic: (summary: ConfigurationSummary) => MeanAndSd | undefined,
): Column<ConfigurationSummary>[] {
  return [
    [`${name}_mean`, (summary) => statistic(summary)?.mean],
    [`${name}_sd`, (summary) => statistic(summary)?.sd],
  ];
}
