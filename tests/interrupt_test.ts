import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Ending, endWith, type Running, start, until } from "./_running.ts";
import { inTemporaryFolder, readStudy, type StudyFiles } from "./_sweeps.ts";

const timeout = { timeout: 120_000 };

const SGD = "--task digits_logreg --opt sgd --momentum 0 --nesterov false --weight-decay 0".split(" ");

/** Far more trials than a test waits for. */
const LONG = ["sweep", ...SGD, "--lr", "log:0.001..1:5000", "--epochs", "100"];

/** Whole rows of trials.csv. */
function rows(folder: string): number {
  const path = join(folder, "trials.csv");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 2 : 0;
}

/** Starts a long sweep and does something once so many of its trials have ended. */
function during(
  trials: number,
  end: (running: Running) => Promise<Ending>,
  check: (ending: Ending, study: StudyFiles) => void,
): Promise<void> {
  return inTemporaryFolder(async (folder) => {
    const out = join(folder, "study");
    const running = start([...LONG, "--out", out]);
    try {
      await until(`${trials} of its trials ended`, running, () => rows(out) >= trials);
      const ending = await end(running);
      check(ending, readStudy(out));
    } finally {
      running.child.kill("SIGKILL");
      await running.ended;
    }
  });
}

const isCompleted = ({ trials }: StudyFiles) => trials.every(({ status }) => status === "completed");

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(
    `${signal} ends a sweep with exit code ${code} and keeps every finished trial`,
    timeout,
    () =>
      during(1, (running) => endWith(signal, running), (ending, study) => {
        assert.deepEqual({ code: ending.code, signal: ending.signal }, { code, signal: null });
        assert.equal(ending.stdout, "");
        const { trials, curves, summary, json } = study;
        assert.ok(trials.length >= 1 && trials.length < 5000);
        assert.ok(isCompleted(study));
        assert.equal(curves.length, 100 * trials.length);
        assert.equal(json.status, "interrupted");
        assert.ok(Date.parse(String(json.endedAt)) >= Date.parse(String(json.startedAt)));
        assert.deepEqual(
          summary.map(({ configuration }) => configuration).sort(),
          trials.map(({ configuration }) => configuration).sort(),
        );
      }),
  );
}

test(
  "an interrupted sweep says in its last line how many trials are kept, and where",
  timeout,
  () =>
    during(1, (running) => endWith("SIGINT", running), ({ stderr }, { trials, json }) => {
      const last = stderr.trimEnd().split("\n").at(-1)!;
      assert.match(last, new RegExp(`^optbench: interrupted.*\\b${trials.length} .*trial`));
      assert.ok(last.includes((json.commandLine as string[]).at(-1)!));
    }),
);

for (const trials of [1, 5, 20]) {
  test(
    `a sweep that is killed once ${trials} of its trials ended leaves whole rows and a study that runs`,
    timeout,
    () =>
      during(trials, (running) => endWith("SIGKILL", running), (ending, study) => {
        assert.equal(ending.signal, "SIGKILL");
        assert.ok(study.trials.length >= trials);
        assert.ok(isCompleted(study));
        assert.deepEqual([study.json.status, study.json.endedAt], ["running", null]);
        assert.ok(!study.names.includes("summary.csv"));
        for (const { trial } of study.trials) {
          assert.equal(study.curves.filter((row) => row.trial === trial).length, 100);
        }
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
