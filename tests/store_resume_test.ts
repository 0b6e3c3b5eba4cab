import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { differences, type Identity, identityOf } from "../results/store/identity.ts";
import { StudyRecord } from "../results/store/record.ts";
import { StudyStore } from "../results/store/store.ts";
import { completed, failed } from "./_results.ts";
import {
  commandLine,
  endAll,
  inFolder,
  options,
  reading,
  refuses,
  resume,
  settings,
  statesOf,
  versions,
  withDatabase,
  withStudy,
} from "./_stores.ts";

const identity: Identity = { versions, code: "0123456789ab", taskFile: null, table: null, text: null };

test("what has changed is named, the versions before and now", () => {
  assert.deepEqual(differences(identity, identity), []);
  const now = { ...versions, runtime: "bun 1.4.5", tfjs: "4.23.0", platform: "darwin/arm64" };
  assert.deepEqual(differences(identity, { ...identity, versions: now }), [
    "deno 2.9.6 is bun 1.4.5 now",
    "tfjs 4.22.0 is 4.23.0 now",
    "linux/x64 is darwin/arm64 now",
  ]);
});

test("another version of optbench is other code, and named once", () => {
  const code = "ba9876543210";
  assert.deepEqual(differences(identity, { ...identity, code }), [
    "optbench's code has changed (01234567 is ba987654 now)",
  ]);
  const now = { ...identity, code, versions: { ...versions, optbench: "0.2.0" } };
  assert.deepEqual(differences(identity, now), ["optbench 0.1.0 is 0.2.0 now"]);
});

test("a file of the user's own is known by its content, wherever it stands", () => {
  const before = {
    ...identity,
    table: { file: "my.csv", sha256: "a" },
    text: { file: "my.txt", sha256: "b" },
  };
  assert.deepEqual(differences(before, { ...before, table: { file: "other.csv", sha256: "a" } }), []);
  assert.deepEqual(differences(before, { ...before, table: { file: "my.csv", sha256: "c" } }), [
    "the content of my.csv has changed",
  ]);
  const taskFile = { file: "task.ts", sha256: "d" };
  assert.deepEqual(
    differences({ ...identity, taskFile }, { ...identity, taskFile: { ...taskFile, sha256: "e" } }),
    [
      "the content of task.ts has changed",
    ],
  );
});

test("a study is the same for as long as its code and the user's files are", () =>
  inFolder((folder) => {
    const file = join(folder, "my.csv");
    writeFileSync(file, "a,b\n1,2\n");
    const task = fileURLToPath(new URL("_counting.ts", import.meta.url));
    const choice = { task, table: { file, label: "b" }, text: file };
    const before = identityOf(choice, versions);
    assert.deepEqual(differences(before, identityOf(choice, versions)), []);
    assert.equal(before.taskFile?.file, task);
    writeFileSync(file, "a,b\n1,3\n");
    const change = `the content of ${file} has changed`;
    assert.deepEqual(differences(before, identityOf(choice, versions)), [change, change]);
  }));

test("a study whose code or data have changed is not gone on with, unless that is asked for", () =>
  withStudy((store, directory) => {
    endAll(store, [completed([0.5])]);
    store.release();
    const changes = { versions: { ...versions, tfjs: "4.23.0", runtime: "bun 1.4.5" } };
    refuses(
      () => resume(directory, changes),
      /^Cannot resume ".*": deno 2\.9\.6 is bun 1\.4\.5 now; tfjs 4\.22\.0 is 4\.23\.0 now; its other trials might come out differently: use --despite-changes to go on all the same$/,
    );
    assert.deepEqual(store.record.events, []);
    assert.deepEqual(store.record.processes, []);
    const resumed = resume(directory, { ...changes, despiteChanges: true });
    assert.equal(statesOf(resumed), "completed planned planned planned planned planned");
    assert.deepEqual(resumed.record.events.map(({ text }) => text), [
      "resumed although deno 2.9.6 is bun 1.4.5 now; tfjs 4.22.0 is 4.23.0 now",
    ]);
    resumed.close();
  }));

test("a study whose table is gone is refused", () =>
  inFolder((folder) => {
    const file = join(folder, "my.csv");
    writeFileSync(file, "a,b\n1,2\n");
    const directory = join(folder, "study");
    const own = { ...settings, taskChoice: { task: "mlp", table: { file, label: "b" } } };
    StudyStore.create({ ...options, settings: own, directory }).close();
    writeFileSync(file, "a,b\n1,3\n");
    refuses(
      () => resume(directory),
      /^Cannot resume ".*": the content of .*my\.csv has changed; its other trials/,
    );
  }));

test("what is asked for differently is what the study is from then on", () =>
  withStudy((store, directory) => {
    store.release();
    const adapt = (before: typeof settings) => ({ ...before, jobs: 7, budget: { trials: 100 } });
    const { store: resumed, settings: adapted } = StudyStore.resume(
      directory,
      { versions, commandLine },
      adapt,
    );
    const expected = JSON.parse(JSON.stringify(adapt(settings)));
    assert.deepEqual([adapted, resumed.record.description.settings], [expected, expected]);
    resumed.close();
    reading(directory, (record) => assert.deepEqual(record.description.settings, expected));
  }));

test("failed trials are run again where that is asked for, the others are not", () =>
  withStudy((store, directory) => {
    endAll(store, [completed([0.5]), failed, failed]);
    store.release();
    const without = resume(directory);
    assert.equal(statesOf(without), "completed failed failed planned planned planned");
    without.close();
    const again = resume(directory, { retryFailed: true });
    assert.equal(statesOf(again), "completed planned planned planned planned planned");
    assert.equal(again.record.trials()[1].reason, undefined);
    again.close();
  }));

test("a folder without a study is refused, by what is there instead", () =>
  inFolder((folder) => {
    const cases: [string, RegExp][] = [
      [
        join(folder, "nothing"),
        /^Cannot find a study in ".*nothing": there is no such folder; optbench ls lists studies$/,
      ],
      [folder, /^Cannot find a study in ".*": there is no study\.sqlite in it; optbench ls lists studies$/],
      [join(folder, "file"), /^Cannot find a study in ".*file": it is a file; name the study's folder; /],
    ];
    writeFileSync(join(folder, "file"), "mine");
    for (const [path, message] of cases) {
      refuses(() => StudyRecord.open(path), message);
      refuses(() => resume(path), message);
    }
  }));

test("a study of another format is left to the version of optbench that reads it", () =>
  withStudy((store, directory) => {
    store.release();
    withDatabase(directory, (database) => database.run("UPDATE study SET value = '9' WHERE key = 'format'"));
    const message =
      /^Cannot read the study: its format is 9, and this optbench reads 4; use the version of optbench that wrote it$/;
    refuses(() => StudyRecord.open(directory), message);
    refuses(() => resume(directory), message);
  }));

test("a database that a study was never begun in is no study", () =>
  inFolder((folder) => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    writeFileSync(join(empty, "study.sqlite"), "");
    const foreign = join(folder, "foreign");
    mkdirSync(foreign);
    withDatabase(foreign, (database) =>
      database.execute("CREATE TABLE study (a); INSERT INTO study VALUES (1)"));
    for (
      const [path, message] of [
        [empty, /^Cannot read the study: its database is empty: it is damaged, or its process ended before/],
        [foreign, /^Cannot (use|read) the study's database ".*": it is no database of a study, or damaged$/],
      ] as const
    ) {
      refuses(() =>
        StudyRecord.open(path), message);
      refuses(() => resume(path), message);
    }
  }));
