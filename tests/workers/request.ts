/** A group of two sound trials for a pool. */
import { resolve } from "../../optim/coefficients.ts";
import { partition } from "../../optim/groups.ts";
import { getOptimizer } from "../../optim/registry.ts";
import { compileProgram, type Program } from "../../study/training/program.ts";
import { splitConfiguration } from "../../study/training/structure.ts";
import type { PoolRequest } from "../../study/workers/process.ts";
import { getTask } from "../../tasks/registry.ts";
import { rolesOf } from "../../tasks/task.ts";

type CompiledRequest = PoolRequest & { readonly program: Program };

export function request(changes: Partial<CompiledRequest> = {}): CompiledRequest {
  const task = getTask("digits_logreg");
  const optimizer = getOptimizer("sgd");
  const split = [0.1, 1].map((lr) =>
    splitConfiguration(optimizer, partition(rolesOf(task), []), resolve(optimizer, { lr, momentum: 0 }))
  );
  const { batchSize } = task;
  const [{ groups }] = split;
  return {
    task: { task: task.name },
    members: split.map(({ coefficients }) => ({ seed: 1, coefficients, schedule: "constant" })),
    programKey: "sound",
    program: compileProgram({ task, optimizer, groups, batchSize }, "float32", { count: 2, shareRows: true }),
    epochs: 2,
    batchSize,
    shuffle: "every-epoch",
    device: "cpu",
    threads: 1,
    tracingSeconds: 0,
    ...changes,
  };
}

/** More than any test waits for. */
export const ENDLESS = 1_000_000;

/** The choice of a task that a module of this folder exports, or that it dies of. */
export function moduleTask(name: string): PoolRequest["task"] {
  return { task: new URL(`./${name}.ts`, import.meta.url).pathname };
}
