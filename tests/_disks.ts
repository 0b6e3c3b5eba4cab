/** Disks without room, for which no rights of an administrator are needed. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { Outcome } from "./cli.ts";
import { optbenchCommand } from "./_running.ts";
import { inTemporaryFolder } from "./_sweeps.ts";

/** A folder on a disk that only some processes see as it is. */
export interface Disk {
  readonly folder: string;
  /** Runs `optbench` as one of them. */
  run(args: readonly string[]): Outcome;
  /** A path on the disk, as this process sees it. */
  seen(path: string): string;
}

function outcomeOf(program: string, args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  return { code: status, stdout, stderr };
}

/** Hands over a folder in which no file may be larger than so many kilobytes, and what lifts the limit. */
export function withLimit(
  kilobytes: number,
  use: (disk: Disk, lift: () => void) => Promise<void>,
): Promise<void> {
  let limit = String(kilobytes);
  const run = (args: readonly string[]) => {
    const words = [...optbenchCommand, ...args].map((word) => `'${word}'`).join(" ");
    // The signal that would end a process there and then is ignored: it gets an error instead.
    return outcomeOf("bash", ["-c", `trap '' XFSZ; ulimit -f ${limit}; exec ${words}`]);
  };
  const lift = () => {
    limit = "unlimited";
  };
  return inTemporaryFolder((folder) => use({ folder, run, seen: (path) => path }, lift));
}

/** Whether a process may mount a disk that no other one sees. */
export const canMount = outcomeOf("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).code === 0;

/** Hands over a disk in memory, and what changes how it is mounted. */
export function onDisk(
  options: string,
  use: (disk: Disk, remount: (options: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  return inTemporaryFolder(async (folder) => {
    const keeper = spawn("unshare", ["-rm", "bash"], { stdio: ["pipe", "pipe", "inherit"] });
    const mount = async (options: string) => {
      keeper.stdin.write(`mount -o ${options} -t tmpfs none ${folder} && echo mounted\n`);
      await once(keeper.stdout, "data");
    };
    const within = ["-t", String(keeper.pid), "-U", "-m", "--preserve-credentials"];
    const run = (args: readonly string[]) => outcomeOf("nsenter", [...within, ...optbenchCommand, ...args]);
    const seen = (path: string) => `/proc/${keeper.pid}/root${path}`;
    try {
      await mount(options);
      await use({ folder, run, seen }, (options) => mount(`remount,${options}`));
    } finally {
      keeper.kill("SIGKILL");
      await once(keeper, "close");
    }
  });
}
