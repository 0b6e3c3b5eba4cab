import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { classifiedColumns, type ClassifiedSource, classifiedSplit, type Dataset } from "./dataset.ts";

const SHAPE = [8, 8];
const CLASSES = 10;
const TRAIN_ROWS = 1437;
const TEST_ROWS = 360;
const PIXELS = SHAPE[0] * SHAPE[1];
const LARGEST_PIXEL = 16;
/** 64 pixels of 0 to 16, and a class of 0 to 9. */
const ROW = /^((\d|1[0-6]),){64}\d$/;

let loaded: Dataset | undefined;

/**
 * The test part of UCI's Optical Recognition of Handwritten Digits, in the order of scikit-learn's `load_digits`.
 * The values are unchanged. It is small enough to be part of this package, so that something trains offline.
 */
export const digits: ClassifiedSource = {
  name: "digits",
  summary: "handwritten digits, 8x8 pixels, 10 classes",
  source:
    "Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)",
  shape: SHAPE,
  columns: classifiedColumns(SHAPE),
  classes: CLASSES,
  divisor: LARGEST_PIXEL,
  trainRows: TRAIN_ROWS,
  testRows: TEST_ROWS,
  load: () => loaded ??= readDigits(fileURLToPath(new URL("digits.csv.gz", import.meta.url))),
};

/**
 * Reads a gzipped table: a header, then on each line the pixels of an image and its class.
 *
 * @throws {Error} when the file is missing or is not what it should be, naming the file.
 */
export function readDigits(file: string): Dataset {
  const rows = TRAIN_ROWS + TEST_ROWS;
  const lines = readGzippedText(file).trimEnd().split("\n").slice(1);
  if (lines.length !== rows) {
    throw new Error(`Invalid ${file}: it has ${lines.length} rows, expected ${rows}`);
  }

  const inputs = new Uint8Array(rows * PIXELS);
  const labels = new Uint8Array(rows);
  lines.forEach((line, row) => {
    if (!ROW.test(line)) {
      throw new Error(
        `Invalid row ${row + 1} of ${file}: expected 64 pixels of 0 to 16 and a class of 0 to 9`,
      );
    }
    // What has this form is JSON too, whose parser is several times faster to load and to run than one for CSV.
    const values: number[] = JSON.parse(`[${line}]`);
    inputs.set(values.slice(0, PIXELS), row * PIXELS);
    labels[row] = values[PIXELS];
  });

  const boundary = TRAIN_ROWS * PIXELS;
  return {
    train: classifiedSplit(inputs.subarray(0, boundary), labels.subarray(0, TRAIN_ROWS)),
    test: classifiedSplit(inputs.subarray(boundary), labels.subarray(TRAIN_ROWS)),
  };
}

function readGzippedText(file: string): string {
  try {
    return gunzipSync(readFileSync(file)).toString("latin1");
  } catch (error) {
    throw new Error(`Cannot read ${file}: ${(error as Error).message}`);
  }
}
