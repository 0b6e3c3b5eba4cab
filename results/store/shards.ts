/** The shards of a study, and whether they are of one study. */
import type { StudySettings } from "../../study/settings/settings.ts";
import { formatDomain } from "../../study/space/domain.ts";
import { Database } from "./database.ts";
import { StoreError } from "./files.ts";
import { differences } from "./identity.ts";
import { databaseIn, type StudyDescription, StudyRecord } from "./record.ts";

/** A shard that is open to be read. */
export interface ShardFolder {
  readonly folder: string;
  readonly database: Database;
  readonly record: StudyRecord;
  readonly description: StudyDescription;
  /** From 1. */
  readonly number: number;
  readonly of: number;
}

/**
 * Opens a shard.
 *
 * @throws {StoreError} where there is none, it cannot be read, or a process is running it.
 */
export function openShard(folder: string): ShardFolder {
  const database = Database.read(databaseIn(folder));
  try {
    const record = new StudyRecord(database);
    const { description, processes } = record;
    const { shard } = description.settings;
    if (shard === undefined) throw cannot(folder, "it is no shard of a study: it was begun without --shard");
    if (processes.length > 0) {
      const [{ pid, host }] = processes;
      throw cannot(folder, `process ${pid} on ${host} is running it; wait for its end, or stop it`);
    }
    return { folder, database, record, description, ...shard };
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Checks that shards, in the order of their numbers, are different ones of the same study.
 *
 * @returns what changed from one to another, each in a few words.
 * @throws {StoreError} where they are not, or where something changed and that is not to be ignored.
 */
export function checkShards(
  [first, ...others]: readonly ShardFolder[],
  despiteChanges: boolean,
): readonly string[] {
  const changes = new Set<string>();
  let previous = first;
  for (const shard of others) {
    const { folder, number, of, description } = shard;
    const unlike = unlikeness(first.description.settings, description.settings);
    if (of !== first.of) unlike.unshift(`shards (${first.of} and ${of})`);
    if (unlike.length > 0) {
      throw cannot(
        folder,
        `it is of another study than ${quoted(first.folder)}: they differ in ${unlike.join(", ")}`,
      );
    }
    if (number === previous.number) {
      throw cannot(
        folder,
        `it is shard ${number}/${of}, and so is ${quoted(previous.folder)}; name one of them`,
      );
    }
    const changed = differences(first.description.identity, description.identity);
    if (changed.length > 0 && !despiteChanges) {
      const since = `since shard ${first.number} in ${quoted(first.folder)}, ${changed.join("; ")}`;
      throw cannot(folder, `${since}; use --despite-changes to merge them all the same`);
    }
    checkConfigurations(first, shard);
    for (const change of changed) changes.add(change);
    previous = shard;
  }
  return [...changes];
}

/** What makes no other study. */
const INDIFFERENT: ReadonlySet<string> = new Set<keyof StudySettings>([
  ...["shard", "jobs", "threads", "checkpointMinutes", "hangMinutes"] as const,
  // These follow from the others.
  ...["points", "leftOut", "groupReason"] as const,
]);

/** The settings that are not the same, with their values where these are short. */
function unlikeness(a: StudySettings, b: StudySettings): string[] {
  const [mine, theirs] = [a, b].map(comparable);
  const names = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])];
  return names.filter((name) => mine[name] !== theirs[name]).map((name) => {
    const values = `${mine[name] ?? "none"} and ${theirs[name] ?? "none"}`;
    return values.length <= 60 ? `${name} (${values})` : name;
  });
}

/** The settings that make a study, as texts. Files may lie elsewhere: what is in them is part of the identity. */
function comparable(settings: StudySettings): Record<string, string | undefined> {
  const { space, taskChoice: { table, heldOut }, ...others } = settings;
  const entries = Object.entries({ ...others, table: table && { ...table, file: undefined }, heldOut })
    .filter(([name]) => !INDIFFERENT.has(name))
    .map(([name, value]) => [name, JSON.stringify(value)]);
  const domains = Object.entries(space).map(([name, domain]) => [name, formatDomain(domain)]);
  return Object.fromEntries([...domains, ...entries]);
}

/** One may have chosen more of them than the other. */
function checkConfigurations(a: ShardFolder, b: ShardFolder): void {
  const [mine, theirs] = [a, b].map(({ record }) => record.configurations);
  for (let i = 0; i < Math.min(mine.length, theirs.length); i++) {
    if (JSON.stringify(mine[i]) === JSON.stringify(theirs[i])) continue;
    throw cannot(b.folder, `its configuration ${i} is another one than that of ${quoted(a.folder)}`);
  }
}

function cannot(folder: string, why: string): StoreError {
  return new StoreError(`Cannot merge ${quoted(folder)}: ${why}`);
}

function quoted(folder: string): string {
  return JSON.stringify(folder);
}
