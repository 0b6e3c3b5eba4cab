import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultGroupSize, formGroups } from "../study/workers/groups.ts";
import { planStudy, type StudyRequest } from "../study/settings/plan.ts";
import { planTrials, runStudy } from "../study/study.ts";
import type { EpochMetrics } from "../study/trial.ts";
import { getTask } from "../tasks/registry.ts";

/** The epochs of each trial, by configuration and seed. */
async function measure(request: StudyRequest): Promise<Record<string, readonly EpochMetrics[]>> {
  const results = await runStudy(await planStudy({ epochs: 3, ...request }));
  return Object.fromEntries(results.map(({ trial, outcome }) => {
    assert.equal(outcome.status, "completed");
    const { seed, configuration: { values } } = trial;
    return [`${JSON.stringify(values)} ${seed}`, outcome.status === "completed" ? outcome.epochs : []];
  }));
}

/** What every company has to agree on, to the last bit. */
function assertAgree(a: Record<string, readonly EpochMetrics[]>, b: Record<string, readonly EpochMetrics[]>) {
  const shared = Object.keys(a).filter((key) => key in b);
  assert.ok(shared.length > 0);
  for (const key of shared) assert.deepEqual(a[key], b[key]);
}

const optimizers: [string, StudyRequest["optimizer"], NonNullable<StudyRequest["values"]>][] = [
  ["lars", { name: "lars" }, {
    trust_coefficient: [0.02],
    momentum: [0.9],
    nesterov: [false],
    weight_decay: [1e-4],
  }],
  ["sgd", { name: "sgd" }, { momentum: [0.9], nesterov: [true], dampening: [0] }],
  ["adam", { name: "adam" }, { beta1: [0.9], beta2: [0.99] }],
  ["sam over sgd", { name: "sam", base: "sgd" }, {
    momentum: [0.9],
    nesterov: [false],
    rho: [0.1],
    adaptive: [true],
  }],
];

for (const task of ["digits_mlp", "digits_logreg"]) {
  for (const [title, optimizer, values] of optimizers) {
    test(`what a trial of ${task} with ${title} measures does not depend on its company`, async () => {
      const lrs = [0.01, 0.02, 0.03, 0.04, 0.05];
      const alone = await measure({
        task,
        optimizer,
        values: { ...values, lr: [0.03] },
        seeds: [7],
        jobs: 1,
      });
      const sameSeed = await measure({
        task,
        optimizer,
        values: { ...values, lr: lrs },
        seeds: [7],
        jobs: 1,
      });
      const mixedSeeds = await measure({
        task,
        optimizer,
        values: { ...values, lr: lrs.slice(1, 4) },
        seeds: [5, 7],
        jobs: 1,
      });
      const twoJobs = await measure({
        task,
        optimizer,
        values: { ...values, lr: lrs },
        seeds: [5, 7],
        jobs: 2,
      });
      assertAgree(alone, sameSeed);
      assertAgree(sameSeed, mixedSeeds);
      assertAgree(mixedSeeds, twoJobs);
    });
  }
}

test("trials trained together agree with trials trained alone, to rounding", async () => {
  const request: StudyRequest = {
    task: "digits_mlp",
    optimizer: { name: "lars" },
    values: { lr: [0.5, 1], trust_coefficient: [0.01], momentum: [0.9], nesterov: [false] },
    epochs: 2,
  };
  const together = Object.values(await measure(request));
  const alone = Object.values(await measure({ ...request, groupSize: 1 }));
  together.forEach((epochs, i) =>
    epochs.forEach(({ trainLoss, testLoss }, epoch) => {
      assert.ok(Math.abs(trainLoss / alone[i][epoch].trainLoss - 1) < 1e-4);
      assert.ok(Math.abs(testLoss / alone[i][epoch].testLoss - 1) < 1e-4);
    })
  );
});

test("a trial that diverges does not touch the others of its group", async () => {
  const request: StudyRequest = {
    task: "digits_mlp",
    optimizer: { name: "sgd" },
    values: { lr: [0.1, 3e38, 0.2], momentum: [0], nesterov: [false] },
    epochs: 2,
    jobs: 1,
  };
  const results = await runStudy(await planStudy(request));
  assert.deepEqual(results.map(({ outcome }) => outcome.status), ["completed", "diverged", "completed"]);
  const [first, diverged, third] = results.map(({ outcome }) => outcome);
  assert.ok(diverged.status === "diverged");
  assert.match(diverged.error, /^loss is (NaN|Infinity|-Infinity) at step \d+ \(epoch 1\)$/);
  assert.ok(diverged.steps < 22);
  assert.deepEqual(diverged.epochs, []);
  const sound = await runStudy(
    await planStudy({ ...request, values: { ...request.values, lr: [0.1, 0.2] } }),
  );
  const epochsOf = (outcome: typeof first) => outcome.status === "failed" ? [] : outcome.epochs;
  assert.deepEqual(sound.map(({ outcome }) => epochsOf(outcome)), [epochsOf(first), epochsOf(third)]);
});

test("small tasks are trained together, large ones one at a time", () => {
  assert.equal(defaultGroupSize(getTask("digits_mlp")), 16);
  assert.equal(defaultGroupSize(getTask("mnist_logreg")), 16);
  assert.equal(defaultGroupSize(getTask("mnist_mlp")), 1);
});

test("groups hold trials of one structure, of one seed where they can, as equally as they can", async () => {
  const settings = await planStudy({
    task: "digits_mlp",
    optimizer: { name: "lars" },
    values: {
      lr: [0.1, 0.2, 0.3, 0.4, 0.5],
      trust_coefficient: [0.01],
      momentum: [0, 0.9],
      nesterov: [false],
    },
    seeds: [1, 2],
    jobs: 4,
  });
  const trials = planTrials(settings);
  const groups = formGroups(settings, trials);
  assert.equal(groups.length, 4);
  for (const { trials, slots } of groups) {
    assert.equal(trials.length, 5);
    assert.equal(new Set(trials.map(({ configuration }) => configuration.values.momentum)).size, 1);
    assert.equal(new Set(trials.map(({ seed }) => seed)).size, 1);
    assert.deepEqual(slots, { count: 5, shareRows: true });
  }
  assert.deepEqual(
    groups.flatMap(({ trials }) => trials.map(({ index }) => index)).toSorted((a, b) => a - b),
    trials.map(({ index }) => index),
  );
});

test("one at a time means programs without slots", async () => {
  const settings = await planStudy({ task: "digits_mlp", optimizer: { name: "lars" }, groupSize: 1 });
  const groups = formGroups(settings, planTrials(settings));
  assert.ok(groups.every(({ trials, slots }) => trials.length === 1 && slots === undefined));
});
