/** What is said of a study when it has ended, or whenever it is asked for. */
import process from "node:process";
import { learningCurves } from "../../results/charts/learning_curves.ts";
import { configurationLabel, hyperColumns } from "../../results/format.ts";
import type { RecordedTrial, StudyRecord } from "../../results/store/record.ts";
import { type ConfigurationSummary, meanCurve, summarize } from "../../results/summary.ts";
import { resultsTable } from "../../results/table.ts";
import type { StudySettings } from "../../study/settings/settings.ts";

/** Configurations in the table, and curves in the chart. */
const TABLE_ROWS = 10;
const CURVES = 3;

/** A table, curves, and where the files are. */
export function humanReport(
  record: StudyRecord,
  settings: StudySettings,
  trials: readonly RecordedTrial[],
  files: readonly string[],
): string {
  const width = process.stdout.columns || 80;
  const search = summarize(trials, settings);
  const final = summarize(trials, settings, "final");
  return [
    "",
    resultsTable(search, settings, { top: TABLE_ROWS, width }),
    "",
    curvesOf(record, settings, search),
    "",
    ...final.length > 0 ? [resultsTable(final, settings, { width }), ""] : [],
    ...files,
    "",
  ].join("\n");
}

/** The mean learning curves of the best configurations. */
export function curvesOf(
  record: StudyRecord,
  settings: StudySettings,
  summaries: readonly ConfigurationSummary[],
): string {
  const { metric } = settings;
  const best = summaries.slice(0, CURVES);
  const columns = hyperColumns(best.map(({ configuration }) => configuration), settings);
  const curves = best.map(({ configuration, trials }) => ({
    label: configurationLabel(columns, configuration),
    values: meanCurve(trials.flatMap((trial) => {
      const curve = record.curve(trial);
      return (metric === "accuracy" ? curve?.testAccuracy : curve?.testLoss) ?? [];
    })),
  }));
  return learningCurves(curves, {
    metric,
    width: process.stdout.columns || 80,
    colors: process.stdout.isTTY && process.stdout.hasColors(),
  });
}

/** The same for programs. */
export function machineReport(
  directory: string,
  settings: StudySettings,
  trials: readonly RecordedTrial[],
): unknown {
  return {
    directory,
    ...plainSettings(settings),
    leftOut: settings.leftOut,
    configurations: summarize(trials, settings).map(plainSummary),
    final: summarize(trials, settings, "final").map(plainSummary),
  };
}

/** What a study trains, for programs. */
export function plainSettings({ task, metric, target, optimizer, seeds, epochs, batchSize }: StudySettings) {
  const { name, base = null } = optimizer;
  return { task, metric, target, optimizer: name, base, seeds, epochs, batchSize };
}

/** A configuration, for programs. */
export function plainSummary({ configuration, ...figures }: ConfigurationSummary) {
  return { configuration: configuration.index, values: configuration.values, ...figures };
}
