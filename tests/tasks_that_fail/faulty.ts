/**
 * A task whose rows a worker cannot load, once: FAULT says what happens instead, and a file at FAULT_FLAG that it has
 * happened. In the study's own process it is like any other.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { getTask } from "../../tasks/registry.ts";
import type { Task } from "../../tasks/task.ts";

/** By name, what goes wrong. */
const faults: Readonly<Record<string, () => void>> = {
  throws() {
    throw new RangeError("these rows are unreadable");
  },
  exits: () => process.exit(7),
  aborts: () => process.abort(),
  crashes() {
    // The runtime may take the first one for a fault of its own that it can mend.
    for (;;) process.kill(process.pid, "SIGSEGV");
  },
  "is killed": () => process.kill(process.pid, "SIGKILL"),
  hangs() {
    for (;;);
  },
  "runs out of memory"() {
    const used = Number(readFileSync("/proc/self/status", "utf8").match(/VmData:\s+(\d+)/)![1]);
    const limit = String(1024 * (used + 100_000));
    spawnSync("prlimit", ["--pid", String(process.pid), `--data=${limit}`]);
    const numbers: Float64Array[] = [];
    for (;;) numbers.push(new Float64Array(1e6).fill(1));
  },
};

/** Whether this is a worker, and the first to come here. */
function isChosen(): boolean {
  if (!process.argv[1].endsWith("worker.ts")) return false;
  try {
    writeFileSync(process.env.FAULT_FLAG!, "", { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

const task: Task = getTask("digits_logreg");

export default {
  ...task,
  name: "faulty",
  data: {
    ...task.data,
    load() {
      if (isChosen()) faults[process.env.FAULT!]();
      return task.data.load();
    },
  },
} satisfies Task;
