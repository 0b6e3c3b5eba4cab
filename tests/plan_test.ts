import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { planStudy } from "../study/settings/plan.ts";
import type { StudyRequest } from "../study/settings/request.ts";

const request: StudyRequest = { optimizer: { name: "lars" }, task: "digits_mlp" };
/** A single configuration. */
const one = { values: { lr: [1], momentum: [0], nesterov: [false], trust_coefficient: [0.01] } };

test("what is not asked for takes the task's and the optimizer's defaults", async () => {
  const { seeds, epochs, batchSize, groupSize, points, space, ...rest } = await planStudy(request);
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
  assert.equal(points, 48);
  assert.deepEqual(
    [rest.sampler, rest.budget, rest.pruners, rest.conditions],
    [{ name: "grid", seed: 0, ahead: 8 }, {}, [], []],
  );
  assert.deepEqual([rest.stopAtTarget, rest.protocol, rest.shard, rest.cohort], [
    false,
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual(space.weight_decay, [1e-4]);
});

for (const name of ["epochs", "batchSize", "jobs", "threads", "groupSize", "ahead"] as const) {
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

test("a sampler searches between the ends of the default sweeps, in fifty trials", async () => {
  const { space, budget, points, jobs } = await planStudy({ ...request, sampler: "tpe" });
  assert.deepEqual(space.lr, { distribution: "loguniform", from: 0.1, to: 3 });
  assert.deepEqual(space.momentum, { distribution: "uniform", from: 0, to: 0.9 });
  assert.deepEqual(space.nesterov, [false, true]);
  assert.deepEqual(budget, { trials: 50 });
  assert.deepEqual([points, jobs], [undefined, PROCESSORS]);
});

test("what is given is searched as it is given", async () => {
  const lr = { distribution: "uniform", from: 1, to: 2 } as const;
  const { space } = await planStudy({ ...request, sampler: "gp", values: { lr, momentum: [0, 0.9] } });
  assert.deepEqual([space.lr, space.momentum], [lr, [0, 0.9]]);
});

test("any budget takes the place of fifty trials", async () => {
  for (const budget of [{ seconds: 60 }, { epochs: 100 }, { trials: 3, seconds: 5 }]) {
    assert.deepEqual((await planStudy({ ...request, sampler: "random", budget })).budget, budget);
  }
  await assert.rejects(planStudy({ ...request, budget: { trials: 0 } }), /Invalid trials 0/);
  await assert.rejects(
    planStudy({ ...request, budget: { epochs: 1.5 } }),
    /Invalid epochs of the budget 1\.5/,
  );
});

test("a range without gaps is refused in a grid", async () => {
  const lr = { distribution: "uniform", from: 1, to: 2 } as const;
  await assert.rejects(planStudy({ ...request, values: { lr } }), {
    name: "SpaceError",
    message: /a sweep tries every value, and lr uniform:1\.\.2 has no end of them/,
  });
});

test("a condition makes one configuration of those that differ in what it rules out", async () => {
  const { points, leftOut } = await planStudy({
    ...request,
    conditions: [{ name: "nesterov", when: "momentum>0" }],
  });
  assert.equal(points, 48);
  assert.deepEqual(leftOut, []);
});

test("protocols end with ten seeds, and the nested one holds rows out", async () => {
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const [deepobs, nested] = [
    await planStudy({ ...request, protocol: "deepobs" }),
    await planStudy({ ...request, protocol: "nested" }),
  ];
  assert.deepEqual([deepobs.protocol, nested.protocol], [{ name: "deepobs", seeds }, {
    name: "nested",
    seeds,
  }]);
  assert.deepEqual([deepobs.taskChoice.heldOut, nested.taskChoice.heldOut], [undefined, true]);
});

test("pruners are checked, and kept as texts", async () => {
  const { pruners } = await planStudy({ ...request, pruners: [" asha:eta=4", "patience"] });
  assert.deepEqual(pruners, ["asha:eta=4", "patience"]);
  await assert.rejects(planStudy({ ...request, pruners: ["asha:eta=1"] }), { name: "SpaceError" });
  await assert.rejects(planStudy({ ...request, pruners: ["halving", "halving:eta=2"] }), {
    name: "SpaceError",
    message:
      "Cannot prune by halving and by halving:eta=2: trials wait at the rungs of one; leave out the other",
  });
});

for (
  const [what, given, expected] of [
    ["all of a grid", {}, 48],
    ["all of a grid's budget", { budget: { trials: 21 }, seeds: [1, 2] }, 10],
    ["all that a sampler may try that does not learn", { sampler: "random", budget: { trials: 30 } }, 30],
    ["as many as a sampler proposes at a time that learns", { sampler: "tpe", ahead: 5 }, 5],
    ["as many as that, too, where there is no end", { sampler: "random", budget: { seconds: 1 } }, 8],
  ] as const
) {
  test(`trials wait for one another in ${what}`, async () => {
    assert.equal((await planStudy({ ...request, ...given, pruners: ["halving"] })).cohort, expected);
  });
}

test("a shard is a part of what can be tried without results", async () => {
  const shard = { number: 2, of: 3 };
  for (const sampler of ["grid", "random", "quasi-random"] as const) {
    const settings = await planStudy({ ...request, sampler, shard, pruners: ["patience"] });
    assert.deepEqual(settings.shard, shard);
  }
  for (
    const [given, what] of [
      [{ sampler: "tpe" }, "the sampler tpe"],
      [{ pruners: ["median"] }, "the pruner median"],
      [{ pruners: ["halving"] }, "the pruner halving"],
      [{ protocol: "deepobs" }, "the protocol deepobs"],
    ] as const
  ) {
    await assert.rejects(planStudy({ ...request, ...given, shard }), {
      name: "SpaceError",
      message: `Cannot run shard 2/3 of a study with ${what}, whose trials need one another's results`,
    });
  }
});
