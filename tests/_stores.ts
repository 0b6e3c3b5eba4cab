/** Studies on a disk whose trials nobody trains. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Database } from "../results/store/database.ts";
import { StoreError } from "../results/store/files.ts";
import type { Versions } from "../results/store/identity.ts";
import { DATABASE_FILE, StudyRecord } from "../results/store/record.ts";
import { StudyStore } from "../results/store/store.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import type { TrialOutcome } from "../study/trial.ts";
import { configurationsOf, study } from "./_results.ts";

/** A sweep of three configurations, two trials each. */
export const settings = study({
  seeds: [1, 2],
  texts: { lr: "0.1,0.2,0.3", momentum: "0.9", nesterov: "false" },
});

export const versions: Versions = {
  optbench: "0.1.0",
  runtime: "deno 2.9.6",
  onnxruntime: "1.30.0",
  tfjs: "4.22.0",
  platform: "linux/x64",
};
export const commandLine = ["optbench", "sweep", "digits_mlp"];
export const startedAt = new Date(2026, 0, 31, 14, 25, 30);
export const options = { settings, versions, commandLine, startedAt };

/** Hands over a new folder, and removes it afterwards. */
export function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A study whose trials are all planned, in a folder of its own. */
export function withStudy(use: (store: StudyStore, folder: string) => void, asked = settings): void {
  inFolder((directory) => {
    const store = StudyStore.create({ ...options, settings: asked, directory });
    planAll(store, asked);
    try {
      use(store, directory);
    } finally {
      store.close();
    }
  });
}

/** Plans all trials of a sweep. */
export function planAll(store: StudyStore, asked: StudySettings = settings): void {
  const configurations = configurationsOf(asked);
  const trials = configurations.flatMap((configuration) =>
    asked.seeds.map((seed, i) => {
      const index = configuration.index * asked.seeds.length + i;
      return { index, configuration, seed, stage: "search" } as const;
    })
  );
  store.exclusively(() => store.plan(configurations, trials));
}

/** Claims trials of a store, by index. */
export function claim(store: StudyStore, ...indices: number[]) {
  return store.exclusively(() => store.claim(indices.map((i) => store.trials[i])));
}

/** Ends a claimed trial; whether it was recorded. */
export function finish(store: StudyStore, index: number, outcome: TrialOutcome): boolean {
  const trial = store.trials[index];
  return store.exclusively(() => store.finish([{ trial, outcome }])).length === 1;
}

/** Claims trials from the first on, and ends them. */
export function endAll(store: StudyStore, outcomes: readonly TrialOutcome[]): void {
  claim(store, ...outcomes.keys());
  outcomes.forEach((outcome, i) => assert.ok(finish(store, i, outcome)));
}

/** Goes on with the study in a folder, in one more process as far as the study knows. */
export function resume(directory: string, changes: Partial<Parameters<typeof StudyStore.resume>[1]> = {}) {
  return StudyStore.resume(directory, { versions, commandLine: ["optbench", "resume"], ...changes }).store;
}

/** Hands over the database of a study's folder, to look into or to damage. */
export function withDatabase<T>(directory: string, use: (database: Database) => T): T {
  const database = Database.open(join(directory, DATABASE_FILE));
  try {
    return use(database);
  } finally {
    database.close();
  }
}

/** Hands over what a reader sees. */
export function reading<T>(directory: string, use: (record: StudyRecord) => T): T {
  const record = StudyRecord.open(directory);
  try {
    return use(record);
  } finally {
    record.close();
  }
}

/** Ends a store's process as far as the study knows, without a word from it. */
export function kill(directory: string): void {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  withDatabase(
    directory,
    (database) => database.run("UPDATE processes SET pid = ? WHERE ended_at IS NULL", pid),
  );
}

/** The states of all trials. */
export function statesOf(store: StudyStore): string {
  return store.trials.map(({ state }) => state).join(" ");
}

/** A StoreError of one line without a full stop. */
export function refuses(action: () => unknown, message: RegExp): void {
  assert.throws(action, (error: Error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.match(error.message, message);
    assert.match(error.message, /^[^\n]*[^.\n]$/);
    return true;
  });
}
