import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How the runtime that runs the tests runs a script. Deno would say on stderr what it looks up in the registry. */
export const runScript: readonly string[] = process.versions.bun === undefined
  ? ["run", "-A", "--cached-only"]
  : [];

/** Runs `optbench` as a process of its own, its output piped. */
export function optbench(args: readonly string[], env: Readonly<Record<string, string>> = {}): Outcome {
  return runtime("../cli/main.ts", args, env);
}

/** Runs a script, named relative to this folder, as a process of its own. */
export function runtime(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Outcome {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [...runScript, path, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { code: status, stdout, stderr };
}
