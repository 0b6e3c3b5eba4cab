/** Trials of every task, with every optimizer, can be trained in groups. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { batch } from "../engine/batch.ts";
import { specsOf } from "../engine/compile.ts";
import { trace } from "../engine/trace.ts";
import { resolve } from "../optim/coefficients.ts";
import { partition } from "../optim/groups.ts";
import { getOptimizer, type OptimizerName, optimizerNames } from "../optim/registry.ts";
import { compileProgram } from "../study/training/program.ts";
import { initialState, type ProgramSettings, trainingStep } from "../study/training/steps.ts";
import { splitConfiguration } from "../study/training/structure.ts";
import { getTask, taskNames } from "../tasks/registry.ts";
import { rolesOf, type Task } from "../tasks/task.ts";

function settingsOf(task: Task, name: OptimizerName): ProgramSettings {
  const optimizer = getOptimizer(name);
  const { groups } = splitConfiguration(
    optimizer,
    partition(rolesOf(task), []),
    resolve(optimizer, { lr: 0.01 }),
  );
  return { task, optimizer, groups, batchSize: task.batchSize, scheduled: true };
}

for (const name of taskNames) {
  test(`trials of ${name} have a program for two, on the same rows or on their own`, () => {
    for (const shareRows of [true, false]) {
      const slots = { count: 2, shareRows };
      const { train, evaluate } = compileProgram(settingsOf(getTask(name), "sgd"), "float32", slots);
      assert.deepEqual([train.step, evaluate].map(({ outputs: { loss } }) => loss.shape), [[2], [2]]);
    }
  });
}

/** The others are networks that are here already. */
const networkNames = taskNames.filter((name) => !/^(large_batch|fmnist)_/.test(name));

/** All that differs between trials has one more axis in what a step leaves. */
function assertForTwo(settings: ProgramSettings, turn: string | undefined) {
  const init = initialState(settings);
  const state = specsOf(trace(init.fn, init.specs).outputs);
  const { fn, specs } = trainingStep(settings, state, turn);
  const step = trace(fn, { ...specs.carried, ...specs.fixed, ...specs.scanned });
  const own = Object.keys(step.inputs).filter((input) => !input.startsWith("data/"));
  for (const differing of [own, own.filter((input) => !/^(rows$|noise\/)/.test(input))]) {
    for (const [output, { shape }] of Object.entries(batch(step, 2, differing).outputs)) {
      assert.deepEqual(shape, [2, ...step.outputs[output].shape], `${output} of ${settings.optimizer.name}`);
    }
  }
}

for (const name of networkNames) {
  test(`steps of every optimizer on ${name} are taken for two at once, on the same rows or on their own`, () => {
    for (const optimizer of optimizerNames) {
      const settings = settingsOf(getTask(name), optimizer);
      const turns = settings.optimizer.turns?.(settings.groups[0].literals) ?? [undefined];
      for (const turn of new Set(turns)) assertForTwo(settings, turn);
    }
  });
}
