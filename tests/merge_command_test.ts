import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readStudy, sorted } from "./_sweeps.ts";
import { optbench } from "./cli.ts";

const timeout = { timeout: 60_000 };
const parent = mkdtempSync(join(tmpdir(), "optbench-"));
after(() => rmSync(parent, { recursive: true }));
const folder = (name: string) => join(parent, name);

/** Columns that say how trials ran, not what came of them. */
const RUNNING = /seconds|step_ms|group_size/;

// Five configurations of two seeds: two, two and one in a shard.
const sampled =
  "tune --opt sgd --task digits_logreg --sampler random --trials 10 --seeds 2 --epochs 2 --quiet --out";

function run(...args: string[]): string {
  const { code, stdout, stderr } = optbench(args);
  assert.equal(code, 0, stderr);
  return stdout;
}

run(...sampled.split(" "), folder("whole"));
for (const number of [1, 2, 3]) {
  run(...sampled.split(" "), folder(`shard${number}`), "--shard", `${number}/3`);
}

/** All that a study found out, without times. */
function results(name: string) {
  const { trials, curves, summary } = readStudy(folder(name));
  return [trials, curves, summary].map((rows) => sorted(rows, RUNNING));
}

test("all shards together are the study that was not divided", timeout, () => {
  const stdout = run("merge", folder("all"), folder("shard2"), folder("shard3"), folder("shard1"));
  assert.match(stdout, /^sgd on digits_logreg\n {2}3 of 3 shards: 10 completed\n\n/);
  assert.deepEqual(stdout.trimEnd().split("\n").slice(3), [
    ...["summary.csv", "trials.csv", "curves.csv", "study.json"].map((name) => join(folder("all"), name)),
  ]);
  assert.deepEqual(results("all"), results("whole"));
  const { status, shard, trials } = readStudy(folder("all")).json;
  assert.deepEqual([status, shard, trials], ["completed", null, { completed: 10 }]);
});

test("what a missing shard would have run is planned, and resuming runs it", timeout, () => {
  const stdout = run("merge", folder("some"), folder("shard1"), folder("shard3"));
  assert.match(stdout, /\n {2}2 of 3 shards: 6 completed, 4 planned\n/);
  const left = "shard 2 of 3 is missing: 4 of 10 trials are to be run: optbench resume ";
  assert.ok(stdout.includes(`\n  ${left}${folder("some")}\n`), stdout);
  const before = readFileSync(join(folder("some"), "curves.csv"), "utf8");
  run("resume", folder("some"), "--quiet");
  assert.deepEqual(results("some"), results("whole"));
  // What was there has not been run again: its times are the same.
  const after = readFileSync(join(folder("some"), "curves.csv"), "utf8").split("\n");
  for (const line of before.split("\n")) assert.ok(after.includes(line));
});

test("several missing shards are listed", timeout, () => {
  const stdout = run("merge", folder("one"), folder("shard3"));
  assert.match(stdout, /\n {2}shards 1 and 2 of 3 are missing: 8 of 10 trials are to be run: /);
});

test("a mistake is named, and no folder is made for it", timeout, () => {
  const refuses = (args: readonly string[], message: RegExp) => {
    const { code, stdout, stderr } = optbench(["merge", ...args]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, message);
    assert.match(stderr, /^[^\n]*[^.\n]\n$/);
  };
  const [never, first] = [folder("never"), folder("shard1")];
  refuses([], /^optbench: merge into which folder\?/);
  refuses([never], /^optbench: merge which shards\?/);
  refuses([never, first, folder("whole")], /^optbench: Cannot merge ".*whole": it is no shard of a study/);
  refuses([never, first, folder("nothing")], /^optbench: Cannot find a study in ".*nothing"/);
  refuses([first, folder("shard2")], /^optbench: Cannot create .*shard1": it exists and is not empty/);
  assert.match(optbench(["export", never]).stderr, /there is no such folder/);
});
