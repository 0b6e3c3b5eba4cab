import assert from "node:assert/strict";
import { test } from "node:test";
import { StudyStore } from "../results/store/store.ts";
import type { TrialEntry } from "../study/ledger.ts";
import { Search } from "../study/search.ts";
import { planStudy } from "../study/settings/plan.ts";
import type { StudyRequest } from "../study/settings/request.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import { runStudy } from "../study/study.ts";
import type { EpochMetrics, TrialResult } from "../study/trial.ts";
import { defaultGrouping, Groups, type TrialGroup } from "../study/workers/groups.ts";
import { getTask } from "../tasks/registry.ts";

/** Runs a study, and gives its results in the order of its trials. */
async function resultsOf(request: StudyRequest): Promise<TrialResult[]> {
  const settings = await planStudy(request);
  const store = StudyStore.inMemory({ settings });
  const results: TrialResult[] = [];
  await runStudy(settings, store, { onTrials: (ended) => results.push(...ended) });
  store.close();
  return results.sort((a, b) => a.trial.index - b.trial.index);
}

/** The epochs of each trial, by configuration and seed. */
async function measure(request: StudyRequest): Promise<Record<string, readonly EpochMetrics[]>> {
  const results = await resultsOf({ epochs: 3, ...request });
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
  const results = await resultsOf(request);
  assert.deepEqual(results.map(({ outcome }) => outcome.status), ["completed", "diverged", "completed"]);
  const [first, diverged, third] = results.map(({ outcome }) => outcome);
  assert.ok(diverged.status === "diverged");
  assert.match(diverged.reason, /^loss is (NaN|Infinity|-Infinity) at step \d+ \(epoch 1\)$/);
  assert.ok(diverged.steps < 22);
  assert.deepEqual(diverged.epochs, []);
  const sound = await resultsOf({ ...request, values: { ...request.values, lr: [0.1, 0.2] } });
  const epochsOf = (outcome: typeof first) => outcome.status === "failed" ? [] : outcome.epochs;
  assert.deepEqual(sound.map(({ outcome }) => epochsOf(outcome)), [epochsOf(first), epochsOf(third)]);
});

test("small tasks are trained together, large ones one at a time", () => {
  const sizeOf = (task: string) => defaultGrouping(getTask(task), "cpu", 100).groupSize;
  assert.deepEqual(["digits_mlp", "mnist_logreg", "mnist_mlp"].map(sizeOf), [16, 16, 1]);
});

test("an accelerator trains as many together as there are, up to 64; tensorflow trains one at a time", () => {
  const task = getTask("mnist_mlp");
  const sizes = [1, 48, 100, Infinity].map((trials) => defaultGrouping(task, "webgpu", trials).groupSize);
  assert.deepEqual(sizes, [1, 48, 64, 64]);
  assert.equal(defaultGrouping(task, "cuda", 100).groupSize, 64);
  assert.equal(defaultGrouping(task, "tensorflow", 100).groupSize, 1);
});

test("groups on tensorflow are refused", async () => {
  const asked = { task: "digits_mlp", optimizer: { name: "lars" }, device: "tensorflow" } as const;
  await assert.rejects(planStudy({ ...asked, groupSize: 4 }), {
    message: "Cannot train 4 trials together on tensorflow, which trains one at a time: leave out --group",
  });
  assert.equal((await planStudy({ ...asked, groupSize: 1 })).groupSize, 1);
});

/** The trials of a sweep, none of which has begun. */
async function planned(request: Partial<StudyRequest>): Promise<[StudySettings, TrialEntry[]]> {
  const settings = await planStudy({ task: "digits_mlp", optimizer: { name: "lars" }, ...request });
  const store = StudyStore.inMemory({ settings });
  const search = new Search(settings, store);
  store.exclusively(() => search.plan());
  const trials = [...search.planned];
  store.close();
  return [settings, trials];
}

