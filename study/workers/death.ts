/** Why a worker process ended, in one line. */
import { stripVTControlCharacters } from "node:util";

/** What a process is told by its own fault, or calls itself when it gives up. */
const CRASHES = ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP"];

/** What says more than the stack or the version that a runtime prints after it. */
const TELLING = /error|fatal|panic|exception|terminate called|what\(\)|out of memory/i;

/**
 * @param code its exit code, where it ended by itself.
 * @param signal what killed it, otherwise.
 * @param stderr the last of what it printed there.
 */
export function describeDeath(code: number | null, signal: string | null, stderr: string): string {
  const lines = stripVTControlCharacters(stderr).split("\n").map((line) => line.replace(/^[#\s]+|\s+$/g, ""))
    .filter(Boolean);
  const said = lines.findLast((line) => TELLING.test(line)) ?? lines.at(-1);
  return `the worker process ${ending(code, signal)}${said === undefined ? "" : `: ${said}`}`;
}

function ending(code: number | null, signal: string | null): string {
  if (signal === null) return `ended with code ${code}`;
  if (CRASHES.includes(signal)) return `crashed (${signal})`;
  // The system kills so when memory runs out, and tells the process nothing.
  return `was killed by ${signal}${signal === "SIGKILL" ? " (out of memory?)" : ""}`;
}
