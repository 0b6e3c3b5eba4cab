/** Reading a configuration file. What parses it is loaded only when there is one, so that other commands start at once. */
import { readFileSync } from "node:fs";
import { UsageError } from "../errors.ts";
import type { Content, Position, Reader } from "./content.ts";

const readers: Readonly<Record<string, () => Promise<Reader>>> = {
  yaml: async () => (await import("./yaml.ts")).readYaml,
  yml: async () => (await import("./yaml.ts")).readYaml,
  json: async () => (await import("./yaml.ts")).readYaml, // YAML 1.2 includes JSON
  toml: async () => (await import("./toml.ts")).readToml,
};

/** Whether a word is the path of a configuration file, by its ending. */
export function isConfigPath(word: string): boolean {
  return Object.hasOwn(readers, ending(word));
}

/**
 * @param path of a file for which {@linkcode isConfigPath} holds.
 * @throws {UsageError} for a file that cannot be read or is not written in its format; with the line and the column.
 */
export async function readConfig(path: string): Promise<Content> {
  const read = await readers[ending(path)]();
  const text = readText(path).replace(/^\uFEFF/, "");
  return read(text, (problem, position) => {
    throw configError(path, position, problem);
  });
}

/** `study.yaml:7:3: space.lr: ...` */
export function configError(path: string, { line, column }: Position, problem: string): UsageError {
  return new UsageError(`${path}:${line}:${column}: ${problem}`);
}

function ending(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1).toLowerCase();
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reasons: Record<string, string> = { ENOENT: "there is no such file", EISDIR: "it is a folder" };
    throw new UsageError(`Cannot read ${path}: ${reasons[code ?? ""] ?? message}`);
  }
}
