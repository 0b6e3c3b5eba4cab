/** A trial that trains eagerly, beside the same trial compiled. */
import assert from "node:assert/strict";
import { EAGER_PACE } from "../../engine/devices/tensorflow/eager.ts";
import { resolve } from "../../optim/coefficients.ts";
import { partition } from "../../optim/groups.ts";
import { getOptimizer, type OptimizerName, type RuleName } from "../../optim/registry.ts";
import { eagerProgram } from "../../study/training/eager.ts";
import { splitConfiguration } from "../../study/training/structure.ts";
import { train } from "../../study/training/trainer.ts";
import { rolesOf, type Task } from "../../tasks/task.ts";
import { assertClose } from "../_compiled.ts";
import { type Completed } from "../_results.ts";
import { trainAlone } from "../_trials.ts";

export interface EagerTrial {
  readonly task: Task;
  readonly optimizer: OptimizerName;
  readonly base?: RuleName;
  readonly given: Readonly<Record<string, unknown>>;
  readonly accumulate?: number;
}

/** @param backend of TensorFlow.js, by its name there. */
export async function trainEagerly(
  { task, given, ...trial }: EagerTrial,
  backend: string,
): Promise<Completed> {
  const optimizer = getOptimizer(trial.optimizer, trial.base);
  const values = resolve(optimizer, given);
  const { groups, coefficients } = splitConfiguration(optimizer, partition(rolesOf(task), []), values);
  const schedule = values.schedule as string;
  const { batchSize, epochs } = task;
  const device = { name: "tensorflow", pace: EAGER_PACE, release: () => Promise.resolve() } as const;
  const scheduled = schedule !== "constant";
  const settings = { ...trial, task, optimizer, groups, batchSize, scheduled };
  const [outcome] = await train(
    eagerProgram(settings, device, backend),
    task,
    [{ seed: 1, coefficients, schedule }],
    { epochs, batchSize, shuffle: "every-epoch", startMs: performance.now(), compileSeconds: 0 },
    {},
  );
  assert.ok(outcome.status === "completed", JSON.stringify(outcome));
  return outcome;
}

/** Asserts that a trial on a backend measures what the compiled one does, relative to the larger of 1 and that. */
export async function assertAsCompiled(trial: EagerTrial, backend: string, tolerance: number): Promise<void> {
  const { task, given, ...choice } = trial;
  const compiled = await trainAlone(task, given, choice);
  const eager = await trainEagerly(trial, backend);
  assert.equal(eager.steps, compiled.steps);
  const measured = ({ epochs, trajectory = [] }: Completed) => [
    ...epochs.flatMap(({ trainLoss, testLoss, testAccuracy = 0 }) => [trainLoss, testLoss, testAccuracy]),
    ...trajectory.flat(),
  ];
  assertClose(measured(eager), measured(compiled), tolerance);
}
