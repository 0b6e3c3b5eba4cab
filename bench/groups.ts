/**
 * `deno task bench:groups [TASK]`: milliseconds a step of one trial, by how many trials are trained together on one
 * thread. The rows of groups.ts' decision; a table to stdout.
 */
import process from "node:process";
import type { HyperValue } from "../optim/hyperparameter.ts";
import type { OptimizerName } from "../optim/registry.ts";
import { median } from "../results/statistics/descriptive.ts";
import { StudyStore } from "../results/store/store.ts";
import { planStudy } from "../study/settings/plan.ts";
import { runStudy } from "../study/study.ts";

const task = process.argv[2] ?? "digits_mlp";
const SIZES = [1, 2, 4, 8, 16, 32];
const LARGEST = SIZES[SIZES.length - 1];
const ROUNDS = 3;

/** One structure each, so that all trials of a study fit into one group. */
const optimizers: Partial<Record<OptimizerName, Record<string, readonly HyperValue[]>>> = {
  sgd: { momentum: [0.9], nesterov: [false] },
  lars: { momentum: [0.9], nesterov: [false], trust_coefficient: [0.01] },
  sam: { momentum: [0.9], nesterov: [false], rho: [0.05], adaptive: [true] },
  adam: { beta1: [0.9], beta2: [0.999] },
};

const lr = Array.from({ length: LARGEST }, (_, i) => 0.001 * (i + 1));
console.log(`${task.padEnd(16)}${SIZES.map((size) => String(size).padStart(9)).join("")}`);
for (const [name, values] of Object.entries(optimizers)) {
  const times: number[][] = SIZES.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, size] of SIZES.entries()) {
      const settings = await planStudy({
        task,
        optimizer: { name: name as OptimizerName },
        values: { ...values, lr: lr.slice(0, size) },
        epochs: 10,
        jobs: 1,
        groupSize: size,
      });
      const store = StudyStore.inMemory({ settings });
      await runStudy(settings, store);
      times[i].push(...store.record.trials().map(({ figures }) => figures.stepMsMedian!));
      store.close();
    }
  }
  console.log(`${name.padEnd(16)}${times.map((all) => median(all)!.toFixed(4).padStart(9)).join("")}`);
}
