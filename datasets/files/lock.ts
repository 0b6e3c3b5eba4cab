/** A lock between processes: a file that only one of them can create. */
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as delay } from "node:timers/promises";

/** What a lock file says, as JSON. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  /** Tells this lock from every other. */
  readonly id: string;
}

export interface LockOptions {
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Called once, if another process holds the lock. */
  readonly onWait?: (holder: string) => void;
  /** A holder that has given no sign of life for so long is taken for dead. Default: one minute. */
  readonly staleMs?: number;
}

const POLL_MS = 200;

/**
 * Does something that no other process does at the same time. The lock of a process that is gone is taken over; the
 * holder touches its lock now and then, to show that it is not.
 *
 * @param path of the lock file, in a folder that exists.
 * @throws what the signal gives as its reason, or the work throws.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const { staleMs = 60_000 } = options;
  const id = await acquire(path, staleMs, options);
  const beat = setInterval(() => touch(path), staleMs / 4);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (read(path)?.id === id) rmSync(path, { force: true });
  }
}

async function acquire(path: string, staleMs: number, { signal, onWait }: LockOptions): Promise<string> {
  const id = randomUUID();
  const holder: Holder = { pid: process.pid, host: hostname(), since: new Date().toISOString(), id };
  for (let isFirst = true;; isFirst = false) {
    signal?.throwIfAborted();
    if (create(path, holder)) return id;
    if (takeOver(path, staleMs)) continue;
    const other = read(path);
    if (isFirst) onWait?.(other ? `process ${other.pid} on ${other.host}` : "another process");
    await delay(POLL_MS, undefined, { signal });
  }
}

function create(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(holder), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes a dead process's lock. Of several that find it dead, only one can rename it. */
function takeOver(path: string, staleMs: number): boolean {
  const dead = read(path);
  if (!isStale(path, dead, staleMs)) return false;
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
    // Another process may have taken over and locked anew since it was found dead: that lock is put back.
    if (read(aside)?.id !== dead?.id) linkSync(aside, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  return true;
}

function isStale(path: string, holder: Holder | undefined, staleMs: number): boolean {
  const seen = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (seen !== undefined && Date.now() - seen > staleMs) return true;
  return holder !== undefined && holder.host === hostname() && !isAlive(holder.pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Undefined where there is no lock, or one that is only just being written. */
function read(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return;
  }
}

function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // The folder is gone, and the lock with it; the work will say so.
  }
}
