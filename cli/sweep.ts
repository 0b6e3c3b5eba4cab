import process from "node:process";
import { learningCurves } from "../results/charts/learning_curves.ts";
import {
  configurationLabel,
  formatNumber,
  formatValue,
  hyperColumns,
  studyTitle,
} from "../results/format.ts";
import { StudyStore } from "../results/store/store.ts";
import { type ConfigurationSummary, summarize } from "../results/summary.ts";
import { resultsTable } from "../results/table.ts";
import { planStudy } from "../study/settings/plan.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import { runStudy } from "../study/study.ts";
import type { EpochProgress, TrialResult, TrialSpec } from "../study/trial.ts";
import { loadTask } from "../tasks/load.ts";
import { interruptible } from "./interrupt.ts";
import type { SweepRequest } from "./requests.ts";
import { bar, duration, type Progress, showProgress } from "./progress.ts";
import { provide } from "./provide.ts";
import { ownData } from "./own_data.ts";
import { trainingNotes } from "./training_notes.ts";
import { versions } from "./versions.ts";

/** Configurations in the table, and curves in the chart. */
const TABLE_ROWS = 10;
const CURVES = 3;

/** Runs a sweep, keeps its results, shows them, and returns the exit code. */
export async function sweep(request: SweepRequest): Promise<number> {
  const settings = await planStudy({ ...request, ...ownData(request.task, request) });
  const { landscape, data } = await loadTask(settings.taskChoice);
  await provide(data, request);
  const store = StudyStore.create({
    directory: request.out,
    settings,
    landscape,
    versions: versions(),
    commandLine: ["optbench", ...process.argv.slice(2)],
  });
  if (!request.quiet) process.stderr.write(`${announcement(settings)}\n`);

  const results: TrialResult[] = [];
  const progress = new SweepProgress(settings, request.quiet);
  const observer = {
    onEpoch: (trial: TrialSpec) => progress.epoch(trial),
    onSteps: (trials: readonly TrialSpec[], state: EpochProgress) => progress.steps(trials, state),
    onTrials(ended: readonly TrialResult[]) {
      store.append(...ended);
      results.push(...ended);
      progress.trials(ended, results);
    },
  };
  try {
    await interruptible((signal) => runStudy(settings, observer, signal), () => {
      progress.clear();
      store.finish("interrupted", summarize(results, settings));
      process.stderr.write(
        `optbench: interrupted; ${results.length} finished trials are kept in ${store.directory}\n`,
      );
    });
  } catch (error) {
    progress.clear();
    store.finish("failed", summarize(results, settings));
    throw error;
  }
  progress.clear();
  const summaries = summarize(results, settings);
  store.finish("completed", summaries);

  process.stdout.write(
    request.json
      ? `${JSON.stringify(machineReport(store, settings, summaries), null, 2)}\n`
      : humanReport(store, settings, summaries),
  );
  const failed = results.filter(({ outcome }) => outcome.status === "failed");
  const [first] = failed;
  if (first?.outcome.status === "failed") {
    process.stderr.write(
      `optbench: ${failed.length} of ${results.length} trials failed: ${first.outcome.error}\n`,
    );
  }
  return failed.length === results.length ? 1 : 0;
}

/** What is about to run: how much of it, which values, and what was left out. */
function announcement(settings: StudySettings): string {
  const { configurations, leftOut, seeds, epochs, batchSize, jobs, threads, space } = settings;
  const lines = [
    studyTitle(settings),
    `  ${plural(configurations.length, "configuration")} x ${plural(seeds.length, "seed")}, ` +
    `${plural(epochs, "epoch")}, batch ${batchSize}, ${plural(jobs, "job")}` +
    (threads > 1 ? ` of ${threads} threads` : ""),
  ];
  lines.push(...trainingNotes(settings).map((note) => `  ${note}`));
  for (const [name, values] of Object.entries(space)) {
    if (values.length > 1) lines.push(`  ${name} ${shortened(values.map((value) => formatValue(value)))}`);
  }
  const points = leftOut.reduce((sum, { count }) => sum + count, configurations.length);
  for (const { reason, count } of leftOut) lines.push(`  left out ${count} of ${points} points: ${reason}`);
  return lines.join("\n");
}

/** A list, or its beginning and end if it is long. */
function shortened(values: readonly string[]): string {
  if (values.length <= 7) return values.join(", ");
  return `${values.slice(0, 3).join(", ")}, ..., ${values.at(-1)} (${values.length} values)`;
}

