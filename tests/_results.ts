/** Studies and trials made up for the tests of results/. */
import { resolve } from "../optim/coefficients.ts";
import { partition } from "../optim/groups.ts";
import { getOptimizer, type OptimizerName, type RuleName } from "../optim/registry.ts";
import { trialFigures } from "../results/figures.ts";
import type { RecordedTrial } from "../results/store/record.ts";
import type { ChosenConfiguration } from "../study/ledger.ts";
import { Proposals } from "../study/proposals.ts";
import { grid } from "../study/samplers/grid.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import type { SearchSpace } from "../study/space/domain.ts";
import { defaultSpace, parseValues } from "../study/space/values.ts";
import type { TrialCheckpoint } from "../study/training/checkpoint.ts";
import type { EpochMetrics, TrialOutcome } from "../study/trial.ts";
import { getTask } from "../tasks/registry.ts";
import { type Metric, rolesOf } from "../tasks/task.ts";

/** A sweep on digits_mlp, with the default space unless `texts` says otherwise; or one that is judged by the loss. */
export function study(
  { name = "sgd", base, texts = {}, seeds = [1, 2, 3], metric = "accuracy" }: {
    name?: OptimizerName;
    base?: RuleName;
    texts?: Record<string, string>;
    seeds?: number[];
    metric?: Metric;
  } = {},
): StudySettings {
  const optimizer = getOptimizer(name, base);
  const space: SearchSpace = Object.fromEntries(
    Object.entries({ ...defaultSpace(optimizer), schedule: "constant", ...texts })
      .map(([key, text]) => [key, parseValues(key, text, optimizer.hyperparameters[key])]),
  );
  const { points, leftOut } = grid(optimizer, space);
  const { lr: _, ...defaults } = resolve(optimizer, { lr: 1, schedule: "constant" });
  const task = metric === "accuracy" ? "digits_mlp" : "rosenbrock";
  return {
    defaults,
    parameterGroups: partition(rolesOf(getTask(task)), []),
    task,
    taskChoice: { task },
    metric,
    target: metric === "accuracy" ? 0.92 : 0.01,
    optimizer: { name, base },
    space,
    conditions: [],
    sampler: { name: "grid", seed: 0, ahead: 8 },
    points: points.length,
    leftOut,
    pruners: [],
    stopAtTarget: false,
    budget: {},
    seeds,
    epochs: 30,
    batchSize: 64,
    accumulate: 1,
    shuffle: "every-epoch",
    runningStatistics: "first",
    device: "cpu",
    groupSize: 16,
    groupReason: "2,410 parameters: up to 32,768 train together",
    jobs: 2,
    threads: 1,
    checkpointMinutes: 5,
    hangMinutes: 10,
  };
}

const known = new WeakMap<StudySettings, readonly ChosenConfiguration[]>();

/** All configurations of a sweep. */
export function configurationsOf(settings: StudySettings): readonly ChosenConfiguration[] {
  let configurations = known.get(settings);
  if (configurations === undefined) known.set(settings, configurations = [...chosen(settings)]);
  return configurations;
}

function* chosen(settings: StudySettings): Generator<ChosenConfiguration> {
  const proposals = new Proposals(settings);
  for (let draw = 0;; draw++) {
    const proposal = proposals.next({ draw, observations: [], pending: [] });
    if (proposal === undefined) return;
    yield { index: draw, ...proposal };
  }
}

/** An epoch whose losses follow from its accuracy. */
export function epoch(number: number, testAccuracy: number): EpochMetrics {
  return { epoch: number, trainLoss: 1 - testAccuracy, testLoss: 1.5 - testAccuracy, testAccuracy };
}

/** A trial that completed with these test accuracies, one an epoch. */
export function completed(accuracies: readonly number[], wallSeconds = 2): Completed {
  return withEpochs(accuracies.map((accuracy, i) => epoch(i + 1, accuracy)), wallSeconds);
}

/** A trial of a task without accuracies that completed with these test losses, one an epoch. */
export function completedWithLosses(losses: readonly number[]): Completed {
  return withEpochs(losses.map((testLoss, i) => ({ epoch: i + 1, trainLoss: 2 * testLoss, testLoss })));
}

export type Completed = TrialOutcome & { status: "completed" };

/** Each epoch ends a quarter of a second after the one before. */
export function withEpochs(epochs: readonly EpochMetrics[], wallSeconds = 2): Completed {
  return {
    status: "completed",
    epochs,
    epochSeconds: epochs.map((_, i) => 0.25 * (i + 1)),
    steps: 22 * epochs.length,
    groupSize: 4,
    compileSeconds: 0.25,
    wallSeconds,
    stepMs: [0.1, 0.2, 0.3],
  };
}

/** A trial that diverged after these test accuracies. */
export function diverged(accuracies: readonly number[]): TrialOutcome & { status: "diverged" } {
  return { ...completed(accuracies), status: "diverged", reason: "the loss of step 3 is NaN" };
}

export const failed = { status: "failed", reason: "out of memory" } as const satisfies TrialOutcome;

/** What is kept of a trial that ended, of a configuration and one of its seeds, both by position in the study. */
export function recorded(
  settings: StudySettings,
  configuration: number,
  seed: number,
  outcome: TrialOutcome,
): RecordedTrial {
  return {
    index: configuration * settings.seeds.length + seed,
    configuration: configurationsOf(settings)[configuration],
    seed: settings.seeds[seed],
    stage: "search",
    state: outcome.status,
    reason: outcome.reason,
    epochs: outcome.status === "failed" ? 0 : outcome.epochs.length,
    figures: trialFigures(outcome, settings),
  };
}

/** A trial that has not ended. */
export function open(settings: StudySettings, configuration: number, seed: number): RecordedTrial {
  const trial = recorded(settings, configuration, seed, failed);
  return { ...trial, state: "planned", reason: undefined };
}

/** Where a trial is after so many epochs and some steps of the next, with these metrics so far. */
export function checkpointAfter(epochs: readonly EpochMetrics[], step = 0): TrialCheckpoint {
  const stream = { generator: [1, -2, 3, -4] };
  return {
    epoch: epochs.length + 1,
    step,
    alone: false,
    point: { w: { shape: [2], values: Float32Array.of(0.5, -0) } },
    streams: { shuffle: stream, noise: stream },
    record: {
      epochs,
      epochSeconds: epochs.map((_, i) => 0.25 * (i + 1)),
      trajectory: [],
      steps: 22 * epochs.length + step,
      lossSum: 0.5,
      stepTimes: { samples: [0.1, 0.2, 0.3], ms: 0.5, steps: 2 },
    },
    seconds: 1.5,
    compileSeconds: 0.25,
    groupSize: 4,
  };
}
