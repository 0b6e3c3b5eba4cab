import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { optbench } from "./cli.ts";
import { start, until } from "./_running.ts";
import { endedTrials, lasting, runUntil, SGD, tune } from "./_searching.ts";
import { reading, withDatabase } from "./_stores.ts";
import { inTemporaryFolder, readStudy, sweep } from "./_sweeps.ts";

const timeout = { timeout: 120_000 };

/** Hands over a folder in which a study may be. */
function inStudy(use: (study: string) => void | Promise<void>): Promise<void> {
  return inTemporaryFolder((folder) => use(join(folder, "study")));
}

const GRID = "--momentum 0,0.9 --nesterov false --lr log:0.001..1:12 --epochs 60 --group 2";

test(
  "a sweep that is killed again and again runs each of its trials, as if it had never stopped",
  timeout,
  async () => {
    const whole = await sweep(`${SGD.join(" ")} ${GRID}`);
    await inStudy(async (study) => {
      await runUntil(2, ["sweep", ...SGD, ...GRID.split(" "), "--out", study], study);
      await runUntil(8, ["resume", study], study);
      const { code } = await runUntil(14, ["resume", study], study, "SIGINT");
      assert.equal(code, 130);
      const { stderr } = optbench(["resume", study]);
      assert.match(stderr, /^sgd on digits_logreg\n {2}\d+ completed, \d+ planned\n/);
      const { trials, curves, summary, json } = readStudy(study);
      assert.deepEqual(trials.map(({ trial }) => Number(trial)), [...Array(24).keys()]);
      assert.deepEqual(lasting(trials), lasting(whole.trials));
      assert.deepEqual(lasting(curves), lasting(whole.curves));
      assert.deepEqual(lasting(summary), lasting(whole.summary));
      assert.equal(json.status, "completed");
    });
  },
);

test("a study that is complete is told again, and stays what it is", timeout, () =>
  inStudy((study) => {
    const first = optbench(["tune", ...SGD, "--epochs", "1", "--trials", "4", "--out", study]);
    const files = readStudy(study);
    const { code, stdout, stderr } = optbench(["resume", study]);
    assert.deepEqual([code, stdout], [0, first.stdout]);
    assert.equal(stderr, "sgd on digits_logreg\n  4 completed\n");
    assert.deepEqual(readStudy(study).trials, files.trials);
  }));

test("a search goes on with a larger budget, as if it had had it from the start", timeout, async () => {
  const whole = await tune("--epochs 1 --trials 24 --pruner median");
  await inStudy((study) => {
    optbench(["tune", ...SGD, ..."--epochs 1 --trials 11 --pruner median".split(" "), "--out", study]);
    assert.equal(readStudy(study).trials.length, 11);
    const { code, stderr } = optbench(["resume", study, "--trials", "24", "--jobs", "1"]);
    assert.equal(code, 0, stderr);
    const { trials, json } = readStudy(study);
    assert.deepEqual(lasting(trials), lasting(whole.trials));
    assert.deepEqual(json.budget, { trials: 24 });
  });
});

test("the budget of a study whose final trials have begun is not changed", timeout, () =>
  inStudy((study) => {
    const options = "--epochs 1 --trials 2 --protocol deepobs".split(" ");
    optbench(["tune", ...SGD, ...options, "--out", study]);
    const { code, stderr } = optbench(["resume", study, "--trials", "4"]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^optbench: Cannot change the budget of .*: its final trials have begun; start a new study\n$/,
    );
    assert.equal(optbench(["resume", study]).code, 0);
    assert.equal(readStudy(study).trials.length, 12);
  }));

const registry = new URL("../tasks/registry.ts", import.meta.url).href;

/** A task of which every trial fails where the environment says so. */
const MODULE = `
import process from "node:process";
import { getTask } from ${JSON.stringify(registry)};
const task = getTask("digits_logreg");
const load = () => {
  if (process.env.DISK === "gone") throw new Error("the disk is gone");
  return task.data.load();
};
export default { ...task, name: "mine", data: { ...task.data, load } };
`;

