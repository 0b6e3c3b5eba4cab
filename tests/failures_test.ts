/** What goes wrong around a study: its trials fail with a reason, or it ends with one, and nothing recorded is lost. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { DATABASE_FILE, StudyRecord } from "../results/store/record.ts";
import { StudyStore } from "../results/store/store.ts";
import { planStudy } from "../study/settings/plan.ts";
import { runStudy } from "../study/study.ts";
import { optbench, type Outcome } from "./cli.ts";
import { canMount, type Disk, onDisk, withLimit } from "./_disks.ts";
import { start, until } from "./_running.ts";
import { inTemporaryFolder, readStudy, sorted } from "./_sweeps.ts";

const TASK = fileURLToPath(new URL("./tasks_that_fail/faulty.ts", import.meta.url));
const timeout = { timeout: 60_000 };

/** Two workers, three trials one at a time; what hangs is ended after three seconds. */
async function settings() {
  const asked = await planStudy({
    optimizer: { name: "sgd" },
    task: TASK,
    values: { lr: [0.1, 0.2, 0.3], momentum: [0.9], nesterov: [false] },
    epochs: 2,
    groupSize: 1,
    jobs: 2,
  });
  return { ...asked, hangMinutes: 0.05 };
}

/** The trials of a study as far as they do not depend on the clock. */
function trialsIn(directory: string) {
  const record = StudyRecord.open(directory);
  const trials = record.trials().map(({ index, state, reason, figures }) => (
    { index, state, reason, testLoss: figures.testLoss, curve: record.curve(index)?.testLoss }
  ));
  record.close();
  return trials;
}

const canLimitMemory = spawnSync("prlimit", ["--version"]).status === 0;

for (
  const [fault, reason] of [
    ["throws", /^these rows are unreadable$/],
    ["exits", /^the worker process ended with code 7$/],
    ["aborts", /^the worker process crashed \(SIG(ABRT|TRAP|ILL)\)[^\n]*$/],
    ["crashes", /^the worker process crashed \(SIGSEGV\)[^\n]*$/],
    ["is killed", /^the worker process was killed by SIGKILL \(out of memory\?\)$/],
    ["hangs", /^no sign of life for 3 s: the worker process was ended$/],
    ["runs out of memory", /^[^\n]*(memory|allocation failed|SIG(ABRT|TRAP|ILL|SEGV))[^\n]*$/i],
  ] as const
) {
  const skip = fault === "runs out of memory" && !canLimitMemory &&
    "there is no prlimit to limit memory with";
  test(
    `where a worker ${fault}, its trial fails with the reason, the others complete, and it can be run again`,
    { ...timeout, skip },
    () =>
      inTemporaryFolder(async (folder) => {
        const directory = join(folder, "study");
        Object.assign(process.env, { FAULT: fault, FAULT_FLAG: join(folder, "flag") });
        const asked = await settings();
        const store = StudyStore.create({ directory, settings: asked });
        await runStudy(asked, store);
        store.close();
        const before = trialsIn(directory);
        const failed = before.filter(({ state }) => state === "failed");
        assert.deepEqual(before.map(({ state }) => state).sort(), ["completed", "completed", "failed"]);
        assert.match(failed[0].reason!, reason);

        const again = StudyStore.resume(directory, { retryFailed: true });
        await runStudy(again.settings, again.store);
        again.store.close();
        const after = trialsIn(directory);
        assert.ok(after.every(({ state }) => state === "completed"));
        for (const trial of before) {
          if (trial.state === "completed") assert.deepEqual(after[trial.index], trial);
        }
      }),
  );
}

const SGD =
  "--task digits_logreg --opt sgd --momentum 0.9 --nesterov false --weight-decay 0 --jobs 1 --quiet";
const SWEEP = ["sweep", ...`${SGD} --lr log:0.001..1:40 --epochs 60 --group 2`.split(" ")];
const SMALL = ["sweep", ...`${SGD} --lr 0.1,0.2,0.3 --epochs 2`.split(" ")];

/** A user's mistake: one line, and exit code 2. */
function isRefused({ code, stdout, stderr }: Outcome, message: RegExp): void {
  assert.deepEqual([code, stdout], [2, ""], stderr);
  assert.match(stderr, /^optbench: Cannot [^\n]*[^.\n]\n$/);
  assert.match(stderr, message);
}

function succeeds({ code, stderr }: Outcome): void {
  assert.equal(code, 0, stderr);
}

/** The trials and curves in a study's folder, without what depends on the clock. */
function resultsIn(folder: string) {
  const { trials, curves } = readStudy(folder);
  return [trials, curves].map((rows) => sorted(rows, /seconds|_ms_|group_size/));
}

