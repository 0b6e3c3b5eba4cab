/** Fetches what is missing of a dataset, and shows how far it is. */
import process from "node:process";
import type { DatasetSource } from "../../datasets/dataset.ts";
import { ensureDataset, type FetchProgress } from "../../datasets/files/fetch.ts";
import { setDataFolder } from "../../datasets/files/folder.ts";
import { interruptible } from "./interrupt.ts";
import { bar, showProgress } from "./progress.ts";

/** How often a plain line is due. */
const LINE_MS = 5000;

export interface ProvideOptions {
  /** The data folder. Default: the user's. Workers that are started later read from it too. */
  readonly dataDir?: string;
  /** Show nothing. */
  readonly quiet: boolean;
  /** Whether to look at the content of what is there, and to fetch again what is damaged. Default: false. */
  readonly verify?: boolean;
}

/**
 * Sees to it that a dataset can be loaded. Ctrl-C ends the program; what has been downloaded stays for the next time.
 *
 * @returns whether anything was downloaded.
 * @throws {Error} when it cannot be fetched, in one line that says how to do it by hand.
 */
export async function provide(
  source: Pick<DatasetSource, "name" | "files">,
  { dataDir, quiet, verify }: ProvideOptions,
): Promise<boolean> {
  if (dataDir !== undefined) setDataFolder(dataDir);
  const progress = showProgress(quiet, LINE_MS);
  const onNotice = (notice: string) => {
    progress.clear();
    if (!quiet) process.stderr.write(`optbench: ${notice}\n`);
  };
  const onProgress = (state: FetchProgress) =>
    progress.update(() => fractionBar(state) + describe(state), () => describe(state));
  const onStop = () => {
    progress.clear();
    process.stderr.write(
      `optbench: interrupted; the next call goes on with the download of ${source.name}\n`,
    );
  };
  try {
    return await interruptible(
      (signal) => ensureDataset(source, { verify, signal, onNotice, onProgress }),
      onStop,
    );
  } finally {
    progress.clear();
  }
}

function fractionBar({ received, total }: FetchProgress): string {
  return total === undefined ? "" : `${bar(Math.min(1, received / total), 24)} `;
}

/** `train-images-idx3-ubyte.gz: 3.1 of 26.4 MB` */
function describe({ file, received, total }: FetchProgress): string {
  const whole = total === undefined ? "" : ` of ${megabytes(total)}`;
  return `${file}: ${megabytes(received)}${whole} MB`;
}

/** `26.4` */
export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
