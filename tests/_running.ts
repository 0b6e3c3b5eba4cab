/** Processes that a test looks at, or ends, while they run. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runScript } from "./cli.ts";

/** How long a test waits for what has to happen sooner or later: no measure of speed. */
const PATIENCE_MS = 60_000;

/** The words that run `optbench` with the runtime of the tests. */
export const optbenchCommand: readonly string[] = [
  process.execPath,
  ...runScript,
  fileURLToPath(new URL("../cli/main.ts", import.meta.url)),
];

export interface Ending {
  readonly code: number | null;
  /** The signal that killed the process, where one did. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
}

/** Starts `optbench` as a process of its own; one that never ends is killed. */
export function start(args: readonly string[], cwd?: string): Running {
  const [runtime, ...rest] = [...optbenchCommand, ...args];
  return follow(spawn(runtime, rest, { cwd, stdio: ["ignore", "pipe", "pipe"] }));
}

/** Collects what a process prints until it ends. */
export function follow(child: ChildProcess): Running {
  let stdout = "";
  let stderr = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr!.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const overdue = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const ended = new Promise<Ending>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(overdue);
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { child, ended, stdout: () => stdout, stderr: () => stderr };
}

/** Waits until something holds of a process. */
export async function until(what: string, { child }: Running, holds: () => boolean): Promise<void> {
  const start = performance.now();
  while (!holds()) {
    if (child.exitCode !== null) throw new Error(`the process ended before ${what}`);
    if (performance.now() - start > PATIENCE_MS) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Sends a signal and waits for the process to end. */
export function endWith(signal: NodeJS.Signals, running: Running): Promise<Ending> {
  // After `child.kill` Deno would report the signal as the ending, whatever the exit code.
  process.kill(running.child.pid!, signal);
  return endSoon(running);
}

/** Waits for a process to end, and kills it after ten seconds. */
export async function endSoon({ child, ended }: Running): Promise<Ending> {
  const overdue = setTimeout(() => child.kill("SIGKILL"), 10_000);
  try {
    return await ended;
  } finally {
    clearTimeout(overdue);
  }
}
