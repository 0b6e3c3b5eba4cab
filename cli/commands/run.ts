import { existsSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { learningCurves } from "../../results/charts/learning_curves.ts";
import { contourChart } from "../../results/charts/contour_chart.ts";
import { contourSvg } from "../../results/charts/contour_svg.ts";
import { trialFigures } from "../../results/figures.ts";
import { createFile } from "../../results/store/files.ts";
import {
  configurationLabel,
  formatNumber,
  hyperColumns,
  optimizerLabel,
  studyTitle,
  wrap,
} from "../../results/format.ts";
import { formatTarget, measured } from "../../results/goal.ts";
import type { Trajectory } from "../../results/charts/trajectory.ts";
import { planStudy } from "../../study/settings/plan.ts";
import { runStudy, type StudyObserver } from "../../study/study.ts";
import type { StudySettings } from "../../study/settings/settings.ts";
import type { EpochMetrics, TrialOutcome, TrialResult } from "../../study/trial.ts";
import { getOptimizer } from "../../optim/registry.ts";
import type { HyperValues } from "../../optim/hyperparameter.ts";
import { resolve } from "../../optim/coefficients.ts";
import { loadTask } from "../../tasks/load.ts";
import type { Landscape } from "../../tasks/task.ts";
import { UsageError } from "../errors.ts";
import { interruptible } from "../terminal/interrupt.ts";
import type { RunRequest } from "../requests.ts";
import { bar, showProgress } from "../terminal/progress.ts";
import { ownData } from "../declare/own_data.ts";
import { provide } from "../terminal/provide.ts";
import { StudyStore } from "../../results/store/store.ts";
import { deviceNotes } from "../terminal/announcement.ts";
import { settleDevice } from "./study.ts";
import { trainingNotes } from "../terminal/training_notes.ts";

/** Trains once, shows the learning curve while it grows, and returns the exit code. */
export async function run(request: RunRequest): Promise<number> {
  const { task, seed, svg } = request;
  const values = legalValues(request);
  const device = await settleDevice(request);
  const settings = await planStudy({
    ...request,
    device: device.name,
    ...ownData(task, request),
    values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]])),
    seeds: [seed],
    jobs: 1,
  });
  const { landscape, data } = await loadTask(settings.taskChoice);
  if (svg !== undefined) checkDrawing(svg, settings, landscape);
  await provide(data, request);
  if (!request.quiet) { for (const note of deviceNotes(device)) process.stderr.write(`${note}\n`); }
  const ended: EpochMetrics[] = [];
  const progress = showProgress(request.quiet, 0);
  let result: TrialResult | undefined;
  const observer: StudyObserver = {
    onTrials: ([ended]) => result = ended,
    onEpoch(_trial, metrics) {
      ended.push(metrics);
      progress.update(
        () => `${chart(settings, ended, process.stderr)}\n${describeEpoch(metrics, settings.epochs)}`,
        () => describeEpoch(metrics, settings.epochs),
      );
    },
    onSteps(_trials, { epoch, steps, stepsPerEpoch }) {
      const state = `${
        bar(steps / stepsPerEpoch, 24)
      } epoch ${epoch}/${settings.epochs}, step ${steps}/${stepsPerEpoch}`;
      progress.update(() =>
        ended.length === 0 ? state : `${chart(settings, ended, process.stderr)}\n${state}`
      );
    },
  };
  const store = StudyStore.inMemory({ settings });
  await interruptible((signal) => runStudy(settings, store, observer, signal), () => {
    progress.clear();
    process.stderr.write(`optbench: interrupted after ${ended.length} of ${settings.epochs} epochs\n`);
  });
  progress.clear();
  const { outcome } = result!;
  process.stdout.write(
    request.json
      ? `${JSON.stringify(machineReport(settings, result!), null, 2)}\n`
      : `${humanReport(settings, result!, landscape)}\n`,
  );
  const paths = trajectories(settings, outcome);
  if (svg !== undefined && landscape && paths.length > 0) {
    createFile(svg, contourSvg(landscape, paths, { title: studyTitle(settings) }));
  }
  if (outcome.status === "completed") return 0;
  process.stderr.write(
    `optbench: the run ${outcome.status === "diverged" ? "diverged" : "failed"}: ${outcome.reason}\n`,
  );
  return 1;
}

/** @throws {UsageError} for what the drawing would fail for after the training. */
function checkDrawing(file: string, { task }: StudySettings, landscape: Landscape | undefined): void {
  if (landscape === undefined) {
    throw new UsageError(
      `--svg "${file}": ${task} is no function of two variables, so there is nothing to draw`,
    );
  }
  if (existsSync(file)) throw new UsageError(`--svg "${file}": it exists; name a new file`);
  const folder = dirname(file);
  if (!existsSync(folder)) {
    throw new UsageError(`--svg "${file}": there is no folder "${folder}"; make it first`);
  }
}

