import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { planStudy } from "../study/settings/plan.ts";
import type { StudyRequest } from "../study/settings/request.ts";

const request: StudyRequest = { optimizer: { name: "lars" }, task: "digits_mlp" };
/** A single configuration. */
const one = { values: { lr: [1], momentum: [0], nesterov: [false], trust_coefficient: [0.01] } };

test("what is not asked for takes the task's and the optimizer's defaults", async () => {
  const { seeds, epochs, batchSize, groupSize, configurations, space, ...rest } = await planStudy(request);
  assert.deepEqual(
    [rest.metric, rest.target, rest.shuffle, rest.runningStatistics, rest.threads],
    ["accuracy", 0.92, "every-epoch", "first", 1],
  );
  assert.deepEqual({ seeds, epochs, batchSize, groupSize }, {
    seeds: [1],
    epochs: 30,
    batchSize: 64,
    groupSize: 16,
  });
  assert.equal(configurations.length, 48);
  assert.deepEqual(space.weight_decay, [1e-4]);
});

for (const name of ["epochs", "batchSize", "jobs", "threads", "groupSize"] as const) {
  for (const count of [0, -1, 1.5, NaN, Infinity]) {
    test(`a study refuses ${name} ${count}`, async () => {
      await assert.rejects(() => planStudy({ ...request, [name]: count }), {
        name: "RangeError",
        message: `Invalid ${name} ${count}: expected a positive integer`,
      });
    });
  }
}

test("a study refuses a task that does not exist, and batches that the data cannot fill", async () => {
  await assert.rejects(
    () => planStudy({ ...request, task: "digit" }),
    /Unknown task "digit": expected one of digits_mlp/,
  );
  await assert.rejects(() => planStudy({ ...request, batchSize: 1438 }), /digits has 1437 training rows/);
});

test("a study refuses to choose the pass for running statistics where there are none", async () => {
  await assert.rejects(
    () => planStudy({ ...request, runningStatistics: "last" }),
    /digits_mlp keeps no running statistics/,
  );
});

for (const optimizer of [{ name: "sgd" }, { name: "msam", base: "sgd" }] as const) {
  test(`a study refuses the last of ${optimizer.name}'s gradients, which takes one a step`, async () => {
    await assert.rejects(
      () => planStudy({ ...request, optimizer, task: "cifar10_resnet20", runningStatistics: "last" }),
      { name: "SpaceError", message: /takes one gradient a step, the first/ },
    );
  });
}

const PROCESSORS = availableParallelism();

for (
  const [what, given, expected] of [
    ["a job a processor", {}, { jobs: PROCESSORS, threads: 1 }],
    ["as many jobs as there are trials", { ...one }, { jobs: 1, threads: 1 }],
    ["the threads asked for", { threads: PROCESSORS }, { jobs: 1, threads: PROCESSORS }],
    ["more threads than there are processors", { threads: 2 * PROCESSORS }, {
      jobs: 1,
      threads: 2 * PROCESSORS,
    }],
    ["all processors for one trial of a large task", { ...one, task: "mnist_mlp" }, {
      jobs: 1,
      threads: PROCESSORS,
    }],
    ["all processors for the only job on a large task", { task: "mnist_mlp", jobs: 1 }, {
      jobs: 1,
      threads: PROCESSORS,
    }],
    ["the jobs asked for", { jobs: 3 * PROCESSORS, task: "mnist_mlp" }, { jobs: 3 * PROCESSORS, threads: 1 }],
  ] as const
) {
  test(`a study takes ${what}`, async () => {
    const { jobs, threads } = await planStudy({ ...request, ...given });
    assert.deepEqual({ jobs, threads }, expected);
  });
}

test("a study of a hyper-parameter that the optimizer does not have is refused", async () => {
  await assert.rejects(
    planStudy({ optimizer: { name: "sgd" }, task: "digits_logreg", values: { momentun: [0.9] } }),
    { name: "SpaceError", message: /^sgd has no hyper-parameter "momentun"; expected one of lr, momentum, / },
  );
});
