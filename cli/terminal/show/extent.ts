/** How far a study is, and what it took. */
import { Database } from "../../../results/store/database.ts";
import { secondsBefore } from "../../../results/store/processes.ts";
import { databaseIn, type StudyRecord } from "../../../results/store/record.ts";
import type { StudySettings } from "../../../study/settings/settings.ts";

export interface Extent {
  /** Trials that have ended. */
  readonly ended: number;
  /** Trials there will be, as far as that is known, those of a protocol included. */
  readonly planned: number | undefined;
}

export function extentOf(counts: StudyRecord["counts"], settings: StudySettings): Extent {
  const { planned = 0, running = 0, paused = 0 } = counts;
  const recorded = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { ended: recorded - planned - running - paused, planned: trialsPlanned(recorded, settings) };
}

/** Trials there will be, at least those that are recorded; undefined where no budget of trials or grid says. */
export function trialsPlanned(
  recorded: number,
  { points = Infinity, budget: { trials = Infinity }, seeds, protocol, shard }: StudySettings,
): number | undefined {
  const search = Math.ceil(Math.min(points * seeds.length, trials) / (shard?.of ?? 1));
  return search === Infinity ? undefined : Math.max(search + (protocol?.seeds.length ?? 0), recorded);
}

/** Seconds in which at least one process ran the study in a folder. */
export function secondsSpent(folder: string): number {
  const database = Database.read(databaseIn(folder));
  try {
    return secondsBefore(database, Date.now());
  } finally {
    database.close();
  }
}

/** `2026-01-31 14:25`, in local time. */
export function localTime(iso: string): string {
  return new Date(iso).toLocaleString("sv-SE", { dateStyle: "short", timeStyle: "short" });
}