function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** Trials done, the best so far, the time left. */
class SweepProgress {
  readonly #settings: StudySettings;
  readonly #trials: number;
  readonly #epochsPerTrial: number;
  readonly #label;
  readonly #progress: Progress;
  readonly #startMs = performance.now();
  #epochs = 0;
  /** What is done of epochs that have not ended, by the first trial of those that are trained together. */
  readonly #begun = new Map<number, number>();
  #results: readonly TrialResult[] = [];

  constructor(settings: StudySettings, quiet: boolean) {
    this.#settings = settings;
    this.#trials = settings.configurations.length * settings.seeds.length;
    this.#epochsPerTrial = settings.epochs;
    this.#progress = showProgress(quiet, 1000);
    const columns = hyperColumns(settings);
    this.#label = ({ configuration }: ConfigurationSummary) => configurationLabel(columns, configuration);
  }

  epoch({ index }: TrialSpec): void {
    this.#epochs++;
    this.#begun.delete(index);
    this.#show();
  }

  steps([first, ...others]: readonly TrialSpec[], { steps, stepsPerEpoch }: EpochProgress): void {
    this.#begun.set(first.index, (1 + others.length) * steps / stepsPerEpoch);
    this.#show();
  }

  trials(ended: readonly TrialResult[], all: readonly TrialResult[]): void {
    for (const { trial, outcome } of ended) {
      // Epochs that a trial did not live to see need not be waited for.
      this.#epochs += this.#epochsPerTrial - (outcome.status === "failed" ? 0 : outcome.epochs.length);
      this.#begun.delete(trial.index);
    }
    this.#results = all;
    this.#show();
  }

  clear(): void {
    this.#progress.clear();
  }

  #show(): void {
    this.#progress.update(() => {
      const { fraction, counts, best } = this.#state();
      return `${bar(fraction, 24)} ${counts}\n${best}`;
    }, () => {
      const { counts, best } = this.#state();
      return `${counts}; ${best}`;
    });
  }

  #state(): { fraction: number; counts: string; best: string } {
    const begun = [...this.#begun.values()].reduce((sum, epochs) => sum + epochs, 0);
    const fraction = Math.min(1, (this.#epochs + begun) / (this.#trials * this.#epochsPerTrial));
    const elapsed = (performance.now() - this.#startMs) / 1000;
    // Too early to tell: the first epochs wait for the compiler.
    const left = fraction > 0.03 ? `, ${duration(elapsed / fraction - elapsed)} left` : "";
    const [best] = summarize(this.#results, this.#settings);
    const value = best && finalMetric(best, this.#settings);
    return {
      fraction,
      counts: `${this.#results.length}/${this.#trials} trials${left}`,
      best: value ? `best ${value}: ${this.#label(best)}` : "no trial has completed yet",
    };
  }
}

/** `93.13 %` or `loss 0.3951`; nothing where no trial has completed. */
function finalMetric(
  { testAccuracy, testLoss }: ConfigurationSummary,
  { metric }: StudySettings,
): string | undefined {
  if (metric === "loss") return testLoss && `loss ${formatNumber(testLoss.mean)}`;
  return testAccuracy && `${(100 * testAccuracy.mean).toFixed(2)} %`;
}

function humanReport(
  store: StudyStore,
  settings: StudySettings,
  summaries: readonly ConfigurationSummary[],
): string {
  const width = process.stdout.columns || 80;
  const columns = hyperColumns(settings);
  const curves = summaries.slice(0, CURVES).map(({ configuration, learningCurve }) => ({
    label: configurationLabel(columns, configuration),
    values: learningCurve,
  }));
  return [
    "",
    resultsTable(summaries, settings, { top: TABLE_ROWS, width }),
    "",
    learningCurves(curves, {
      metric: settings.metric,
      width,
      colors: process.stdout.isTTY && process.stdout.hasColors(),
    }),
    "",
    ...store.files,
    "",
  ].join("\n");
}

function machineReport(
  { directory }: StudyStore,
  settings: StudySettings,
  summaries: readonly ConfigurationSummary[],
): unknown {
  const { task, metric, target, optimizer, seeds, epochs, batchSize, leftOut } = settings;
  return {
    directory,
    task,
    metric,
    target,
    optimizer: optimizer.name,
    base: optimizer.base ?? null,
    seeds,
    epochs,
    batchSize,
    leftOut,
    configurations: summaries.map(({ configuration, ...figures }) => ({
      configuration: configuration.index,
      values: configuration.values,
      ...figures,
    })),
  };
}
