/** What a column of text holds: numbers or words. */
import { DatasetError } from "../error.ts";

/** A column of a table, as it stands in the file. */
export interface TextColumn {
  readonly name: string;
  /** Text of each row. */
  readonly cells: readonly string[];
  /** Line of each row. */
  readonly lines: readonly number[];
}

/** A column with its type. */
export type TypedColumn =
  | { readonly type: "number"; readonly numbers: Float64Array }
  | { readonly type: "text"; readonly texts: readonly string[] };

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITE = /^[+-]?inf(inity)?$/i;
/** A decimal comma, or commas between thousands: meant as a number, and not to be guessed at. */
const WITH_COMMA = /^[+-]?\d+(,\d+)+(\.\d+)?$/;
/** What stands for a value that is not known. */
const MISSING = /^(|na|n\/a|nan|null)$/i;
/** What float32, in which training computes, can hold. */
const LARGEST = 3.4e38;

/**
 * Reads a column. It holds numbers if more than half of its cells do, and then each of them has to; else it holds text.
 *
 * @param as what it has to hold; numbers are then an error for no column, text is one for a column of numbers.
 * @throws {DatasetError} for a value that is missing, text in a column of numbers, a number that is infinite or larger
 * than 3.4e38 in magnitude; it names the column, the line and the value.
 */
export function readColumn(file: string, column: TextColumn, as?: TypedColumn["type"]): TypedColumn {
  const { name, cells, lines } = column;
  const first = cells.findIndex((cell) => MISSING.test(cell));
  if (first >= 0) {
    const missing = cells.filter((cell) => MISSING.test(cell)).length;
    throw new DatasetError(
      `Cannot read ${file}: column ${quoted(name)} misses ${missing} of ${cells.length} values, ` +
        `the first in line ${lines[first]} (${quoted(cells[first])}); ` +
        "fill them in, leave out those rows, or drop the column",
    );
  }
  if ((as ?? mostlyHolds(cells)) === "text") return { type: "text", texts: cells };
  const numbers = Float64Array.from(cells, (cell) => NUMBER.test(cell) ? Number(cell) : NaN);
  // Negated, so that it finds what is no number too.
  const wrong = numbers.findIndex((number) => !(Math.abs(number) <= LARGEST));
  if (wrong >= 0) {
    const place = `column ${quoted(name)} holds ${quoted(cells[wrong])} in line ${lines[wrong]}`;
    throw new DatasetError(`Cannot read ${file}: ${place}; ${adviceOn(cells[wrong])}`);
  }
  return { type: "number", numbers };
}

/** Whether every cell is a number. */
export function isNumeric({ cells }: TextColumn): boolean {
  return cells.every((cell) => NUMBER.test(cell));
}

function mostlyHolds(cells: readonly string[]): TypedColumn["type"] {
  const numbers = cells.filter((cell) => NUMBER.test(cell) || INFINITE.test(cell) || WITH_COMMA.test(cell));
  return 2 * numbers.length > cells.length ? "number" : "text";
}

function adviceOn(cell: string): string {
  if (NUMBER.test(cell) || INFINITE.test(cell)) return `expected a number of at most ${LARGEST} in magnitude`;
  if (WITH_COMMA.test(cell)) {
    return "write numbers with a decimal point and nothing between thousands, as in 1234.5";
  }
  return "expected a number, as in 0.5 or 1e-4";
}

/** In quotes, long text cut off. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
