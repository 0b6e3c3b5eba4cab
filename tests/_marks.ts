/** Processes that are known by a mark in their environment, which those that they start inherit. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

const NAME = "OPTBENCH_TEST";

/** The environment of this process, and a mark. */
export function marked(mark: string): NodeJS.ProcessEnv {
  return { ...process.env, [NAME]: mark };
}

/** The command lines of marked processes that do not end by themselves; none are found where there is no /proc. */
export async function processesLeft(mark: string, patienceMs = 10_000): Promise<string[]> {
  const startMs = performance.now();
  for (;;) {
    const left = existsSync("/proc/self/environ") ? readdirSync("/proc").filter(isMarked) : [];
    if (left.length === 0 || performance.now() - startMs > patienceMs) return left.map(commandLine);
    await delay(50);
  }
  // That of a process which has ended, and which nobody has asked about yet, is empty.
  function isMarked(pid: string): boolean {
    return /^\d+$/.test(pid) && read(pid, "environ").split("\0").includes(`${NAME}=${mark}`);
  }
}

function commandLine(pid: string): string {
  return `${pid} ${read(pid, "cmdline").replaceAll("\0", " ")}`;
}

/** Nothing of a process that is no more. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
