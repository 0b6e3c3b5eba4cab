/** From what was downloaded to the files of a dataset. A file gets its name once it is proved to be the right one. */
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { MirrorError } from "./download.ts";
import { type DataFile, type Download, type Sum, summing } from "./files.ts";
import { tarEntries, TarError } from "./tar.ts";

type Chunks = AsyncIterable<Uint8Array>;
type Consumer = (chunks: Chunks) => Promise<void>;

const GZIP_MAGIC = [0x1f, 0x8b];
const TEMPORARY = ".tmp";

/**
 * Writes the files of a download into a folder, where nobody else does the same.
 *
 * @param path of what was downloaded; it is left as it is.
 * @throws {MirrorError} when that is not what it should be.
 */
export async function unpack(
  { files, archive }: Download,
  path: string,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  await removeTemporaries(folder);
  if (archive === undefined) {
    await decompress(path, signal, (chunks) => store(files[0], chunks, folder));
    return;
  }
  await stream(path, false, signal, (chunks) => prove({ name: "the archive", ...archive }, chunks));
  await decompress(path, signal, (chunks) => extract(files, archive.folder, chunks, folder));
}

/** Passes on a file's content: decompressed, if it is gzipped. Mirrors serve it either way. */
async function decompress(path: string, signal: AbortSignal | undefined, consume: Consumer): Promise<void> {
  try {
    await stream(path, await isGzipped(path), signal, consume);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("Z_")) throw new MirrorError(`its gzip data are damaged: ${message}`);
    throw error;
  }
}

/** @throws what the consumer throws; a runtime may say of it only that the pipeline was aborted. */
async function stream(
  path: string,
  isGzipped: boolean,
  signal: AbortSignal | undefined,
  consume: Consumer,
): Promise<void> {
  let failure: unknown;
  const last = (chunks: Chunks) => consume(chunks).catch((error) => Promise.reject(failure = error));
  const source = createReadStream(path);
  try {
    await (isGzipped
      ? pipeline(source, createGunzip(), last, { signal })
      : pipeline(source, last, { signal }));
  } catch (error) {
    throw failure ?? error;
  }
}

async function isGzipped(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(new Uint8Array(2), 0, 2, 0);
    return GZIP_MAGIC.every((byte, i) => buffer[i] === byte);
  } finally {
    await file.close();
  }
}

async function extract(
  files: readonly DataFile[],
  within: string,
  chunks: Chunks,
  folder: string,
): Promise<void> {
  const missing = new Map(files.map((file) => [`${within}/${file.name}`, file]));
  try {
    for await (const { name, isFile, content } of tarEntries(chunks)) {
      const file = isFile ? missing.get(name) : undefined;
      if (file === undefined) continue;
      await store(file, content, folder);
      missing.delete(name);
    }
  } catch (error) {
    throw error instanceof TarError ? new MirrorError(error.message) : error;
  }
  if (missing.size > 0) throw new MirrorError(`the archive lacks ${[...missing.keys()].join(", ")}`);
}

async function store(file: DataFile, chunks: Chunks, folder: string): Promise<void> {
  const temporary = join(folder, `${file.name}.${randomUUID()}${TEMPORARY}`);
  try {
    const output = await open(temporary, "wx");
    try {
      await prove(file, chunks, (chunk) => output.writeFile(chunk));
      await output.sync();
    } finally {
      await output.close();
    }
    await rename(temporary, join(folder, file.name));
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Reads to the end, or until it is clear that the content is too long. */
async function prove(
  { name, bytes, sum }: { readonly name: string; readonly bytes: number; readonly sum: Sum },
  chunks: Chunks,
  write?: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const hash = summing(sum);
  let found = 0;
  for await (const chunk of chunks) {
    found += chunk.length;
    if (found > bytes) throw new MirrorError(`${name} has more than the expected ${bytes} bytes`);
    hash.add(chunk);
    await write?.(chunk);
  }
  if (found !== bytes) throw new MirrorError(`${name} has ${found} bytes, expected ${bytes}`);
  const sumFound = hash.sum();
  if (sumFound !== sum) throw new MirrorError(`${name} has the checksum ${sumFound}, expected ${sum}`);
}

/** What processes left that were killed while they wrote. */
async function removeTemporaries(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.endsWith(TEMPORARY));
  for (const name of left) await rm(join(folder, name), { force: true });
}
