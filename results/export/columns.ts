/** The columns of a study's tables, each beside what stands in it. */
import type { StudySettings } from "../../study/settings/settings.ts";
import type { Configuration } from "../../study/trial.ts";
import { figureColumns, type TrialFigures } from "../figures.ts";
import type { RecordedTrial } from "../store/record.ts";
import type { ConfigurationSummary, MeanAndSd } from "../summary.ts";
import type { Cell } from "./table.ts";

/** A column's name, and its cell in the row of `T`. */
export type Column<T> = readonly [name: string, cell: (row: T) => Cell];

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

/** The columns of trials.csv. */
export function trialColumns(settings: StudySettings): Column<RecordedTrial>[] {
  return [
    ["trial", ({ index }) => index],
    ...of(({ configuration }: RecordedTrial) => configuration, configurationColumns(settings)),
    ["seed", ({ seed }) => seed],
    ["stage", ({ stage }) => stage],
    ["status", ({ state }) => state],
    ...Object.entries(figureColumns).map((
      [name, column],
    ): Column<RecordedTrial> => [column, ({ figures }) => figures[name as keyof TrialFigures]]),
    ["reason", ({ reason }) => reason],
  ];
}

/** The columns of summary.csv. */
export function summaryColumns(settings: StudySettings): Column<ConfigurationSummary>[] {
  const { metric } = settings;
  return [
    ["rank", ({ rank }) => rank],
    ...of(({ configuration }: ConfigurationSummary) => configuration, configurationColumns(settings)),
    ["stage", ({ stage }) => stage],
    ["completed", ({ completed }) => completed],
    ["pruned", ({ pruned }) => pruned],
    ["diverged", ({ diverged }) => diverged],
    ["failed", ({ failed }) => failed],
    ...spreadColumns(metric === "accuracy" ? "test_accuracy" : "test_loss"),
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

/** Of the metric; the interval is that of the mean. */
function spreadColumns(name: string): Column<ConfigurationSummary>[] {
  return [
    [`${name}_ci95_low`, ({ spread }) => spread?.interval?.low],
    [`${name}_ci95_high`, ({ spread }) => spread?.interval?.high],
    [`${name}_median`, ({ spread }) => spread?.median],
    [`${name}_q1`, ({ spread }) => spread?.lowerQuartile],
    [`${name}_q3`, ({ spread }) => spread?.upperQuartile],
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
