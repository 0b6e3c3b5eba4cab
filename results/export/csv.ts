import Papa from "papaparse";
import type { Cell, Table } from "./table.ts";

/**
 * Rows as CSV text: commas, quoted as RFC 4180 says, each row ended by a line feed (not by the RFC's CR LF, which
 * `cut` and `awk` would take for a part of the last cell). Numbers have as many digits as it takes to read back the very
 * same one. Text that a spreadsheet would run as a formula gets an apostrophe in front; numbers never do.
 */
export function toCsv(rows: readonly (readonly Cell[])[]): string {
  return rows.map(line).join("");
}

/** Characters that are made at a time. */
const PART = 1 << 16;

/** A table as CSV, in parts. */
export function* csvLines({ header, rows, isNumeric = false }: Table): Generator<string> {
  if (isNumeric) {
    yield line(header);
    yield* numericLines(rows);
    return;
  }
  let part = line(header);
  for (const row of rows) {
    part += line(row);
    if (part.length < PART) continue;
    yield part;
    part = "";
  }
  yield part;
}

/** Rows that are made into text at a time. */
const ROWS = 1000;

/** Rows of numbers, by way of JSON, whose numbers are the same and twice as fast; there may be millions of them. */
function* numericLines(rows: Iterable<readonly Cell[]>): Generator<string> {
  let some: (readonly Cell[])[] = [];
  const text = () => JSON.stringify(some).slice(2, -2).replaceAll("],[", "\n").replaceAll("null", "") + "\n";
  for (const row of rows) {
    some.push(row);
    if (some.length < ROWS) continue;
    yield text();
    some = [];
  }
  if (some.length > 0) yield text();
}

/** Text that stands in a cell as it is: neither a formula nor anything to quote. */
const PLAIN = /^\w(?:[\w .:;/=()-]*[\w)])?$/;

/** Most rows are numbers and plain words, which need no second look. */
function line(cells: readonly Cell[]): string {
  let text = "";
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i];
    if (typeof cell === "string" && !PLAIN.test(cell)) return `${escaped(cells)}\n`;
    if (i > 0) text += ",";
    if (isPrintable(cell)) text += cell;
  }
  return `${text}\n`;
}

function escaped(cells: readonly Cell[]): string {
  const row = cells.map((cell) => isPrintable(cell) ? cell : undefined);
  // Papa's own `escapeFormulae: true` misses formulae followed by a line break.
  return Papa.unparse([row], { escapeFormulae: /^[=+\-@\t\r\n]/ });
}

function isPrintable(cell: Cell): boolean {
  return typeof cell === "number" ? Number.isFinite(cell) : cell !== undefined;
}
