/** How the runtime that runs this process runs another script of ours. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The words of a command that runs a script. */
export function scriptCommand({ href, protocol }: URL): readonly [string, ...string[]] {
  const script = protocol === "file:" ? fileURLToPath(href) : href;
  return [process.execPath, ...process.versions.bun === undefined ? denoArguments(protocol) : [], script];
}

/**
 * Deno looks for its configuration and its packages from the script's folder on. The script takes the study's, as an
 * import in a task of the user's own means there what it meant when the study checked it; and nothing is written where the
 * packages of an installed command are those of Deno's cache.
 */
function denoArguments(protocol: string): string[] {
  const config = nearestConfiguration(dirname(process.argv[1] ?? ""));
  const inFolder = import.meta.resolve("onnxruntime-node").includes("/node_modules/");
  return [
    "run",
    "--allow-all",
    // All packages are there, as the study has loaded; modules from the net may still have to come.
    ...protocol === "file:" ? ["--cached-only"] : [],
    ...config === undefined ? [] : ["--config", config],
    ...inFolder ? [] : ["--node-modules-dir=none"],
  ];
}

/** Above the program that was started. */
function nearestConfiguration(folder: string): string | undefined {
  const found = ["deno.json", "deno.jsonc"].map((name) => join(folder, name)).find((path) =>
    existsSync(path)
  );
  const parent = dirname(folder);
  return found ?? (parent === folder ? undefined : nearestConfiguration(parent));
}
