import Papa from "papaparse";
import type { Table } from "./tables.ts";

/** A value of a CSV file. Undefined and numbers that are not finite become empty cells. */
export type Cell = string | number | boolean | undefined;

/**
 * Rows as CSV text: commas, quoted as RFC 4180 says, each row ended by a line feed (not by the RFC's CR LF, which
 * `cut` and `awk` would take for a part of the last cell). Numbers have as many digits as it takes to read back the very
 * same one. Text that a spreadsheet would run as a formula gets an apostrophe in front; numbers never do.
 */
export function toCsv(rows: readonly (readonly Cell[])[]): string {
  const cells = rows.map((row) => row.map((cell) => isUnprintable(cell) ? undefined : cell));
  // Papa's own `escapeFormulae: true` misses formulae followed by a line break.
  return Papa.unparse(cells, { newline: "\n", escapeFormulae: /^[=+\-@\t\r\n]/ }) + "\n";
}

/** Rows that are made into text at a time. */
const ROWS = 1000;

/** A table as CSV, in parts. */
export function* csvLines({ header, rows }: Table): Generator<string> {
  let part: (readonly Cell[])[] = [header];
  for (const row of rows) {
    part.push(row);
    if (part.length < ROWS) continue;
    yield toCsv(part);
    part = [];
  }
  if (part.length > 0) yield toCsv(part);
}

function isUnprintable(cell: Cell): boolean {
  return typeof cell === "number" && !Number.isFinite(cell);
}
