import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Ending, endWith, start, until } from "./_running.ts";
import { endedTrials, runUntil } from "./_searching.ts";
import { reading } from "./_stores.ts";
import { inTemporaryFolder, readStudy } from "./_sweeps.ts";

const timeout = { timeout: 120_000 };

const SGD = "--task digits_logreg --opt sgd --momentum 0 --nesterov false --weight-decay 0".split(" ");

/** Far more trials than a test waits for. */
const LONG = ["sweep", ...SGD, "--lr", "log:0.001..1:5000", "--epochs", "100"];

/** Ends a long sweep with a signal once so many of its trials have ended. */
function during(
  trials: number,
  signal: NodeJS.Signals,
  check: (ending: Ending, folder: string) => void,
): Promise<void> {
  return inTemporaryFolder(async (folder) => {
    const study = join(folder, "study");
    check(await runUntil(trials, [...LONG, "--out", study], study, signal), study);
  });
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(
    `${signal} ends a sweep with exit code ${code}, and leaves files of every finished trial`,
    timeout,
    () =>
      during(1, signal, (ending, folder) => {
        assert.deepEqual({ code: ending.code, signal: ending.signal }, { code, signal: null });
        assert.equal(ending.stdout, "");
        const { trials, curves, summary, json } = readStudy(folder);
        const ended = trials.filter(({ status }) => status === "completed");
        assert.ok(ended.length >= 1 && ended.length < 5000);
        assert.ok(trials.every(({ status }) => status === "completed" || status === "planned"));
        for (const { trial } of ended) {
          assert.equal(curves.filter((row) => row.trial === trial).length, 100);
        }
        assert.equal(json.status, "interrupted");
        assert.ok(Date.parse(String(json.endedAt)) >= Date.parse(String(json.startedAt)));
        assert.deepEqual(
          summary.map(({ configuration }) => configuration).sort(),
          ended.map(({ configuration }) => configuration).sort(),
        );
      }),
  );
}

test(
  "an interrupted sweep says in its last line how many trials are kept, and how to go on",
  timeout,
  () =>
    during(1, "SIGINT", ({ stderr }, folder) => {
      const last = stderr.trimEnd().split("\n").at(-1)!;
      const [, kept] = last.match(/^optbench: interrupted; (\d+) of 5000 trials are kept; go on with: /)!;
      assert.equal(Number(kept), endedTrials(folder));
      assert.ok(last.endsWith(` optbench resume ${folder}`));
    }),
);

for (const trials of [1, 20]) {
  test(
    `a sweep that is killed once ${trials} of its trials ended has kept them whole`,
    timeout,
    () =>
      during(trials, "SIGKILL", (ending, folder) => {
        assert.equal(ending.signal, "SIGKILL");
        reading(folder, (record) => {
          const ended = record.trials().filter(({ state }) => state === "completed");
          assert.ok(ended.length >= trials);
          for (const { index, epochs } of ended) {
            assert.deepEqual([epochs, record.curve(index)!.testLoss.length], [100, 100]);
          }
          assert.equal(record.status, "interrupted");
        });
        // The files are made at the end.
        assert.ok(readdirSync(folder).every((name) => name.startsWith("study.sqlite")));
      }),
  );
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`${signal} ends a run with exit code ${code}`, timeout, async () => {
    const running = start(["run", ...SGD, "--lr", "0.1", "--epochs", "1000000"]);
    try {
      await until("its first epoch ended", running, () => running.stderr().includes("epoch "));
      const ending = await endWith(signal, running);
      assert.deepEqual({ code: ending.code, signal: ending.signal }, { code, signal: null });
      assert.equal(ending.stdout, "");
      assert.match(ending.stderr, /\noptbench: interrupted after \d+ of 1000000 epochs\n$/);
    } finally {
      running.child.kill("SIGKILL");
      await running.ended;
    }
  });
}

test("two sweeps that start together have a folder each", timeout, () =>
  inTemporaryFolder(async (folder) => {
    const args = ["sweep", ...SGD, "--lr", "0.1", "--epochs", "1"];
    const endings = await Promise.all([start(args, folder).ended, start(args, folder).ended]);
    assert.deepEqual(endings.map(({ code }) => code), [0, 0]);
    const parent = join(folder, "optbench-results");
    const names = readdirSync(parent);
    assert.equal(names.length, 2);
    for (const name of names) {
      const { trials, json } = readStudy(join(parent, name));
      assert.equal(trials.length, 1);
      assert.equal(json.status, "completed");
      assert.equal(json.name, name);
      assert.ok(endings.some(({ stdout }) => stdout.includes(join("optbench-results", name, "study.json"))));
    }
  }));
