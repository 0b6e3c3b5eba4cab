import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { withLock } from "../datasets/files/lock.ts";

async function inFolder(use: (lock: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    await use(join(folder, "lock"));
    assert.deepEqual(readdirSync(folder), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a process leaves that is killed. */
function leave(lock: string, pid: number, host = hostname()) {
  writeFileSync(lock, JSON.stringify({ pid, host, since: new Date().toISOString(), id: "other" }));
}

const deadPid = () => spawnSync(process.execPath, ["--version"]).pid;
const work = () => Promise.resolve("done");
const refuseToWait = () => assert.fail("it waits");

test("the lock is there during the work, and gone after it and after an error", () =>
  inFolder(async (lock) => {
    const result = await withLock(lock, () => Promise.resolve(existsSync(lock)));
    assert.equal(result, true);
    await assert.rejects(withLock(lock, () => Promise.reject(new Error("failed"))), /failed/);
  }));

test("works do not overlap, however many there are", () =>
  inFolder(async (lock) => {
    let [running, most, done] = [0, 0, 0];
    const job = async () => {
      most = Math.max(most, ++running);
      await delay(5);
      running--;
      done++;
    };
    await Promise.all(Array.from({ length: 4 }, () => withLock(lock, job)));
    assert.deepEqual([most, done], [1, 4]);
  }));

test("the lock of a dead process is taken over at once", () =>
  inFolder(async (lock) => {
    leave(lock, deadPid());
    assert.equal(await withLock(lock, work, { onWait: refuseToWait }), "done");
  }));

test("several that find a dead process's lock still do not overlap", () =>
  inFolder(async (lock) => {
    leave(lock, deadPid());
    let [running, most] = [0, 0];
    const job = async () => {
      most = Math.max(most, ++running);
      await delay(5);
      running--;
    };
    await Promise.all(Array.from({ length: 4 }, () => withLock(lock, job)));
    assert.equal(most, 1);
  }));

test("the lock of another machine is waited for until it gives no more sign of life", () =>
  inFolder(async (lock) => {
    leave(lock, deadPid(), "elsewhere");
    const waits: string[] = [];
    const onWait = (holder: string) => {
      waits.push(holder);
      const longAgo = new Date(Date.now() - 120_000);
      utimesSync(lock, longAgo, longAgo);
    };
    assert.equal(await withLock(lock, work, { onWait }), "done");
    assert.equal(waits.length, 1);
    assert.match(waits[0], /^process \d+ on elsewhere$/);
  }));

test("a holder shows signs of life while it works", () =>
  inFolder(async (lock) => {
    await withLock(lock, async () => {
      const longAgo = new Date(Date.now() - 120_000);
      utimesSync(lock, longAgo, longAgo);
      while (statSync(lock).mtimeMs < Date.now() - 60_000) await delay(20);
    }, { staleMs: 200 });
  }));

test("waiting ends with the signal, and leaves the other's lock", () =>
  inFolder(async (lock) => {
    leave(lock, process.pid);
    const stop = new AbortController();
    const waiting = withLock(lock, work, { signal: stop.signal, onWait: () => stop.abort() });
    await assert.rejects(waiting, { name: "AbortError" });
    assert.ok(existsSync(lock));
    rmSync(lock);
  }));

test("a lock in a folder that does not exist is an error", () =>
  inFolder(async (lock) => {
    await assert.rejects(withLock(join(lock, "lock"), work), { code: "ENOENT" });
  }));