/** The bytes of all files in a folder. */
function contentOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).sort().map((name) => [name, readFileSync(join(folder, name), "base64")]),
  );
}

/** A sweep that there is no room for ends with what it recorded, and goes on when there is. */
function outgrows({ run, folder, seen }: Disk, free: (out: string) => Promise<void> | void): Promise<void> {
  return inTemporaryFolder(async (elsewhere) => {
    const out = join(folder, "study");
    const full = /: (no space left|the disk failed or is full)[^\n]*nothing that was recorded is lost/;
    isRefused(run([...SWEEP, "--out", out]), full);
    const { completed } = JSON.parse(run(["show", out, "--json"]).stdout).trials;
    assert.ok(completed >= 1 && completed < 40, `${completed} trials are recorded`);
    await free(out);
    succeeds(run(["resume", out, "--quiet"]));
    const undisturbed = join(elsewhere, "undisturbed");
    succeeds(optbench([...SWEEP, "--out", undisturbed]));
    assert.deepEqual(resultsIn(seen(out)), resultsIn(undisturbed));
  });
}

test(
  "a sweep whose files may not grow says so, and goes on when they may",
  timeout,
  () => withLimit(500, (disk, lift) => outgrows(disk, lift)),
);

const whereMounted = { ...timeout, skip: !canMount && "no disk can be mounted here" };

test(
  "a sweep that fills the disk says so, and goes on when there is space",
  whereMounted,
  () =>
    onDisk("size=600k", (disk, remount) =>
      outgrows(disk, (out) => {
        isRefused(
          disk.run(["resume", out, "--quiet"]),
          /: no space left; free some and go on with optbench resume/,
        );
        return remount("size=32m");
      })),
);

test(
  "a study on a disk that is read-only can be looked at, and anything else is refused",
  whereMounted,
  () =>
    onDisk("size=32m", async ({ run, folder }, remount) => {
      const out = join(folder, "study");
      succeeds(run([...SMALL, "--out", out]));
      await remount("ro");
      assert.deepEqual(JSON.parse(run(["show", out, "--json"]).stdout).trials, { completed: 3 });
      isRefused(run(["resume", out, "--quiet"]), /: it (is read-only|cannot be opened)/);
      isRefused(run(["export", out]), /: the file system is read-only; choose another folder/);
      isRefused(run([...SMALL, "--out", join(folder, "other")]), /: the file system is read-only; choose/);
    }),
);

test(
  "a database that is cut off or overwritten is refused by every command, and left as it is",
  timeout,
  () =>
    inTemporaryFolder((folder) => {
      const [sound, damaged] = ["sound", "damaged"].map((name) => join(folder, name));
      succeeds(optbench([...SMALL, "--out", sound]));
      succeeds(optbench([...SMALL, "--out", damaged]));
      const path = join(damaged, DATABASE_FILE);
      const bytes = readFileSync(path);
      const { length } = bytes;
      const cuts = [0, 50, 4096, length / 2, length - 4096, length - 1].map((end) => bytes.subarray(0, end));
      for (
        const content of [
          ...cuts,
          Uint8Array.from(bytes).fill(0, 0, 100),
          Uint8Array.from(bytes).fill(7, 0, 16),
        ]
      ) {
        writeFileSync(path, content);
        const before = contentOf(damaged);
        const commands = [["resume", damaged, "--quiet"], ["show", damaged], ["export", damaged], [
          "compare",
          sound,
          damaged,
        ]];
        for (const args of commands) isRefused(optbench(args), /damaged/);
        const listed = optbench(["ls", folder]);
        succeeds(listed);
        assert.match(listed.stdout, /damaged/);
        assert.deepEqual(contentOf(damaged), before);
      }
    }),
);

test(
  "a log that is missing after a crash is an error, and with it nothing is lost",
  timeout,
  () =>
    inTemporaryFolder(async (folder) => {
      const out = join(folder, "study");
      const log = join(out, `${DATABASE_FILE}-wal`);
      const running = start([...SWEEP, "--out", out]);
      await until("trials were recorded", running, () => existsSync(log) && statSync(log).size > 150_000);
      process.kill(running.child.pid!, "SIGKILL");
      await running.ended;
      renameSync(log, join(folder, "log"));
      isRefused(optbench(["resume", out, "--quiet"]), /damaged/);
      renameSync(join(folder, "log"), log);
      const { completed } = JSON.parse(optbench(["show", out, "--json"]).stdout).trials;
      assert.ok(completed >= 1);
      succeeds(optbench(["resume", out, "--quiet"]));
      assert.ok(readStudy(out).trials.every(({ status }) => status === "completed"));
    }),
);
