/**
 * Joins the shards of a study. Each shard's database holds the configurations as far as it chose them, which are the same
 * in all, and the trials of its own; the merged one holds what that of the study without shards would.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { StudySettings } from "../../study/settings/settings.ts";
import { Database, type SqlRow, type SqlValue } from "./database.ts";
import { createFile, makeEmptyFolder } from "./files.ts";
import { DATABASE_FILE, type StudyDescription } from "./record.ts";
import { FORMAT_VERSION, SCHEMA } from "./schema.ts";
import { checkShards, openShard, type ShardFolder } from "./shards.ts";

export interface MergeOptions {
  /** The arguments that merge, the program's name first. */
  readonly commandLine: readonly string[];
  /** Whether to merge shards that ran with another code, version or data. Default: false. */
  readonly despiteChanges?: boolean;
}

export interface Merged {
  /** How many shards the study has. */
  readonly of: number;
  /** Those that were not there, by their numbers from 1. Their trials are planned. */
  readonly missing: readonly number[];
}

/**
 * Makes one study of some or all of its shards. Configurations and trials keep their numbers; trials that have not ended
 * are to be run.
 *
 * @param out a folder that does not exist or is empty.
 * @param folders of the shards, at least one, in any order.
 * @throws {StoreError} where a folder holds no shard or cannot be read, a shard is there twice or is running, two are not
 * of the same study, or `out` cannot be written; nothing is left in that then.
 */
export function mergeShards(out: string, folders: readonly string[], options: MergeOptions): Merged {
  const shards: ShardFolder[] = [];
  try {
    for (const folder of folders) shards.push(openShard(folder));
    shards.sort((a, b) => a.number - b.number);
    const [{ of }] = shards;
    const there = shards.map(({ number }) => number);
    const changes = checkShards(shards, options.despiteChanges ?? false);
    makeEmptyFolder(out);
    create(out, (database) => {
      describe(database, shards, options.commandLine);
      const events = shards.flatMap((shard) => copy(shard, database));
      writeHistory(database, events, `merged shards ${there.join(", ")} of ${of}`, changes);
      const planned = planMissing(database, shards[0].description.settings.seeds);
      if (planned === 0) complete(database, shards);
    });
    const all = Array.from({ length: of }, (_, i) => i + 1);
    return { of, missing: all.filter((number) => !there.includes(number)) };
  } finally {
    for (const { database } of shards) database.close();
  }
}

/** Makes a database, whole or not at all. */
function create(folder: string, fill: (database: Database) => void): void {
  const path = join(folder, DATABASE_FILE);
  createFile(path, "");
  const database = Database.open(path);
  try {
    database.transaction(() => {
      database.execute(SCHEMA);
      fill(database);
    });
  } catch (error) {
    database.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    throw error;
  }
  database.close();
}

/** The whole study began with the first shard to begin. */
function describe(database: Database, shards: readonly ShardFolder[], commandLine: readonly string[]): void {
  const [{ description }] = shards;
  const startedAt = shards.map(({ description }) => description.startedAt).sort()[0];
  const settings: StudySettings = { ...description.settings, shard: undefined };
  const whole: StudyDescription = { ...description, settings, commandLine, startedAt };
  insert(database, "study", { key: "format", value: String(FORMAT_VERSION) });
  insert(database, "study", { key: "study", value: JSON.stringify(whole) });
}

/**
 * Takes over what a shard holds.
 *
 * @returns its events, which have to be put in order with those of others.
 */
function copy({ database: from, number, of }: ShardFolder, to: Database): SqlRow[] {
  const known = count(to, "configurations");
  for (const row of from.each("SELECT * FROM configurations WHERE id >= ? ORDER BY id", known)) {
    insert(to, "configurations", row);
  }
  const processes = count(to, "processes");
  const renumbered = (process: SqlValue) => process === null ? null : processes + (process as number);
  for (const row of from.each("SELECT * FROM processes")) {
    insert(to, "processes", { ...row, id: renumbered(row.id), ended_at: row.ended_at ?? row.beat_at });
  }
  let change = count(to, "trials");
  for (const row of from.each("SELECT * FROM trials ORDER BY id")) {
    const state = row.state === "running" ? "planned" : row.state;
    insert(to, "trials", { ...row, state, process: renumbered(row.process), change: ++change });
  }
  for (const table of ["curves", "step_times", "trajectories", "checkpoints"]) {
    for (const row of from.each(`SELECT * FROM ${table}`)) insert(to, table, row);
  }
  return from.all("SELECT at, process, text FROM events ORDER BY id").map(({ at, process, text }) => (
    { at, process: renumbered(process), text: `shard ${number}/${of}: ${text}` }
  ));
}

/** Writes the events of all shards in the order of time, and that of merging them. */
function writeHistory(
  database: Database,
  events: readonly SqlRow[],
  merging: string,
  changes: readonly string[],
): void {
  const text = changes.length === 0 ? merging : `${merging} although ${changes.join("; ")}`;
  const inOrder = events.toSorted((a, b) => (a.at as number) - (b.at as number));
  for (const event of [...inOrder, { at: Date.now(), process: null, text }]) {
    insert(database, "events", event);
  }
}

/**
 * Plans the trials that no shard has: those of missing ones, and of configurations that another was ahead by.
 *
 * @returns how many.
 */
function planMissing(database: Database, seeds: readonly number[]): number {
  const configurations = count(database, "configurations");
  const before = count(database, "trials");
  let trials = before;
  for (let configuration = 0; configuration < configurations; configuration++) {
    for (const [i, seed] of seeds.entries()) {
      trials += database.run(
        "INSERT OR IGNORE INTO trials (id, configuration, seed, stage, state, change) " +
          "VALUES (?, ?, ?, 'search', 'planned', ?)",
        ...[configuration * seeds.length + i, configuration, seed, trials + 1],
      );
    }
  }
  return trials - before;
}

/** Whether all shards are done, which is when the last one was. */
function complete(database: Database, shards: readonly ShardFolder[]): void {
  const times = shards.map((shard) =>
    shard.database.one("SELECT value FROM study WHERE key = 'completed_at'")
  );
  if (times.includes(undefined)) return;
  const last = Math.max(...times.map((row) => Number(row!.value)));
  insert(database, "study", { key: "completed_at", value: String(last) });
}

function count(database: Database, table: string): number {
  return database.one(`SELECT count(*) AS count FROM ${table}`)!.count as number;
}

function insert(database: Database, table: string, row: SqlRow): void {
  const names = Object.keys(row);
  const places = names.map(() => "?").join(", ");
  database.run(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${places})`, ...Object.values(row));
}
