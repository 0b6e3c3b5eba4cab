/** Where downloaded datasets are kept. This is the one place that reads the environment for it. */
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import process from "node:process";

/** OPTBENCH_DATA, or else a folder `optbench` where the platform keeps what can be fetched again. */
export function dataFolder(): string {
  const { OPTBENCH_DATA } = process.env;
  if (OPTBENCH_DATA) return resolve(OPTBENCH_DATA);
  return join(cacheFolder(process.platform, process.env, homedir()), "optbench");
}

/** Chooses the folder, by the environment: workers that are started later see it too, and no other variable. */
export function setDataFolder(folder: string): void {
  process.env.OPTBENCH_DATA = resolve(folder);
}

/**
 * The user's cache folder: `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows, elsewhere `$XDG_CACHE_HOME`, which
 * has to be absolute, or `~/.cache` (XDG Base Directory Specification 0.8).
 */
export function cacheFolder(
  platform: string,
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  switch (platform) {
    case "darwin":
      return join(home, "Library", "Caches");
    case "win32":
      return env.LOCALAPPDATA || join(home, "AppData", "Local");
    default:
      return isAbsolute(env.XDG_CACHE_HOME ?? "") ? env.XDG_CACHE_HOME! : join(home, ".cache");
  }
}
