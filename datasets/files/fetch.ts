/** Sees to it that the files of a dataset are there. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { discard, download, MirrorError } from "./download.ts";
import {
  type Download,
  downloadFolder,
  type FileSet,
  isIntact,
  locate,
  type Located,
  locateFile,
} from "./files.ts";
import { dataFolder } from "./folder.ts";
import { withLock } from "./lock.ts";
import { unpack } from "./unpack.ts";

/** How far the download of a file is. */
export interface FetchProgress {
  /** As mirrors name it. */
  readonly file: string;
  /** Bytes. */
  readonly received: number;
  /** Undefined where the mirror does not say. */
  readonly total: number | undefined;
}

export interface FetchOptions {
  /** Default: the user's, see `dataFolder`. */
  readonly dataDir?: string;
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Told in one line that a mirror failed, or that another process is waited for. */
  readonly onNotice?: (notice: string) => void;
  readonly signal?: AbortSignal;
  /** How long a mirror may be silent. Default: 30 s. */
  readonly patienceMs?: number;
  /** Whether to look at the content of what is there, and to download again what is damaged. Default: false. */
  readonly verify?: boolean;
}

/**
 * Downloads those files of a dataset that are missing, into the data folder; does nothing where none are. Of several
 * processes that want the same files, one downloads them while the others wait.
 *
 * @returns whether anything was downloaded.
 * @throws {Error} when no mirror has a file: one line that says what went wrong with each, and how to help oneself. What
 * came of it so far is kept, and the next call goes on from there.
 * @throws what the signal gives as its reason.
 */
export async function ensureDataset(
  { name, files }: { readonly name: string; readonly files?: FileSet },
  options: FetchOptions = {},
): Promise<boolean> {
  const { dataDir = dataFolder(), verify = false, signal, onNotice } = options;
  const isGood = (found: Located | undefined) => found !== undefined && (!verify || isIntact(found));
  if (files === undefined || locate(files, dataDir)?.every(isGood)) return false;
  const folder = downloadFolder(files, dataDir);
  const isThere = ({ files }: Download) => files.every((file) => isGood(locateFile(file, folder)));
  try {
    await mkdir(folder, { recursive: true });
    return await withLock(join(folder, "lock"), async () => {
      const missing = files.downloads.filter((download) => !isThere(download));
      for (const download of missing) await fetchFromAny(download, folder, options);
      return missing.length > 0;
    }, { signal, onWait: (holder) => onNotice?.(`waiting for ${holder}, which fetches ${name}`) });
  } catch (error) {
    signal?.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Error(
      `Cannot write into ${folder}: ${message}; choose another with --data-dir or OPTBENCH_DATA`,
    );
  }
}

/** Tries what somebody put into the folder by hand, then one mirror after the other. */
async function fetchFromAny(wanted: Download, folder: string, options: FetchOptions): Promise<void> {
  const { signal, onNotice } = options;
  const { name, mirrors } = wanted;
  const byHand = join(folder, name);
  const attempts = mirrors.map((mirror) => ({
    place: mirror,
    make: () => fetchFrom(mirror + name, wanted, folder, options),
  }));
  if (existsSync(byHand)) {
    attempts.unshift({ place: byHand, make: () => unpack(wanted, byHand, folder, signal) });
  }
  const failures: string[] = [];
  for (const { place, make } of attempts) {
    try {
      return await make();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof MirrorError)) throw error;
      const failure = `${place}: ${error.message}`;
      if (failures.push(failure) < attempts.length) onNotice?.(`no ${name} from ${failure}; trying the next`);
    }
  }
  throw new Error(
    `Cannot fetch ${name} from any mirror; fetch it by hand, as from ${mirrors[0]}${name}, and put it into ` +
      `${folder} (${failures.join("; ")})`,
  );
}

async function fetchFrom(
  url: string,
  wanted: Download,
  folder: string,
  options: FetchOptions,
): Promise<void> {
  const { name, files, archive } = wanted;
  const { signal, patienceMs, onProgress } = options;
  const part = join(folder, `${name}.part`);
  const settings = {
    mostBytes: archive?.bytes ?? mostGzipped(files[0].bytes),
    onProgress: (received: number, total: number | undefined) =>
      onProgress?.({ file: name, received, total }),
    signal,
    patienceMs,
  };
  const hasResumed = await download(url, part, settings);
  try {
    await unpack(wanted, part, folder, signal);
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    await discard(part);
    if (!hasResumed) throw error;
    // What an earlier call had left may be what was wrong.
    return await fetchFrom(url, wanted, folder, options);
  }
  await discard(part);
}

/** More than gzip ever makes of so many bytes. */
function mostGzipped(bytes: number): number {
  return Math.ceil(bytes * 1.01) + 1024;
}
