/** A study in a line, for lists of them. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { formatMetric } from "../../../results/charts/tried.ts";
import { configurationLabel, hyperColumns, studyTitle } from "../../../results/format.ts";
import { StoreError } from "../../../results/store/files.ts";
import { DATABASE_FILE, StudyRecord, type StudyStatus } from "../../../results/store/record.ts";
import { summarize } from "../../../results/summary.ts";
import type { HyperValues } from "../../../optim/hyperparameter.ts";
import type { Metric } from "../../../tasks/task.ts";
import { extentOf, secondsSpent } from "./extent.ts";
import { standings } from "./standings.ts";

/** What is known of a study's folder; undefined is what is not. */
export interface Overview {
  readonly directory: string;
  /** Of the folder. */
  readonly name: string;
  readonly status: StudyStatus | "damaged";
  /** What is wrong with a damaged one. */
  readonly problem?: string;
  readonly optimizer?: string;
  readonly base?: string;
  readonly task?: string;
  readonly metric?: Metric;
  /** Trials that have ended, and that there will be. */
  readonly trials?: number;
  readonly planned?: number;
  /** That were tried. */
  readonly configurations?: number;
  readonly diverged?: number;
  readonly failed?: number;
  /** The metric of the best configuration, the mean over its seeds; accuracies are between 0 and 1. */
  readonly best?: number;
  readonly values?: HyperValues;
  /** As people read them: optimizer and task, the metric, and the hyper-parameters that set the best apart. */
  readonly words?: { readonly title: string; readonly best?: string; readonly label?: string };
  /** ISO 8601. */
  readonly started?: string;
  /** In which a process ran it. */
  readonly seconds?: number;
  /** Of the folder. */
  readonly megabytes: number;
}

/** What a condition or an order of studies may name. */
export const overviewNames: readonly (keyof Overview)[] = [
  ...[
    "name",
    "status",
    "optimizer",
    "base",
    "task",
    "metric",
    "trials",
    "planned",
    "configurations",
  ] as const,
  ...["diverged", "failed", "best", "started", "seconds", "megabytes"] as const,
];

/**
 * The studies in a folder, or the folder itself where it is one.
 *
 * @throws {StoreError} where there is no such folder.
 */
export function studyFolders(folder: string): string[] {
  const isStudy = (path: string) => existsSync(join(path, DATABASE_FILE));
  if (isStudy(folder)) return [folder];
  try {
    return readdirSync(folder).map((name) => join(folder, name)).filter(isStudy);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT"
      ? "there is no such folder"
      : code === "ENOTDIR"
      ? "it is a file"
      : message;
    throw new StoreError(`Cannot list ${JSON.stringify(folder)}: ${reason}`, { cause: error });
  }
}

/** Whatever is wrong with a study is told of it, and never thrown. */
export function overview(directory: string): Overview {
  const name = basename(resolve(directory));
  const megabytes = bytesIn(directory) / 1e6;
  try {
    return { directory, name, megabytes, ...read(directory) };
  } catch (error) {
    return { directory, name, megabytes, status: "damaged", problem: (error as Error).message };
  }
}

function read(directory: string) {
  const record = StudyRecord.open(directory);
  try {
    const { settings, startedAt } = record.description;
    const { task, optimizer, metric } = settings;
    const { counts, status } = record;
    const { ended, planned } = extentOf(counts, settings);
    const ranked = standings(record.trials(), settings);
    const [best] = summarize(ranked.at(0)?.trials ?? [], settings);
    const value = (metric === "accuracy" ? best?.testAccuracy : best?.testLoss)?.mean;
    const known = value === undefined ? {} : {
      best: formatMetric(value, metric),
      label: configurationLabel(hyperColumns([best.configuration], settings), best.configuration),
    };
    return {
      status,
      optimizer: optimizer.name,
      base: optimizer.base,
      task,
      metric,
      trials: ended,
      planned,
      configurations: ranked.length,
      diverged: counts.diverged ?? 0,
      failed: counts.failed ?? 0,
      best: value,
      values: value === undefined ? undefined : best.configuration.values,
      words: { title: studyTitle(settings), ...known },
      started: startedAt,
      seconds: secondsSpent(directory),
    };
  } finally {
    record.close();
  }
}

/** Of the files in a folder; one that is replaced meanwhile does not count. */
function bytesIn(folder: string): number {
  const sizes = readdirSync(folder).map((name) =>
    statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
