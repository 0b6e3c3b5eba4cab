import type { FileSet } from "./files/files.ts";

/** Numbers of a column, row after row. */
export type Values = Uint8Array | Int32Array | Float32Array;

/** What a dataset holds of each row under one name. */
export interface Column {
  /** Of one row. */
  readonly shape: readonly number[];
  readonly dtype: "uint8" | "int32" | "float";
}

/** Rows of a dataset. */
export interface Split {
  readonly rows: number;
  /** Row-major; each holds `rows` times the size of its column's shape. */
  readonly columns: Readonly<Record<string, Values>>;
}

/** A dataset in memory. Bytes stay bytes until a training step reads them. */
export interface Dataset {
  readonly train: Split;
  readonly test: Split;
}

/** What is known of a dataset before it is read. */
export interface DatasetSource {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** Who made it, where it comes from, its licence. */
  readonly source: string;
  readonly columns: Readonly<Record<string, Column>>;
  readonly trainRows: number;
  readonly testRows: number;
  /** What it is read from, where that is no part of this package. */
  readonly files?: FileSet;
  /** @throws {Error} when the files are missing or are not what they should be, naming the file. */
  load(): Dataset;
}

/** Rows of bytes, `inputs`, with a class each, `labels`. */
export interface ClassifiedSource extends DatasetSource {
  /** Shape of one row's input. */
  readonly shape: readonly number[];
  readonly classes: number;
  /** A byte divided by this is the input's value. */
  readonly divisor: number;
}

/** The columns of rows of bytes with a class each, counted from 0. */
export function classifiedColumns(shape: readonly number[]) {
  return { inputs: { shape, dtype: "uint8" }, labels: { shape: [], dtype: "uint8" } } as const;
}

/** Rows of bytes with a class each. */
export function classifiedSplit(inputs: Uint8Array, labels: Uint8Array): Split {
  return { rows: labels.length, columns: { inputs, labels } };
}
