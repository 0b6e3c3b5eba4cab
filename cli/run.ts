import process from "node:process";
import { learningCurves } from "../results/chart.ts";
import { trialFigures } from "../results/figures.ts";
import { configurationLabel, formatNumber, hyperColumns, wrap } from "../results/format.ts";
import { planStudy } from "../study/plan.ts";
import { runStudy, type StudyObserver } from "../study/study.ts";
import type { StudySettings } from "../study/settings.ts";
import type { EpochMetrics, TrialOutcome } from "../study/trial.ts";
import { getOptimizer } from "../optim/registry.ts";
import type { HyperValues } from "../optim/hyperparameter.ts";
import { resolve } from "../optim/optimizer.ts";
import { UsageError } from "./errors.ts";
import { describeChoice } from "./hyperparameters.ts";
import { interruptible } from "./interrupt.ts";
import type { RunRequest } from "./requests.ts";
import { showProgress } from "./progress.ts";

/** Trains once, shows the learning curve while it grows, and returns the exit code. */
export async function run(request: RunRequest): Promise<number> {
  const { optimizer, task, seed, epochs, batchSize } = request;
  const values = legalValues(request);
  const settings = planStudy({
    optimizer,
    task,
    values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]])),
    seeds: [seed],
    epochs,
    batchSize,
    jobs: 1,
  });
  const measured: EpochMetrics[] = [];
  const progress = showProgress(request.quiet, 0);
  const observer: StudyObserver = {
    onEpoch(_trial, metrics) {
      measured.push(metrics);
      progress.update(
        () => `${chart(settings, measured, process.stderr)}\n${describeEpoch(metrics, settings.epochs)}`,
        () => describeEpoch(metrics, settings.epochs),
      );
    },
  };
  const [{ outcome }] = await interruptible((signal) => runStudy(settings, observer, signal), () => {
    progress.clear();
    process.stderr.write(`optbench: interrupted after ${measured.length} of ${settings.epochs} epochs\n`);
  });
  progress.clear();
  process.stdout.write(
    request.json
      ? `${JSON.stringify(machineReport(settings, seed, outcome), null, 2)}\n`
      : `${humanReport(settings, seed, measured, outcome)}\n`,
  );
  if (outcome.status === "completed") return 0;
  process.stderr.write(
    `optbench: the run ${outcome.status === "diverged" ? "diverged" : "failed"}: ${outcome.error}\n`,
  );
  return 1;
}

function legalValues({ optimizer, values }: RunRequest): HyperValues {
  try {
    return resolve(getOptimizer(optimizer.name, optimizer.base), values);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function chart(settings: StudySettings, epochs: readonly EpochMetrics[], stream: NodeJS.WriteStream): string {
  const curve = {
    label: describeChoice(settings.optimizer),
    values: epochs.map(({ testAccuracy }) => testAccuracy),
  };
  return learningCurves([curve], { width: stream.columns || 80, colors: stream.isTTY && stream.hasColors() });
}

function describeEpoch({ epoch, trainLoss, testLoss, testAccuracy }: EpochMetrics, epochs: number): string {
  const counted = String(epoch).padStart(String(epochs).length);
  const losses = `train loss ${formatNumber(trainLoss)}, test loss ${formatNumber(testLoss)}`;
  return `epoch ${counted}/${epochs}: ${losses}, test accuracy ${(100 * testAccuracy).toFixed(2)} %`;
}

function humanReport(
  settings: StudySettings,
  seed: number,
  epochs: readonly EpochMetrics[],
  outcome: TrialOutcome,
): string {
  const { task, optimizer, configurations, epochs: planned, batchSize } = settings;
  const values = configurationLabel(hyperColumns(configurations), configurations[0]);
  const lines = [
    `${describeChoice(optimizer)} on ${task}: ${planned} epochs, batch ${batchSize}, seed ${seed}`,
    wrap(`with ${values}`, process.stdout.columns || 80),
  ];
  if (epochs.length > 0) {
    lines.push("", chart(settings, epochs, process.stdout), "", describeEpoch(epochs.at(-1)!, planned));
  }
  const figures = trialFigures(outcome);
  const { bestTestAccuracy, bestEpoch, steps, stepMsMedian, compileSeconds, wallSeconds } = figures;
  if (bestTestAccuracy !== undefined) {
    lines.push(`best test accuracy ${(100 * bestTestAccuracy).toFixed(2)} % after epoch ${bestEpoch}`);
  }
  if (stepMsMedian !== undefined) {
    const [each, wall, compile] = [stepMsMedian, wallSeconds!, compileSeconds!].map((x) =>
      formatNumber(x, 3)
    );
    lines.push(`${steps} steps, ${each} ms each (median); ${wall} s, of which ${compile} s to compile`);
  }
  return lines.join("\n");
}

function machineReport(settings: StudySettings, seed: number, outcome: TrialOutcome): unknown {
  const { task, optimizer, configurations, epochs, batchSize } = settings;
  return {
    task,
    optimizer: optimizer.name,
    base: optimizer.base ?? null,
    values: configurations[0].values,
    seed,
    batchSize,
    plannedEpochs: epochs,
    ...outcome,
  };
}
