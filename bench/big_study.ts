/**
 * `deno run -A bench/big_study.ts FOLDER [TRIALS [EPOCHS]]`: a study as large as they come, 100,000 trials of 20 epochs
 * unless said otherwise, to measure what reads it. Nothing is trained: the numbers look like those of momentum SGD on
 * digits_mlp over a grid of learning rates and momenta, and the same arguments give the same ones. They go through the
 * store as those of real trials do, but in one transaction.
 */
import process from "node:process";
import { Random } from "../datasets/random.ts";
import type { HyperValues } from "../optim/hyperparameter.ts";
import { getOptimizer } from "../optim/registry.ts";
import { StudyStore } from "../results/store/store.ts";
import type { NewTrial } from "../study/ledger.ts";
import { grid } from "../study/samplers/grid.ts";
import { planStudy } from "../study/settings/plan.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import { parseValues } from "../study/space/values.ts";
import type { EpochMetrics, TrialOutcome } from "../study/trial.ts";

const SEEDS = 10;
/** Trials that are claimed and ended at a time, as memory is limited. */
const TOGETHER = 1000;
const TEST_ROWS = 320;
const STEPS_PER_EPOCH = 22;

/**
 * Makes a study in a folder that does not exist or is empty, with all of its trials ended.
 *
 * @param trials ten seeds of each configuration.
 * @param epochs of a trial that does not diverge.
 */
export async function makeBigStudy(folder: string, trials: number, epochs: number): Promise<void> {
  const settings = await gridOf(trials, epochs);
  const store = StudyStore.create({
    directory: folder,
    settings,
    commandLine: ["bench/big_study.ts", folder, String(trials), String(epochs)],
  });
  store.exclusively(() => {
    planAll(store, settings);
    for (let first = 0; first < store.trials.length; first += TOGETHER) {
      const some = store.trials.slice(first, first + TOGETHER);
      store.claim(some);
      store.finish(some.map((trial) => ({ trial, outcome: outcomeOf(trial, epochs) })));
    }
  });
  store.release();
  store.complete();
  store.close();
}

/** As many learning rates as momenta. */
function gridOf(trials: number, epochs: number): Promise<StudySettings> {
  const { hyperparameters } = getOptimizer("sgd");
  const side = Math.ceil(Math.sqrt(trials / SEEDS));
  const values = (name: string, text: string) => parseValues(`--${name}`, text, hyperparameters[name]);
  return planStudy({
    optimizer: { name: "sgd" },
    task: "digits_mlp",
    values: {
      lr: values("lr", `log:0.001..10:${side}`),
      momentum: values("momentum", `lin:0..0.99:${side}`),
      nesterov: [false],
    },
    seeds: Array.from({ length: SEEDS }, (_, i) => i + 1),
    epochs,
    budget: { trials },
  });
}

function planAll(store: StudyStore, settings: StudySettings): void {
  const { optimizer, space, seeds, budget } = settings;
  const { points } = grid(getOptimizer(optimizer.name), space);
  const configurations = points.slice(0, Math.floor(budget.trials! / seeds.length))
    .map((values, index) => ({ index, draw: index, values }));
  const trials = configurations.flatMap((configuration) =>
    seeds.map((seed, i): NewTrial => {
      const index = configuration.index * seeds.length + i;
      return { index, configuration, seed, stage: "search" };
    })
  );
  store.plan(configurations, trials);
}

/** Best at an effective learning rate of 0.3; from 20 upwards a trial diverges. */
/** What becomes of a trial. */
export function outcomeOf({ index, configuration }: NewTrial, epochs: number): TrialOutcome {
  const random = new Random(index, "outcome");
  const { lr, momentum } = configuration.values as HyperValues & { lr: number; momentum: number };
  const effective = lr / (1 - momentum);
  const distance = Math.abs(Math.log10(effective / 0.3));
  const hasDiverged = effective * (1 + 0.2 * random.normal()) > 20;
  const length = hasDiverged ? Math.floor(3 * random.uniform()) : epochs;
  const stepMs = Array.from({ length: epochs }, () => 0.05 + 0.02 * random.uniform());
  const measured = {
    epochs: Array.from({ length }, (_, i) => epochOf(i + 1, distance, random)),
    epochSeconds: Array.from({ length }, (_, i) => Math.round(1e5 * (i + 1) + 1e3 * random.uniform()) / 1e6),
    steps: STEPS_PER_EPOCH * length,
    groupSize: 16,
    compileSeconds: 0.01,
    wallSeconds: length * 0.1 + 0.05 * random.uniform(),
    stepMs,
  };
  return hasDiverged
    ? { ...measured, status: "diverged", reason: `the loss of step ${measured.steps + 3} is NaN` }
    : { ...measured, status: "completed" };
}

function epochOf(epoch: number, distance: number, random: Random): EpochMetrics {
  const progress = 1 - Math.exp(-epoch / (2 + 8 * distance));
  const error = Math.min(0.9, 0.04 + 0.1 * distance ** 2 + 0.9 * (1 - progress)) *
    (1 + 0.05 * random.normal());
  return {
    epoch,
    trainLoss: 2.3 * error * (0.8 + 0.05 * random.normal()),
    testLoss: 2.3 * error,
    testAccuracy: Math.round(TEST_ROWS * Math.min(1, 1 - error)) / TEST_ROWS,
  };
}

if (import.meta.main) {
  const [folder, trials = "100000", epochs = "20"] = process.argv.slice(2);
  const [trialCount, epochCount] = [trials, epochs].map(Number);
  const isCount = (n: number) => Number.isSafeInteger(n) && n > 0;
  if (folder === undefined || !isCount(trialCount) || !isCount(epochCount)) {
    throw new Error("Cannot make a study: name a folder and, if need be, two positive integers");
  }
  await makeBigStudy(folder, trialCount, epochCount);
}