/** The groups in which trials are trained, one group after the other. */
function groupsOf(settings: StudySettings, trials: readonly TrialEntry[]): TrialGroup[] {
  const groups = new Groups(settings);
  const all: TrialGroup[] = [];
  for (let rest = trials; rest.length > 0;) {
    const group = groups.next(rest);
    all.push(group);
    rest = rest.filter((trial) => !group.trials.includes(trial));
  }
  return all;
}

const indices = ({ trials }: TrialGroup) => trials.map(({ index }) => index);
const ascending = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

const TWO_STRUCTURES = {
  lr: [0.1, 0.2, 0.3, 0.4, 0.5],
  trust_coefficient: [0.01],
  momentum: [0, 0.9],
  nesterov: [false],
};

test("groups hold trials of one structure, of one seed where they can, as equally as they can", async () => {
  const [settings, trials] = await planned({ values: TWO_STRUCTURES, seeds: [1, 2], jobs: 4 });
  assert.equal(trials.length, 20);
  const groups = groupsOf(settings, trials);
  for (const { trials } of groups) {
    assert.equal(new Set(trials.map(({ configuration }) => configuration.values.momentum)).size, 1);
  }
  const [first] = groups;
  assert.deepEqual(first.trials.map(({ seed }) => seed), Array(5).fill(1));
  // Programs have one of a few sizes: the next one up.
  assert.deepEqual(first.slots, { count: 6, shareRows: true });
  assert.deepEqual(ascending(groups.flatMap(indices)), trials.map(({ index }) => index));
});

test("a group begins with the first of the planned trials, and is no larger than asked for", async () => {
  const [settings, trials] = await planned({
    values: TWO_STRUCTURES,
    seeds: [1, 2, 3],
    groupSize: 4,
    jobs: 1,
  });
  for (let rest = trials; rest.length > 0;) {
    const { trials: group } = new Groups(settings).next(rest);
    assert.ok(group.includes(rest[0]));
    assert.ok(group.length <= 4);
    rest = rest.filter((trial) => !group.includes(trial));
  }
});

test("each job is left a share of what is planned", async () => {
  const values = { ...TWO_STRUCTURES, momentum: [0.9], lr: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8] };
  for (const [jobs, expected] of [[1, 8], [2, 4], [4, 2], [16, 2]] as const) {
    const [settings, trials] = await planned({ values, jobs });
    assert.equal(new Groups(settings).next(trials).trials.length, expected, `${jobs} jobs`);
  }
});

test("trials at other places of their training are trained apart", async () => {
  const values = { ...TWO_STRUCTURES, momentum: [0.9] };
  const [settings, trials] = await planned({ values, jobs: 1 });
  const changes: Partial<TrialEntry>[] = [{}, { position: "2.0" }, { pauseAfter: 3 }, { stage: "final" }, {}];
  const groups = groupsOf(settings, trials.map((trial, i) => ({ ...trial, ...changes[i] })));
  assert.deepEqual(groups.map(indices), [[0, 4], [1], [2], [3]]);
  // A last one by itself has a copy of itself for company.
  assert.ok(groups.every(({ slots }) => slots?.count === 2));
});

test("groups of one structure and size share a program, the final trials of a protocol apart", async () => {
  const [settings, trials] = await planned({ values: TWO_STRUCTURES, seeds: [1, 2], groupSize: 5, jobs: 1 });
  const keys = groupsOf(settings, trials).map(({ programKey }) => programKey);
  assert.deepEqual([keys.length, new Set(keys).size], [4, 2]);
  const final = groupsOf(settings, trials.map((trial) => ({ ...trial, stage: "final" })));
  assert.ok(final.every(({ programKey }) => !keys.includes(programKey)));
});

test("one at a time means programs without slots", async () => {
  const [settings, trials] = await planned({ groupSize: 1 });
  const groups = groupsOf(settings, trials);
  assert.equal(groups.length, 48);
  assert.ok(groups.every(({ trials, slots }) => trials.length === 1 && slots === undefined));
});
