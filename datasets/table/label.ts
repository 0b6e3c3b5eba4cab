/** The column of a table that is to be predicted: classes, or numbers. */
import { isNumeric, quoted, readColumn, type TextColumn } from "./column.ts";
import { DatasetError } from "../error.ts";
import type { Partition } from "./partition.ts";
import { standardize } from "./standardize.ts";

/** A class of a few, or a number. */
export type LabelType = "class" | "number";

/** What a label column holds. */
export type Label =
  /** The different classes, numbers by size, text by code units. */
  | { readonly type: "class"; readonly classes: readonly string[] }
  /** Mean and standard deviation of the training rows, by which the targets are standardised. */
  | { readonly type: "number"; readonly mean: number; readonly sd: number };

/** A label column as it is read, before the rows to train on are known. */
export type Answers =
  /** The class of each row. */
  | { readonly type: "class"; readonly classes: readonly string[]; readonly codes: readonly number[] }
  | { readonly type: "number"; readonly numbers: Float64Array };

/** A label column as models take it. */
export interface EncodedLabel {
  readonly label: Label;
  /** Classes are bytes, or int32 where there are more than 256; numbers are standardised. */
  readonly values: Uint8Array | Int32Array | Float32Array;
  /**
   * What the best constant answer gets on the test rows: the accuracy of always naming the class that most training
   * rows have, or the mean squared error of always naming the training rows' mean.
   */
  readonly baseline: number;
}

/** Numbers are classes if they are integers and no more different ones than these. */
const MOST_INTEGER_CLASSES = 20;
const BYTES = 256;

/**
 * Reads a label column.
 *
 * @param type what it is. Default: text is classes, and so are numbers if they are at most 20 different integers.
 * @throws {DatasetError} for a value that is missing or not of the type, a single class, a class with a single row, or
 * the same number everywhere.
 */
export function readLabel(file: string, column: TextColumn, type?: LabelType): Answers {
  const read = readColumn(file, column, type === undefined ? undefined : typeOfCells(type, column));
  if (read.type === "number") {
    const distinct = [...new Set(read.numbers)];
    const few = distinct.length <= MOST_INTEGER_CLASSES && distinct.every(Number.isInteger);
    if ((type ?? (few ? "class" : "number")) === "number") {
      if (distinct.length === 1) {
        throw unusable(file, column, `holds ${distinct[0]} in every row; there is nothing to learn`);
      }
      return read;
    }
    return classify(file, column, [...read.numbers], (a, b) => a - b);
  }
  return classify(file, column, read.texts, (a, b) => a < b ? -1 : 1);
}

/** The rows that a split has to divide in the same proportion: those of each class. */
export function strata(answers: Answers): number[][] {
  if (answers.type === "number") return [Array.from(answers.numbers.keys())];
  const rows: number[][] = answers.classes.map(() => []);
  answers.codes.forEach((code, row) => rows[code].push(row));
  return rows;
}

/** @throws {DatasetError} when every training row has the same number, by a chance of the split. */
export function encodeLabel(
  file: string,
  column: TextColumn,
  answers: Answers,
  rows: Partition,
): EncodedLabel {
  const meanOverTest = (score: (row: number) => number) =>
    rows.test.reduce((sum, row) => sum + score(row), 0) / rows.test.length;
  if (answers.type === "number") {
    const { values, mean, sd } = standardize(answers.numbers, rows.train);
    if (sd === 0) {
      throw unusable(file, column, `holds ${mean} in nearly every row; there is nothing to learn`);
    }
    return {
      label: { type: "number", mean, sd },
      values: Float32Array.from(values),
      baseline: meanOverTest((row) => values[row] ** 2),
    };
  }
  const { classes, codes } = answers;
  const counts = classes.map(() => 0);
  for (const row of rows.train) counts[codes[row]]++;
  const commonest = counts.indexOf(Math.max(...counts));
  return {
    label: { type: "class", classes },
    values: classes.length > BYTES ? Int32Array.from(codes) : Uint8Array.from(codes),
    baseline: meanOverTest((row) => Number(codes[row] === commonest)),
  };
}

/** Numbers that are to be classes stay numbers, so that 1 and 1.0 are the same class. */
function typeOfCells(type: LabelType, column: TextColumn): "number" | "text" {
  return type === "number" || isNumeric(column) ? "number" : "text";
}

function classify<T extends string | number>(
  file: string,
  column: TextColumn,
  values: readonly T[],
  compare: (a: T, b: T) => number,
): Answers {
  const rowsOf = Map.groupBy(values.keys(), (row) => values[row]);
  const distinct = [...rowsOf.keys()].sort(compare);
  if (distinct.length === 1) {
    const only = quoted(String(distinct[0]));
    throw unusable(file, column, `holds one class only, ${only}; a classifier takes two or more`);
  }
  const single = distinct.filter((value) => rowsOf.get(value)!.length === 1);
  if (single.length > 0) {
    const [value] = single;
    const others = single.length > 1 ? ` and so have ${single.length - 1} more` : "";
    const number = typeof value === "number" ? ", or read the label as numbers" : "";
    throw unusable(
      file,
      column,
      `has class ${quoted(String(value))} in line ${column.lines[rowsOf.get(value)![0]]} alone${others}; ` +
        `add rows of it or leave it out: a class takes one row to train on and one to test on${number}`,
    );
  }
  const codeOf = new Map(distinct.map((value, code) => [value, code]));
  return { type: "class", classes: distinct.map(String), codes: values.map((value) => codeOf.get(value)!) };
}

function unusable(file: string, { name }: TextColumn, problem: string): DatasetError {
  return new DatasetError(`Cannot learn from ${file}: label column ${quoted(name)} ${problem}`);
}