function legalValues({ optimizer, values }: RunRequest): HyperValues {
  try {
    return resolve(getOptimizer(optimizer.name, optimizer.base), values);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function chart(settings: StudySettings, epochs: readonly EpochMetrics[], stream: NodeJS.WriteStream): string {
  const { metric, optimizer } = settings;
  const curve = {
    label: optimizerLabel(optimizer),
    values: epochs.map((epoch) => measured(epoch, metric)),
  };
  return learningCurves([curve], { metric, ...chartStyle(stream) });
}

function chartStyle(stream: NodeJS.WriteStream) {
  return { width: stream.columns || 80, colors: stream.isTTY && stream.hasColors() };
}

/** Where the training moved, for tasks with a landscape. */
function trajectories({ optimizer }: StudySettings, outcome: TrialOutcome): Trajectory[] {
  if (outcome.status === "failed" || outcome.trajectory === undefined) return [];
  return [{ label: optimizerLabel(optimizer), points: outcome.trajectory }];
}

function describeEpoch({ epoch, trainLoss, testLoss, testAccuracy }: EpochMetrics, epochs: number): string {
  const counted = String(epoch).padStart(String(epochs).length);
  const parts = [`train loss ${formatNumber(trainLoss)}`, `test loss ${formatNumber(testLoss)}`];
  if (testAccuracy !== undefined) parts.push(`test accuracy ${percent(testAccuracy)}`);
  return `epoch ${counted}/${epochs}: ${parts.join(", ")}`;
}

function percent(accuracy: number): string {
  return `${(100 * accuracy).toFixed(2)} %`;
}

function humanReport(
  settings: StudySettings,
  { trial: { configuration, seed }, outcome }: TrialResult,
  landscape: Landscape | undefined,
): string {
  const { epochs: planned, batchSize } = settings;
  const values = configurationLabel(hyperColumns([configuration], settings), configuration);
  const lines = [
    `${studyTitle(settings)}: ${planned} epoch${planned === 1 ? "" : "s"}, batch ${batchSize}, seed ${seed}`,
    wrap(`with ${values}`, process.stdout.columns || 80),
    ...trainingNotes(settings),
  ];
  if (outcome.status === "failed") return lines.join("\n");
  const { epochs } = outcome;
  if (landscape) {
    lines.push("", contourChart(landscape, trajectories(settings, outcome), chartStyle(process.stdout)));
  }
  if (epochs.length > 0) {
    lines.push("", chart(settings, epochs, process.stdout), "", describeEpoch(epochs.at(-1)!, planned));
  }
  return [...lines, ...figureLines(settings, outcome)].join("\n");
}

/** The best epoch, the target, the times. */
function figureLines(settings: StudySettings, outcome: TrialOutcome): string[] {
  const figures = trialFigures(outcome, settings);
  const { bestTestAccuracy, bestTestLoss, bestEpoch, epochsToTarget, secondsToTarget } = figures;
  const { steps, stepMsMedian, compileSeconds, wallSeconds } = figures;
  const lines: string[] = [];
  if (bestEpoch !== undefined) {
    const best = settings.metric === "accuracy"
      ? `accuracy ${percent(bestTestAccuracy!)}`
      : `loss ${formatNumber(bestTestLoss!)}`;
    lines.push(`best test ${best} after epoch ${bestEpoch}`);
  }
  const reached = epochsToTarget === undefined
    ? "not reached"
    : `reached after epoch ${epochsToTarget}, ${formatNumber(secondsToTarget!, 3)} s`;
  lines.push(`target ${formatTarget(settings)} ${reached}`);
  if (stepMsMedian !== undefined) {
    const [each, wall, compile] = [stepMsMedian, wallSeconds!, compileSeconds!].map((x) =>
      formatNumber(x, 3)
    );
    lines.push(`${steps} steps, ${each} ms each (median); ${wall} s, of which ${compile} s to compile`);
  }
  return lines;
}

function machineReport(
  settings: StudySettings,
  { trial: { configuration, seed }, outcome }: TrialResult,
): unknown {
  const { task, metric, target, optimizer, epochs, batchSize, device } = settings;
  const { accumulate, lrScaling, parameterGroups } = settings;
  return {
    task,
    metric,
    target,
    optimizer: optimizer.name,
    base: optimizer.base ?? null,
    values: configuration.values,
    seed,
    batchSize,
    device,
    accumulate,
    lrScaling: lrScaling ?? null,
    parameterGroups,
    plannedEpochs: epochs,
    ...outcome,
  };
}
