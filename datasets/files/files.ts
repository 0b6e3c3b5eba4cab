/** The files of a dataset: what they are, where they lie, and whether they are what they should be. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { dataFolder } from "./folder.ts";

/** A checksum: its algorithm, and its value in lower-case hexadecimal digits. */
export type Sum = `sha256:${string}` | `md5:${string}`;

/** A file of a dataset, as it is read. On a disk it may also be gzipped; `.gz` then follows its name. */
export interface DataFile {
  readonly name: string;
  /** Decompressed, as is the sum: mirrors compress anew. */
  readonly bytes: number;
  readonly sum: Sum;
}

/** What is fetched at once: one file, gzipped or not, or an archive of several. */
export interface Download {
  /** Its name in the folder of every mirror. */
  readonly name: string;
  /** URLs of folders, each with a slash at its end, in the order in which they are tried. */
  readonly mirrors: readonly string[];
  readonly files: readonly DataFile[];
  /** For a gzipped tar: what it is as downloaded, and the folder in it that holds the files. */
  readonly archive?: { readonly bytes: number; readonly sum: Sum; readonly folder: string };
}

/** Everything that a dataset is read from. */
export interface FileSet {
  /** Names of the folder of these files within the data folder; downloads go into the first. */
  readonly folders: readonly [string, ...string[]];
  readonly downloads: readonly Download[];
  /** More folders that may hold the files: of a package that ships them. */
  elsewhere?(): readonly string[];
}

/** A file that was found. */
export interface Located {
  readonly file: DataFile;
  readonly path: string;
  readonly isGzipped: boolean;
}

/** Adds bytes up to a sum of the same algorithm. */
export function summing(sum: Sum): { add(bytes: Uint8Array): void; sum(): string } {
  const [algorithm] = sum.split(":");
  const hash = createHash(algorithm);
  return { add: (bytes) => hash.update(bytes), sum: () => `${algorithm}:${hash.digest("hex")}` };
}

export function filesOf({ downloads }: FileSet): readonly DataFile[] {
  return downloads.flatMap(({ files }) => files);
}

/** The folder that downloads go into. */
export function downloadFolder({ folders }: FileSet, dataDir = dataFolder()): string {
  return join(dataDir, folders[0]);
}

/**
 * Finds the files, all in one folder: first in the data folder, then elsewhere. A file of the wrong size counts as
 * absent; its content is not looked at.
 *
 * @returns them in the order of their declaration, or undefined where some are missing.
 */
export function locate(set: FileSet, dataDir = dataFolder()): readonly Located[] | undefined {
  const folders = [...set.folders.map((folder) => join(dataDir, folder)), ...set.elsewhere?.() ?? []];
  for (const folder of folders) {
    const located = filesOf(set).map((file) => locateFile(file, folder));
    if (located.every((found) => found !== undefined)) return located;
  }
}

/**
 * Finds the files of a dataset, which is about to be read.
 *
 * @returns where each is, by name.
 * @throws {Error} when they are missing, saying what to do.
 */
export function requireFiles(dataset: string, set: FileSet): (name: string) => Located {
  const located = locate(set);
  if (located === undefined) {
    const names = filesOf(set).map(({ name }) => name).join(", ");
    throw new Error(
      `Cannot find the files of ${dataset}: run optbench data fetch ${dataset}, ` +
        `or put ${names} into ${downloadFolder(set)}`,
    );
  }
  return (name) => located.find(({ file }) => file.name === name)!;
}

/** A file of the right size in that folder, plain or gzipped. */
export function locateFile(file: DataFile, folder: string): Located | undefined {
  const path = join(folder, file.name);
  if (sizeOfFile(path) === file.bytes) return { file, path, isGzipped: false };
  const gzipped = `${path}.gz`;
  if (gzippedSize(gzipped) === file.bytes) return { file, path: gzipped, isGzipped: true };
}

/**
 * The content of a file, decompressed and proved to be the right one.
 *
 * @throws {Error} when it is damaged or another file, naming it.
 */
export function readDataFile({ file, path, isGzipped }: Located): Uint8Array {
  const invalid = (found: string, expected: string) =>
    new Error(`Invalid ${path}: it has ${found}, expected ${expected}; delete it and fetch it again`);
  let bytes: Uint8Array = readFileSync(path);
  if (isGzipped) {
    try {
      bytes = gunzipSync(bytes, { maxOutputLength: file.bytes });
    } catch (error) {
      throw new Error(`Cannot decompress ${path}: ${(error as Error).message}; delete it and fetch it again`);
    }
  }
  if (bytes.length !== file.bytes) throw invalid(`${bytes.length} bytes`, `${file.bytes}`);
  const hash = summing(file.sum);
  hash.add(bytes);
  const found = hash.sum();
  if (found !== file.sum) throw invalid(`the checksum ${found}`, file.sum);
  return bytes;
}

/** Whether the content is the right one. */
export function isIntact(located: Located): boolean {
  return problemOf(located) === undefined;
}

function problemOf(located: Located): string | undefined {
  try {
    readDataFile(located);
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * Reads the files of a dataset, wherever they were found or else where downloads go, and says what is wrong.
 *
 * @returns the folder, and a line for each file that is damaged or missing; undefined where there is none at all.
 */
export function verifyFiles(
  set: FileSet,
  dataDir = dataFolder(),
): { folder: string; problems: string[] } | undefined {
  const found = locate(set, dataDir);
  const folder = found === undefined ? downloadFolder(set, dataDir) : dirname(found[0].path);
  const files = filesOf(set).map((file) => ({ file, located: ofAnySize(file, folder) }));
  if (files.every(({ located }) => located === undefined)) return;
  const problems = files.flatMap(({ file, located }) =>
    located === undefined ? `Cannot find ${join(folder, file.name)}` : problemOf(located) ?? []
  );
  return { folder, problems };
}

function ofAnySize(file: DataFile, folder: string): Located | undefined {
  const plain = { file, path: join(folder, file.name), isGzipped: false };
  const gzipped = { file, path: `${plain.path}.gz`, isGzipped: true };
  return locateFile(file, folder) ?? [plain, gzipped].find(({ path }) => sizeOfFile(path) !== undefined);
}

function sizeOfFile(path: string): number | undefined {
  try {
    return statSync(path).size;
  } catch {
    return;
  }
}

/** The length of the content, which a gzip file ends with: 32 bits, little-endian (RFC 1952, section 2.3.1). */
function gzippedSize(path: string): number | undefined {
  const size = sizeOfFile(path);
  if (size === undefined || size < 4) return;
  const end = new Uint8Array(4);
  const file = openSync(path, "r");
  try {
    readSync(file, end, 0, 4, size - 4);
  } finally {
    closeSync(file);
  }
  return new DataView(end.buffer).getUint32(0, true);
}
