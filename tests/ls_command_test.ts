import assert from "node:assert/strict";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { StudyStore } from "../results/store/store.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import { optbench } from "./cli.ts";
import { completed, study } from "./_results.ts";
import { optbenchCommand } from "./_running.ts";
import { endAll, options, planAll } from "./_stores.ts";
import { inTemporaryFolder } from "./_sweeps.ts";

const sgd = study({ seeds: [1, 2], texts: { lr: "0.1,0.2", momentum: "0.9", nesterov: "false" } });
const adam = study({ name: "adam", seeds: [1], texts: { lr: "0.01" } });

/** A study of which so many trials have completed, each with a better accuracy than the one before. */
function keep(directory: string, settings: StudySettings, trials: number, startedAt: string): void {
  const store = StudyStore.create({ ...options, settings, directory, startedAt: new Date(startedAt) });
  planAll(store, settings);
  endAll(store, Array.from({ length: trials }, (_, i) => completed([0.6 + i / 10])));
  if (store.trials.every(({ state }) => state === "completed")) store.complete();
  store.release();
  store.close();
}

/** A folder with a study that has ended, a newer one that has not, and things that are no studies. */
const withStudies = (use: (folder: string) => void) =>
  inTemporaryFolder((folder) => {
    keep(join(folder, "whole"), sgd, 4, "2026-01-31T14:25:30Z");
    keep(join(folder, "part"), adam, 1, "2026-02-01T08:00:00Z");
    mkdirSync(join(folder, "old"));
    writeFileSync(join(folder, "old", "trials.csv"), "trial\n");
    writeFileSync(join(folder, "file"), "");
    use(folder);
  });

function ls(...args: string[]): string {
  const { code, stdout, stderr } = optbench(["ls", ...args]);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return stdout;
}

const names = (text: string) => JSON.parse(text).map(({ name }: { name: string }) => name);

test("studies are listed with how far they are and their best, the newest first", () =>
  withStudies((folder) => {
    const [head, part, partNote, , whole, wholeNote, best] = ls(folder).split("\n");
    assert.match(head, /^study +status +trials +best +time$/);
    assert.match(part, /^part +(completed|interrupted) +1\/\d+ +60\.00 % +\d+ s$/);
    assert.match(partNote, /^ {4}adam on digits_mlp, 2026-0\d-\d\d \d\d:00, \d\.\d MB$/);
    assert.match(whole, /^whole +completed +4\/4 +85\.00 % +\d+ s$/);
    assert.match(wholeNote, /^ {4}sgd on digits_mlp, 2026-0\d-\d\d \d\d:\d\d, \d\.\d MB$/);
    assert.equal(best, "    best: lr 0.2");
  }));

test("as JSON a study has its figures and the values of its best configuration", () =>
  withStudies((folder) => {
    const [, whole] = JSON.parse(ls(folder, "--json"));
    const {
      name,
      directory,
      status,
      optimizer,
      task,
      trials,
      planned,
      configurations,
      best,
      values,
      started,
    } = whole;
    assert.deepEqual(
      { name, directory, status, optimizer, task, trials, planned, configurations, best, started },
      {
        name: "whole",
        directory: join(folder, "whole"),
        status: "completed",
        optimizer: "sgd",
        task: "digits_mlp",
        trials: 4,
        planned: 4,
        configurations: 2,
        best: 0.85,
        started: "2026-01-31T14:25:30.000Z",
      },
    );
    assert.equal(values.lr, 0.2);
  }));

test("a condition and an order choose among studies", () =>
  withStudies((folder) => {
    const listed = (...args: string[]) => names(ls(folder, "--json", ...args));
    assert.deepEqual(listed("--where", "optimizer=sgd and trials>=4 and best>0.8"), ["whole"]);
    assert.deepEqual(listed("--where", "not optimizer=sgd"), ["part"]);
    assert.deepEqual(listed("--sort=-best"), ["whole", "part"]);
    assert.deepEqual(listed("--sort", "name"), ["part", "whole"]);
    assert.equal(
      ls(folder, "--where", "failed>0"),
      `None of the 2 studies in ${folder} meets the condition\n`,
    );
  }));

test("a damaged study is listed with the reason, and does not keep others from being listed", () =>
  withStudies((folder) => {
    truncateSync(join(folder, "part", "study.sqlite"), 5000);
    const text = ls(folder);
    assert.match(text, /^whole +completed/m);
    assert.match(text, /^part +damaged +- +- +-\n {4}Cannot /m);
    const [, part] = JSON.parse(ls(folder, "--json"));
    assert.equal(part.status, "damaged");
    assert.match(part.problem, /damaged/);
    assert.deepEqual(names(ls(folder, "--json", "--where", "status=damaged")), ["part"]);
  }));

test("a study's own folder is listed as one study", () =>
  withStudies((folder) => assert.deepEqual(names(ls(join(folder, "whole"), "--json")), ["whole"])));

test("where nobody has begun a study, that is no mistake, but a folder that is missing is", () =>
  inTemporaryFolder((folder) => {
    const [runtime, ...args] = optbenchCommand;
    const { stdout, status } = spawnSync(runtime, [...args, "ls"], { cwd: folder, encoding: "utf8" });
    assert.equal(stdout, "No study in optbench-results; optbench sweep begins one\n");
    assert.equal(status, 0);
    const missing = optbench(["ls", join(folder, "x")]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /^optbench: Cannot list ".*x": there is no such folder\n$/);
  }));

test("a name that studies do not have is refused in a line", () =>
  inTemporaryFolder((folder) => {
    for (const [option, kind] of [["--where", "condition"], ["--sort", "sort"]]) {
      const { code, stderr } = optbench(["ls", folder, option, "taks"]);
      assert.equal(code, 2);
      assert.match(
        stderr,
        new RegExp(`^optbench: Cannot parse ${kind} "taks": there is no "taks"; did you mean task`),
      );
    }
  }));
