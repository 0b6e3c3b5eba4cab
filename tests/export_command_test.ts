import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { tmpdir } from "node:os";
import { readStudy } from "./_sweeps.ts";
import { optbench } from "./cli.ts";

const timeout = { timeout: 60_000 };
const parent = mkdtempSync(join(tmpdir(), "optbench-"));
after(() => rmSync(parent, { recursive: true }));

const study = join(parent, "study");
const sweep = "sweep --opt sgd --task digits_logreg --lr 0.1,0.5,2 --momentum 0.9 --nesterov false " +
  "--seeds 2 --epochs 2 --quiet --out";
const begun = optbench([...sweep.split(" "), study]);
assert.equal(begun.code, 0, begun.stderr);

const TABLES = ["summary", "trials", "curves"];
const text = (folder: string, name: string) => readFileSync(join(folder, name), "utf8");
const lines = (stdout: string) => stdout.trimEnd().split("\n");

function refuses(args: readonly string[], message: RegExp): void {
  const { code, stdout, stderr } = optbench(["export", ...args]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, message);
}

test("a study's files are made again from its record, as they were", timeout, () => {
  const names = [...TABLES.map((name) => `${name}.csv`), "study.json"];
  const before = names.map((name) => text(study, name));
  for (const name of names) rmSync(join(study, name));
  const { code, stdout } = optbench(["export", study]);
  assert.equal(code, 0);
  assert.deepEqual(lines(stdout), names.map((name) => join(study, name)));
  assert.deepEqual(names.map((name) => text(study, name)), before);
});

test("as JSON, into another folder, the study's own is left alone", timeout, () => {
  const [before, to] = [readdirSync(study), join(parent, "new", "json")];
  const { code, stdout } = optbench(["export", study, "--format", "json", "--to", to]);
  assert.equal(code, 0);
  const names = [...TABLES, "study"].map((name) => `${name}.json`);
  assert.deepEqual(lines(stdout), names.map((name) => join(to, name)));
  assert.deepEqual(readdirSync(to).sort(), names.sort());
  assert.deepEqual(readdirSync(study), before);
  const trials: Record<string, unknown>[] = JSON.parse(text(to, "trials.json"));
  assert.deepEqual(trials.map(({ lr, seed }) => [lr, seed]), [
    ...[[0.1, 1], [0.1, 2], [0.5, 1], [0.5, 2], [2, 1], [2, 2]],
  ]);
});

test("a condition on hyper-parameters and columns says which trials are meant", timeout, () => {
  const to = join(parent, "some");
  assert.equal(optbench(["export", study, "--to", to, "--where", "lr<1 and seed=2"]).code, 0);
  const { trials, curves, summary } = readStudy(to);
  assert.deepEqual(trials.map(({ trial }) => trial), ["1", "3"]);
  assert.deepEqual(curves.map(({ trial }) => trial), ["1", "1", "3", "3"]);
  assert.deepEqual(summary.map(({ configuration }) => configuration).sort(), ["0", "1"]);
});

test("some trials do not take the place of all in the study's folder", timeout, () => {
  refuses([study, "--where", "lr<1"], /^optbench: --where needs --to DIR: [^\n]*[^.\n]\n$/);
  assert.equal(readStudy(study).trials.length, 6);
});

test("a folder with anything in it is not written to", timeout, () => {
  const to = join(parent, "full");
  assert.equal(optbench(["export", study, "--to", to]).code, 0);
  const before = readdirSync(to).map((name) => text(to, name));
  refuses(
    [study, "--to", to, "--format", "json"],
    /^optbench: Cannot .*full": it exists and is not empty[^\n]*\n$/,
  );
  assert.deepEqual(readdirSync(to).map((name) => text(to, name)), before);
});

test("a mistake is named, and no folder is made for it", timeout, () => {
  const to = join(parent, "never");
  refuses([join(parent, "nothing"), "--to", to], /^optbench: Cannot find a study in ".*nothing"/);
  refuses([study, "--to", to, "--where", "lrr<1"], /there is no "lrr"; did you mean lr\?/);
  refuses([study, "--to", to, "--where", "lr<x"], /^optbench: Cannot parse condition "lr<x"/);
  refuses([study, "--to", to, "--format", "xml"], /unknown format "xml"/);
  refuses([], /^optbench: export which study\? optbench export STUDY\n$/);
  assert.equal(existsSync(to), false);
});

test("in a landscape the trajectories are written and drawn", timeout, () => {
  const [folder, to] = [join(parent, "valley"), join(parent, "drawn")];
  const line = "sweep --opt sgd --task rosenbrock --lr 0.0005,0.001 --momentum 0.9 --epochs 20 --quiet --out";
  assert.equal(optbench([...line.split(" "), folder]).code, 0);
  assert.equal(optbench(["export", folder, "--to", to]).code, 0);
  for (const name of ["trajectories.csv", "contours.svg", "trials.csv"]) {
    assert.equal(text(to, name), text(folder, name));
  }
});
