/** Studies and trials made up for the tests of results/. */
import { grid } from "../study/samplers/grid.ts";
import { defaultSpace, parseValues } from "../study/space/values.ts";
import type { SearchSpace, StudySettings } from "../study/settings/settings.ts";
import { getTask } from "../tasks/registry.ts";
import { type Metric, rolesOf } from "../tasks/task.ts";
import type { EpochMetrics, TrialOutcome, TrialResult } from "../study/trial.ts";
import { resolve } from "../optim/coefficients.ts";
import { partition } from "../optim/groups.ts";
import { getOptimizer, type OptimizerName, type RuleName } from "../optim/registry.ts";

/** A study on digits_mlp, with the default space unless `texts` says otherwise; or one that is judged by the loss. */
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
  const { configurations, leftOut } = grid(optimizer, space);
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
    configurations,
    leftOut,
    seeds,
    epochs: 30,
    batchSize: 64,
    accumulate: 1,
    shuffle: "every-epoch",
    runningStatistics: "first",
    jobs: 2,
    threads: 1,
    groupSize: 16,
    groupReason: "2,410 parameters: up to 32,768 train together",
  };
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
  return { ...completed(accuracies), status: "diverged", error: "the loss of step 3 is NaN" };
}

/** The result of a configuration and one of its seeds, both by position in the study. */
export function result(
  settings: StudySettings,
  configuration: number,
  seed: number,
  outcome: TrialOutcome,
): TrialResult {
  return {
    trial: {
      index: configuration * settings.seeds.length + seed,
      configuration: settings.configurations[configuration],
      seed: settings.seeds[seed],
    },
    outcome,
  };
}
