/**
 * A table of the user's own: a CSV file, one column of which is to be predicted from the others.
 *
 * Columns of numbers are standardised by the training rows; columns of text become a 0 or 1 for each of their different
 * texts ("one-hot"). A fifth of the rows is for testing, chosen once and for all, a fifth of each class.
 */
import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { findSimilar } from "@optique/core/suggestion";
import { quoted, type TextColumn } from "./table/column.ts";
import { type Csv, parseCsv } from "./table/csv.ts";
import type { DatasetSource, Split } from "./dataset.ts";
import { DatasetError } from "./error.ts";
import { featuresOf } from "./table/features.ts";
import {
  type EncodedLabel,
  encodeLabel,
  type Label,
  type LabelType,
  readLabel,
  strata,
} from "./table/label.ts";
import { partition } from "./table/partition.ts";

/** Which table, and what of it is to be predicted. Plain data. */
export interface TableChoice {
  /** A CSV file in UTF-8. */
  readonly file: string;
  /** The column to predict. */
  readonly label: string;
  /** What the label is. Default: text is classes, and so are numbers if they are at most 20 different integers. */
  readonly labelType?: LabelType;
  /** Columns to leave out. */
  readonly drop?: readonly string[];
}

/** Rows with `inputs`, float [features], and either `labels`, an integer from 0, or `targets`, a float. */
export interface Table extends DatasetSource {
  /** What each of the inputs is: `age`, or `city=Rome` for a text of a column of text. */
  readonly features: readonly string[];
  readonly label: Label;
  /** What the best constant answer gets on the test rows: an accuracy, or a mean squared error. */
  readonly baseline: number;
}

const FEWEST_ROWS = 10;
const LARGEST_MEGABYTES = 256;
/** Columns that an error lists. */
const LISTED = 20;

/**
 * Reads a table, all of it, at once.
 *
 * @throws {DatasetError} when the file is missing, is no CSV, has no such column, misses values, or cannot be learnt
 * from: fewer than 10 rows, one class, a class with one row, nothing beside the label.
 */
export function readTable({ file, label, labelType, drop = [] }: TableChoice): Table {
  const csv = parseCsv(file, decode(file, readBytes(file)));
  for (const name of [label, ...drop]) checkName(file, csv, name);
  const used = csv.header.filter((name) => name !== label && !drop.includes(name));
  if (drop.includes(label)) throw cannotRead(file, `column ${quoted(label)} is both the label and dropped`);
  if (used.length === 0) throw cannotRead(file, `no column is left beside the label ${quoted(label)}`);
  if (csv.rows.length < FEWEST_ROWS) {
    throw cannotRead(
      file,
      `it has ${csv.rows.length} rows below the header; expected ${FEWEST_ROWS} or more`,
    );
  }

  const labelColumn = columnOf(csv, label);
  const answers = readLabel(file, labelColumn, labelType);
  const rows = partition(strata(answers));
  const features = used.flatMap((name) => featuresOf(file, columnOf(csv, name), rows.train));
  const encoded = encodeLabel(file, labelColumn, answers, rows);
  const width = features.length;
  const inputs = new Float32Array(csv.rows.length * width);
  features.forEach(({ values }, i) => values.forEach((value, row) => inputs[row * width + i] = value));

  const dataset = { train: select(inputs, encoded, rows.train), test: select(inputs, encoded, rows.test) };
  return {
    name: basename(file, extname(file)).replaceAll(/[^\p{L}\p{N}_-]+/gu, "_"),
    summary: `${basename(file)}: ${label} from ${used.length} column${used.length === 1 ? "" : "s"}`,
    source: `the file ${file}`,
    columns: {
      inputs: { shape: [width], dtype: "float" },
      [answerColumn(encoded)]: { shape: [], dtype: dtypeOf(encoded.values) },
    },
    trainRows: rows.train.length,
    testRows: rows.test.length,
    load: () => dataset,
    features: features.map(({ name }) => name),
    label: encoded.label,
    baseline: encoded.baseline,
  };
}

function readBytes(file: string): Uint8Array {
  let bytes;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new DatasetError(`Cannot find ${file}: expected a CSV file`);
    throw cannotRead(file, code === "EISDIR" ? "it is a folder; expected a CSV file" : message);
  }
  if (bytes.length > LARGEST_MEGABYTES * 1e6) {
    throw cannotRead(
      file,
      `it has ${
        Math.round(bytes.length / 1e6)
      } MB; expected at most ${LARGEST_MEGABYTES}, so take a sample of its rows`,
    );
  }
  return bytes;
}

/** A byte-order mark is dropped. */
function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw cannotRead(file, "it is no text in UTF-8; save the table as CSV in UTF-8");
  }
}

function checkName(file: string, { header }: Csv, name: string): void {
  if (header.includes(name)) return;
  const [similar] = findSimilar(name.toLowerCase(), header.map((known) => known.toLowerCase()));
  const meant = header.find((known) => known.toLowerCase() === similar);
  const advice = meant === undefined ? "" : `; did you mean ${quoted(meant)}?`;
  const more = header.length > LISTED ? ` and ${header.length - LISTED} more` : "";
  const all = header.slice(0, LISTED).map(quoted).join(", ");
  throw cannotRead(file, `it has no column ${quoted(name)}${advice} (its columns are ${all}${more})`);
}

function columnOf({ header, rows }: Csv, name: string): TextColumn {
  const place = header.indexOf(name);
  return { name, cells: rows.map(({ cells }) => cells[place]), lines: rows.map(({ line }) => line) };
}

function answerColumn({ label }: EncodedLabel): "labels" | "targets" {
  return label.type === "class" ? "labels" : "targets";
}

function dtypeOf(values: EncodedLabel["values"]): "uint8" | "int32" | "float" {
  if (values instanceof Float32Array) return "float";
  return values instanceof Int32Array ? "int32" : "uint8";
}

/** Some rows of a table of all. */
function select(inputs: Float32Array, encoded: EncodedLabel, rows: Int32Array): Split {
  const width = inputs.length / encoded.values.length;
  const selected = new Float32Array(rows.length * width);
  rows.forEach((row, i) => selected.set(inputs.subarray(row * width, (row + 1) * width), i * width));
  const values = encoded.values.slice(0, rows.length);
  rows.forEach((row, i) => values[i] = encoded.values[row]);
  return { rows: rows.length, columns: { inputs: selected, [answerColumn(encoded)]: values } };
}

function cannotRead(file: string, problem: string): DatasetError {
  return new DatasetError(`Cannot read ${file}: ${problem}`);
}
