/** What probes may ask of the machine that they run on; tests have machines of their own. */
import { readdirSync, readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import process from "node:process";
import { execFile } from "node:child_process";
import type { DeviceName } from "../../device.ts";
import { type Attempt, tryOut } from "./try_out.ts";

export interface Machine {
  /** As Node calls it: `linux`. */
  readonly platform: string;
  /** As Node calls it: `x64`. */
  readonly arch: string;
  /** Whether commands need no sudo. */
  readonly isRoot: boolean;
  readonly processor: { readonly model?: string; readonly memoryBytes: number };
  /** The text of a file; undefined where it cannot be read. */
  read(path: string): string | undefined;
  /** The names in a folder, sorted; none where it cannot be read. */
  list(folder: string): readonly string[];
  /** What a program prints; undefined where there is none, or it fails. */
  ask(program: string, args: readonly string[]): Promise<string | undefined>;
  /** Multiplies two matrices on a device, in a process of its own. */
  tryOut(device: DeviceName): Promise<Attempt>;
}

const ASK_MS = 10_000;

/** The one that this process runs on. */
export const thisMachine: Machine = {
  platform: process.platform,
  arch: process.arch,
  isRoot: process.getuid?.() === 0,
  processor: { model: cpus()[0]?.model.trim(), memoryBytes: totalmem() },
  read(path) {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
  list(folder) {
    try {
      return readdirSync(folder).sort();
    } catch {
      return [];
    }
  },
  ask: (program, args) =>
    new Promise((resolve) =>
      execFile(
        program,
        args,
        { encoding: "utf8", timeout: ASK_MS },
        (error, stdout) => resolve(error ? undefined : stdout),
      )
    ),
  tryOut,
};
