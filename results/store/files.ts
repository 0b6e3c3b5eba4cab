/** Folders and files that survive a crash, synchronously. All of it throws a StoreError. */
import { Buffer } from "node:buffer";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import process from "node:process";

/** Results that cannot be kept. The message names the path, the reason and, where there is one, the fix. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/** Makes a folder, or takes one that is empty. */
export function makeEmptyFolder(path: string): void {
  const what = "create the study folder";
  const entries = attempt(what, path, () => {
    mkdirSync(path, { recursive: true });
    return readdirSync(path);
  });
  if (entries.length > 0) throw cannot(what, path, "it exists and is not empty; name another or empty it");
}

/** Makes a folder that did not exist, `path` or else `path-2`, `path-3` and so on, and returns its name. */
export function makeNewFolder(path: string): string {
  const parent = dirname(path);
  attempt("create the folder", parent, () => mkdirSync(parent, { recursive: true }));
  for (let n = 1;; n++) {
    const candidate = n === 1 ? path : `${path}-${n}`;
    try {
      mkdirSync(candidate);
      return candidate;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw storeError("create the study folder", candidate, error);
    }
  }
}

/** Creates a file. It must not exist: of two processes in one folder the second gives up. */
export function createFile(path: string, text: string): void {
  attempt("create", path, () => {
    try {
      writeFileSync(path, text, { flag: "ax" });
    } catch (error) {
      if (errorCode(error) !== "EEXIST") rmSync(path, { force: true });
      throw error;
    }
  });
}

/** Replaces a file as a whole, by renaming a finished one over it. A long text comes in parts. */
export function replaceFile(path: string, text: string | Iterable<string>): void {
  // Several processes may write the same file at the same time.
  const unfinished = `${path}.${process.pid}.tmp`;
  attempt("write", path, () => {
    try {
      const file = openSync(unfinished, "w");
      try {
        for (const part of typeof text === "string" ? [text] : text) writeFileSync(file, Buffer.from(part));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(unfinished, path);
    } catch (error) {
      rmSync(unfinished, { force: true });
      throw error;
    }
  });
}

function attempt<T>(what: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw storeError(what, path, error);
  }
}

function storeError(what: string, path: string, error: unknown): StoreError {
  const reason = REASONS[errorCode(error) ?? ""] ?? (error instanceof Error ? error.message : String(error));
  return cannot(what, path, reason, error);
}

function cannot(what: string, path: string, reason: string, cause?: unknown): StoreError {
  return new StoreError(`Cannot ${what} ${JSON.stringify(path)}: ${reason}`, { cause });
}

/** Runtimes word these differently. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied; choose a folder that you may write to",
  EPERM: "operation not permitted; choose a folder that you may write to",
  EROFS: "the file system is read-only; choose another folder",
  EEXIST: "a file of that name exists; choose another folder",
  ENOTDIR: "a part of the path is a file; choose another folder",
  ENOENT: "no such file or folder",
  ENAMETOOLONG: "the name is too long; choose a shorter one",
  ENOSPC: "no space left on device",
  EDQUOT: "the disk quota is used up",
};

function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
