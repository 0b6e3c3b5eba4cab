/** The processes that run a study, and which of them are gone. */
import { hostname } from "node:os";
import process from "node:process";
import type { Database } from "./database.ts";

/** A process that has given no sign of life for so long is taken for dead, wherever it runs. */
const STALE_MS = 60_000;

/** One that has not said that it ended. */
interface Unended {
  readonly id: number;
  readonly pid: number;
  readonly host: string;
  readonly beat_at: number;
}

/** Enters this process. */
export function register(database: Database, commandLine: readonly string[]): number {
  const now = Date.now();
  database.run(
    "INSERT INTO processes (pid, host, command_line, started_at, beat_at) VALUES (?, ?, ?, ?, ?)",
    ...[process.pid, hostname(), JSON.stringify(commandLine), now, now],
  );
  return database.one("SELECT last_insert_rowid() AS id")!.id as number;
}

/** The processes that are running a study. */
export function living(database: Database): Unended[] {
  return unended(database).filter(isAlive);
}

/** The processes that ended without saying so. */
export function dead(database: Database): Unended[] {
  return unended(database).filter((entry) => !isAlive(entry));
}

function unended(database: Database): Unended[] {
  return database.all(
    "SELECT id, pid, host, beat_at FROM processes WHERE ended_at IS NULL",
  ) as unknown as Unended[];
}

function isAlive({ pid, host, beat_at }: Unended): boolean {
  if (Date.now() - beat_at > STALE_MS) return false;
  if (host !== hostname()) return true;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's process is alive too.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Seconds before a moment in which at least one process ran the study. */
export function secondsBefore(database: Database, moment: number): number {
  const intervals = database.all(
    "SELECT started_at, coalesce(ended_at, beat_at) AS ended_at FROM processes WHERE started_at < ? ORDER BY started_at",
    moment,
  );
  let total = 0;
  let until = -Infinity;
  for (const { started_at, ended_at } of intervals as unknown as { started_at: number; ended_at: number }[]) {
    const end = Math.min(ended_at, moment);
    total += Math.max(0, end - Math.max(started_at, until));
    until = Math.max(until, end);
  }
  return total / 1000;
}
