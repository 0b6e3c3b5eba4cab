import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { getOptimizer } from "../optim/registry.ts";
import { StudyStore } from "../results/store/store.ts";
import { summarize } from "../results/summary.ts";
import { formGroups } from "../study/workers/groups.ts";
import { planStudy } from "../study/settings/plan.ts";
import { type PoolRequest, WorkerPool } from "../study/workers/pool.ts";
import { compileProgram } from "../study/training/program.ts";
import { planTrials, runStudy } from "../study/study.ts";
import type { GroupMember } from "../study/training/trainer.ts";
import { getTask } from "../tasks/registry.ts";
import { inTemporaryFolder, readStudy } from "./_sweeps.ts";

const timeout = { timeout: 60_000 };

const settings = await planStudy({
  optimizer: { name: "sgd" },
  task: "digits_logreg",
  values: { lr: [0.1, 1], momentum: [0], nesterov: [false], weight_decay: [0] },
  epochs: 2,
  jobs: 1,
});

/** A group of two sound trials. */
function request(): PoolRequest {
  const [{ programKey, structure: groups, trials, coefficients, slots }] = formGroups(
    settings,
    planTrials(settings),
  );
  const task = getTask(settings.task);
  const program = compileProgram(
    {
      task,
      optimizer: getOptimizer("sgd"),
      groups,
      batchSize: settings.batchSize,
    },
    "float32",
    slots,
  );
  const members = trials.map(({ seed }, i) => ({
    seed,
    coefficients: coefficients[i],
    schedule: "constant",
  }));
  const { taskChoice, batchSize, shuffle, threads } = settings;
  return {
    task: taskChoice,
    members,
    programKey,
    program,
    epochs: 2,
    batchSize,
    shuffle,
    threads,
    tracingSeconds: 0,
  };
}

/** Loses its methods on the way to a thread, which is not prepared for members that are no array. */
class NoArray {
  map(): unknown[] {
    return [{ status: "failed", error: "lost" }];
  }
}

const statuses = (outcomes: readonly { status: string }[]) => outcomes.map(({ status }) => status);

async function withPool(use: (pool: WorkerPool) => Promise<void>): Promise<void> {
  const pool = new WorkerPool(1);
  try {
    await use(pool);
  } finally {
    await pool.close();
  }
}

test("a pool trains a group, and reports each epoch of each member", timeout, () =>
  withPool(async (pool) => {
    const epochs: string[] = [];
    const outcomes = await pool.run(request(), {
      onEpoch: (member, { epoch }) => epochs.push(`${member} ${epoch}`),
    });
    assert.deepEqual(statuses(outcomes), ["completed", "completed"]);
    assert.deepEqual(epochs.sort(), ["0 1", "0 2", "1 1", "1 2"]);
  }));

test(
  "a program that the runtime refuses fails its trials with the reason, and the pool goes on",
  timeout,
  () =>
    withPool(async (pool) => {
      const sound = request();
      const [[turn, train]] = Object.entries(sound.program.train);
      const garbage = { ...train, bytes: new Uint8Array([1, 2, 3, 4]) };
      const program = { ...sound.program, train: { [turn]: garbage } };
      const outcomes = await pool.run({ ...sound, programKey: "garbage", program });
      assert.deepEqual(statuses(outcomes), ["failed", "failed"]);
      for (const outcome of outcomes) assert.ok(outcome.status === "failed" && outcome.error.length > 0);
      assert.deepEqual(statuses(await pool.run(sound)), ["completed", "completed"]);
    }),
);

test(
  "a task that does not exist fails its trials with the reason, and the pool goes on",
  timeout,
  () =>
    withPool(async (pool) => {
      const outcomes = await pool.run({ ...request(), task: { task: "digits" } });
      assert.deepEqual(statuses(outcomes), ["failed", "failed"]);
      for (const outcome of outcomes) {
        assert.ok(outcome.status === "failed");
        assert.match(outcome.error, /"digits"/);
      }
      assert.deepEqual(statuses(await pool.run(request())), ["completed", "completed"]);
    }),
);

test(
  "a thread that crashes fails its own trials, and another takes its place",
  timeout,
  () =>
    withPool(async (pool) => {
      const members = new NoArray() as unknown as GroupMember[];
      const outcomes = await pool.run({ ...request(), task: { task: "digits" }, members });
      assert.deepEqual(statuses(outcomes), ["failed"]);
      assert.deepEqual(statuses(await pool.run(request())), ["completed", "completed"]);
    }),
);

test("closing a pool ends the trials in progress as failed, and later ones too", timeout, async () => {
  const pool = new WorkerPool(1);
  let close: Promise<void> | undefined;
  const outcomes = await pool.run({ ...request(), epochs: 1_000_000 }, {
    onEpoch: () => close ??= pool.close(),
  });
  assert.deepEqual(statuses(outcomes), ["failed", "failed"]);
  await close;
  assert.deepEqual(statuses(await pool.run(request())), ["failed", "failed"]);
});

test(
  "a trial that fails is recorded with its reason, and the study goes on",
  timeout,
  () =>
    inTemporaryFolder(async (folder) => {
      const [first, second] = settings.configurations;
      // Without a momentum there is nothing to compile.
      const { momentum: _, ...incomplete } = first.values;
      const flawed = {
        ...settings,
        configurations: [{ index: 0, values: incomplete }, second],
        groupSize: 1,
      };
      const store = StudyStore.create({
        directory: join(folder, "study"),
        settings: flawed,
        versions: { optbench: "0", runtime: "none", onnxruntime: "0", tfjs: "0", platform: "none" },
        commandLine: ["test"],
      });
      const results = await runStudy(flawed, { onTrials: (ended) => store.append(...ended) });
      store.finish("completed", summarize(results, flawed));
      const { trials, curves, summary } = readStudy(store.directory);
      const byIndex = trials.toSorted((a, b) => Number(a.trial) - Number(b.trial));
      assert.deepEqual(byIndex.map(({ status }) => status), ["failed", "completed"]);
      assert.ok(byIndex[0].error.length > 0);
      assert.equal(byIndex[1].error, "");
      assert.deepEqual(curves.map(({ trial }) => trial), ["1", "1"]);
      assert.deepEqual(summary.map(({ configuration, failed }) => [configuration, failed]), [["1", "0"], [
        "0",
        "1",
      ]]);
      assert.ok(readFileSync(join(store.directory, "trials.csv"), "utf8").includes("failed"));
    }),
);

test("aborting a study stops its trials, which are not reported", timeout, async () => {
  const controller = new AbortController();
  const reported: string[] = [];
  const results = await runStudy({ ...settings, epochs: 1_000_000 }, {
    onEpoch: () => controller.abort(),
    onTrials: (ended) => reported.push(...ended.map(({ outcome }) => outcome.status)),
  }, controller.signal);
  assert.deepEqual([results, reported], [[], []]);
});

test("an error of an observer ends the study", timeout, () =>
  assert.rejects(
    runStudy(settings, {
      onTrials() {
        throw new Error("disk full");
      },
    }),
    /disk full/,
  ));
