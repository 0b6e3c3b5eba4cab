import { join } from "node:path";
import process from "node:process";
import { learningCurves } from "../results/chart.ts";
import { configurationLabel, formatNumber, hyperColumns } from "../results/format.ts";
import { StudyStore } from "../results/store.ts";
import { type ConfigurationSummary, summarize } from "../results/summary.ts";
import { resultsTable } from "../results/table.ts";
import { planStudy } from "../study/plan.ts";
import type { StudySettings } from "../study/settings.ts";
import { runStudy } from "../study/study.ts";
import type { TrialResult } from "../study/trial.ts";
import { describeChoice } from "./hyperparameters.ts";
import { interruptible } from "./interrupt.ts";
import type { SweepRequest } from "./options.ts";
import { bar, duration, showProgress } from "./progress.ts";
import { versions } from "./versions.ts";

/** Configurations in the table, and curves in the chart. */
const TABLE_ROWS = 10;
const CURVES = 3;

/** Runs a sweep, keeps its results, shows them, and returns the exit code. */
export async function sweep(request: SweepRequest): Promise<number> {
  const settings = planStudy(request);
  const store = StudyStore.create({
    directory: request.out,
    settings,
    versions: versions(),
    commandLine: ["optbench", ...process.argv.slice(2)],
  });
  if (!request.quiet) process.stderr.write(`${announcement(settings)}\n`);

  const results: TrialResult[] = [];
  const progress = new SweepProgress(settings, request.quiet);
  const study = runStudy(settings, {
    onTrial(result) {
      store.append(result);
      results.push(result);
      progress.show(results);
    },
  });
  try {
    await interruptible(study, () => {
      progress.clear();
      store.finish("interrupted", summarize(results));
      process.stderr.write(
        `optbench: interrupted; ${results.length} finished trials are kept in ${store.directory}\n`,
      );
    });
  } catch (error) {
    progress.clear();
    store.finish("failed", summarize(results));
    throw error;
  }
  progress.clear();
  const summaries = summarize(results);
  store.finish("completed", summaries);

  process.stdout.write(
    request.json
      ? `${JSON.stringify(machineReport(store.directory, settings, summaries), null, 2)}\n`
      : humanReport(store.directory, settings, summaries),
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
  const { optimizer, task, configurations, leftOut, seeds, epochs, batchSize, jobs, space } = settings;
  const trials = configurations.length * seeds.length;
  const lines = [
    `${describeChoice(optimizer)} on ${task}: ${plural(configurations.length, "configuration")} x ` +
    `${plural(seeds.length, "seed")} = ${plural(trials, "trial")}, ` +
    `${plural(epochs, "epoch")}, batch ${batchSize}, ${plural(jobs, "job")}`,
    ...Object.entries(space).filter(([, values]) => values.length > 1).map(([name, values]) =>
      `  ${name}: ${
        values.map((value) => typeof value === "number" ? formatNumber(value) : String(value)).join(", ")
      }`
    ),
  ];
  const points = leftOut.reduce((sum, { count }) => sum + count, configurations.length);
  for (const { reason, count } of leftOut) {
    lines.push(`  left out ${count} of ${points} combinations: ${reason}`);
  }
  return lines.join("\n");
}

function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** Trials done, the best so far, the time left. */
class SweepProgress {
  readonly #trials: number;
  readonly #startMs = performance.now();
  readonly #progress;
  readonly #label;

  constructor(settings: StudySettings, quiet: boolean) {
    this.#trials = settings.configurations.length * settings.seeds.length;
    this.#progress = showProgress(quiet, 1000);
    const columns = hyperColumns(settings.configurations);
    this.#label = (summary: ConfigurationSummary) => configurationLabel(columns, summary.configuration);
  }

  show(results: readonly TrialResult[]): void {
    const describe = () => {
      const [best] = summarize(results);
      const accuracy = best.testAccuracy === undefined
        ? "none yet"
        : `${(100 * best.testAccuracy.mean).toFixed(2)} %`;
      const elapsed = (performance.now() - this.#startMs) / 1000;
      const left = duration(elapsed / results.length * (this.#trials - results.length));
      const counts = `${results.length}/${this.#trials} trials`;
      return { counts, accuracy, left, label: this.#label(best) };
    };
    this.#progress.update(
      () => {
        const { counts, accuracy, left, label } = describe();
        return `${
          bar(results.length / this.#trials, 24)
        } ${counts}, ${left} left\nbest ${accuracy}: ${label}`;
      },
      () => {
        const { counts, accuracy, left, label } = describe();
        return `${counts}, best ${accuracy} (${label}), ${left} left`;
      },
    );
  }

  clear(): void {
    this.#progress.clear();
  }
}

function humanReport(
  directory: string,
  settings: StudySettings,
  summaries: readonly ConfigurationSummary[],
): string {
  const width = process.stdout.columns || 80;
  const columns = hyperColumns(settings.configurations);
  const curves = summaries.slice(0, CURVES).map(({ configuration, learningCurve }) => ({
    label: configurationLabel(columns, configuration),
    values: learningCurve,
  }));
  return [
    "",
    resultsTable(summaries, settings, { top: TABLE_ROWS, width }),
    "",
    learningCurves(curves, { width, colors: process.stdout.isTTY && process.stdout.hasColors() }),
    "",
    ...["summary.csv", "trials.csv", "curves.csv", "study.json"].map((file) => join(directory, file)),
    "",
  ].join("\n");
}

function machineReport(
  directory: string,
  settings: StudySettings,
  summaries: readonly ConfigurationSummary[],
): unknown {
  const { task, optimizer, seeds, epochs, batchSize, leftOut } = settings;
  return {
    directory,
    task,
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
