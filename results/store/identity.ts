/** What has to be the same for a study to go on as it began: the code that trains, and the data. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isModulePath, type TaskChoice } from "../../tasks/load.ts";
import { type Provenance, provenanceOf } from "../../tasks/own/provenance.ts";

/** What ran the study, each as text. */
export interface Versions {
  readonly optbench: string;
  /** Name and version, as in `deno 2.9.6`. */
  readonly runtime: string;
  readonly onnxruntime: string;
  readonly tfjs: string;
  /** Operating system and architecture, as in `linux/x64`. */
  readonly platform: string;
}

export interface Identity {
  readonly versions: Versions;
  /** SHA-256 of the sources that a result depends on, in hexadecimal digits. */
  readonly code: string;
  /** Of the user's own; null where there is none. */
  readonly taskFile: Provenance | null;
  readonly table: Provenance | null;
  readonly text: Provenance | null;
}

/** Folders with the code and the packaged data that a trial's numbers depend on. */
const FOLDERS = ["datasets", "engine", "optim", "study", "tasks"];

/** @throws {Error} when a file of the user's own cannot be read. */
export function identityOf({ task, table, text }: TaskChoice, versions: Versions): Identity {
  return {
    versions,
    code: codeHash(),
    taskFile: isModulePath(task) ? provenanceOf(task) : null,
    table: table === undefined ? null : provenanceOf(table.file),
    text: text === undefined ? null : provenanceOf(text),
  };
}

/** What is not what it was, each in a few words, as in `tfjs 4.22.0 is 4.23.0 now`. */
export function differences(then: Identity, now: Identity): string[] {
  const found: string[] = [];
  for (const [name, version] of Object.entries(now.versions)) {
    const before = then.versions[name as keyof Versions];
    if (before !== version) {
      found.push(
        name === "runtime" || name === "platform"
          ? `${before} is ${version} now`
          : `${name} ${before} is ${version} now`,
      );
    }
  }
  if (then.code !== now.code && then.versions.optbench === now.versions.optbench) {
    found.push(`optbench's code has changed (${then.code.slice(0, 8)} is ${now.code.slice(0, 8)} now)`);
  }
  for (const what of ["taskFile", "table", "text"] as const) {
    const [before, after] = [then[what], now[what]];
    if (before?.sha256 !== after?.sha256) found.push(`the content of ${(after ?? before)!.file} has changed`);
  }
  return found;
}

function codeHash(): string {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const hash = createHash("sha256");
  for (const folder of FOLDERS) {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(ts|gz)$/.test(name)).map((name) => name.replaceAll("\\", "/")).sort();
    for (const file of files) {
      hash.update(`${folder}/${file}\n`).update(readFileSync(join(root, folder, file)));
    }
  }
  return hash.digest("hex");
}