const MINE = [
  "--opt",
  "sgd",
  "--lr",
  "0.1,0.2,0.3",
  "--momentum",
  "0",
  "--nesterov",
  "false",
  "--epochs",
  "1",
];

test("failed trials are run again on request alone", timeout, () =>
  inTemporaryFolder((folder) => {
    const [study, module] = [join(folder, "study"), join(folder, "mine.ts")];
    writeFileSync(module, MODULE);
    const begun = optbench(["sweep", "--task", module, ...MINE, "--out", study], { DISK: "gone" });
    assert.equal(begun.code, 1, begun.stderr);
    assert.match(
      begun.stderr,
      /3 of 3 trials failed: the disk is gone; try them again with: optbench resume .* --retry-failed\n$/,
    );
    const states = () => readStudy(study).trials.map(({ status, reason }) => `${status} ${reason}`);
    assert.equal(optbench(["resume", study]).code, 1);
    assert.deepEqual(states(), Array(3).fill("failed the disk is gone"));
    const { code, stderr } = optbench(["resume", study, "--retry-failed"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(states(), Array(3).fill("completed "));
  }));

test(
  "a study whose code or data have changed goes on if it is told to, and says so",
  timeout,
  () =>
    inTemporaryFolder((folder) => {
      const [study, module] = [join(folder, "study"), join(folder, "mine.ts")];
      writeFileSync(module, MODULE);
      optbench(["sweep", "--task", module, ...MINE, "--out", study], { DISK: "gone" });
      appendFileSync(module, "// Changed.\n");
      const refused = optbench(["resume", study, "--retry-failed"]);
      assert.equal(refused.code, 2);
      assert.match(
        refused.stderr,
        /^optbench: Cannot resume "[^\n]*": the content of [^\n]*mine\.ts has changed; [^\n]*--despite-changes[^\n]*\n$/,
      );
      assert.ok(readStudy(study).trials.every(({ status }) => status === "failed"));
      const { code, stderr } = optbench(["resume", study, "--retry-failed", "--despite-changes"]);
      assert.equal(code, 0, stderr);
      const { trials, json } = readStudy(study);
      assert.ok(trials.every(({ status }) => status === "completed"));
      assert.match(JSON.stringify(json.events), /resumed although the content of .*mine\.ts has changed/);
    }),
);

test(
  "two processes share the trials of a study: each runs some, and none is run twice",
  timeout,
  async () => {
    const options = "--epochs 100 --trials 30 --group 2 --ahead 16".split(" ");
    const whole = await tune(options.join(" "));
    await inStudy(async (study) => {
      const first = start(["tune", ...SGD, ...options, "--jobs", "1", "--out", study]);
      try {
        await until("the study was begun", first, () => endedTrials(study) !== undefined);
        const second = start(["resume", study, "--jobs", "1"]);
        for (const { code, stderr } of await Promise.all([first.ended, second.ended])) {
          assert.equal(code, 0, stderr);
        }
        assert.match(second.stderr(), /2 processes run it/);
      } finally {
        first.child.kill("SIGKILL");
      }
      const { trials, curves } = readStudy(study);
      assert.deepEqual(lasting(trials), lasting(whole.trials));
      assert.deepEqual(lasting(curves), lasting(whole.curves));
      const rows = withDatabase(study, (database) => database.all("SELECT process, attempts FROM trials"));
      assert.deepEqual(
        new Set(rows.map(({ process }) => process)),
        new Set([1, 2]),
      );
      assert.ok(rows.every(({ attempts }) => attempts === 1));
      assert.equal(reading(study, ({ status }) => status), "completed");
    });
  },
);

for (
  const [what, make] of [
    ["that does not exist", () => {}],
    ["without a study", (study: string) => mkdirSync(study)],
    ["that is a file", (study: string) => writeFileSync(study, "")],
  ] as const
) {
  test(`a folder ${what} is refused in a line`, timeout, () =>
    inStudy((study) => {
      make(study);
      const { code, stdout, stderr } = optbench(["resume", study]);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, /^optbench: Cannot find a study in [^\n]*[^.\n]\n$/);
    }));
}
