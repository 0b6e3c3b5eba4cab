import Papa from "papaparse";
import { DatasetError } from "../error.ts";

/** A row of a CSV file, as text. */
export interface CsvRow {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** A CSV file: every row has a cell for each column of the header. */
export interface Csv {
  readonly header: readonly string[];
  readonly rows: readonly CsvRow[];
}

/** Tried in this order; the one that splits the first lines most evenly is taken. */
const DELIMITERS = [",", ";", "\t", "|"];

/**
 * Reads CSV by RFC 4180: a header, then rows. The delimiter (comma, semicolon, tab, bar) and the kind of line breaks
 * are detected, blanks around cells are cut off, and lines without any value are left out, as spreadsheets append them.
 *
 * @param file its name, for errors
 * @throws {DatasetError} for quotes that do not close, a row that is longer or shorter than the header, a column
 * without a name, or two of the same name.
 */
export function parseCsv(file: string, text: string): Csv {
  const fail = (problem: string): never => {
    throw new DatasetError(`Cannot read ${file}: ${problem}`);
  };
  const { data, errors } = Papa.parse<string[]>(text, { delimitersToGuess: DELIMITERS });
  const rows = withLines(data);
  const broken = errors.find(({ type }) => type === "Quotes");
  if (broken !== undefined) {
    const { line } = rows[Math.min(broken.row ?? 0, rows.length - 1)];
    fail(`the quotes of the row at line ${line} do not match; write a quote inside of quotes twice`);
  }
  const [first, ...rest] = rows.filter(({ cells }) => cells.some((cell) => cell !== ""));
  if (first === undefined) {
    return fail("it is empty; expected a line with the names of the columns, then rows");
  }
  const header = first.cells;
  header.forEach((name, i) => {
    if (name === "") fail(`column ${i + 1} has no name; give it one in line ${first.line}, or leave it out`);
    if (header.indexOf(name) < i) {
      fail(
        `columns ${header.indexOf(name) + 1} and ${i + 1} are both named ${JSON.stringify(name)}; rename one`,
      );
    }
  });
  const ragged = rest.find(({ cells }) => cells.length !== header.length);
  if (ragged !== undefined) {
    const { line, cells } = ragged;
    fail(
      `the row at line ${line} is ${cells.length} long, the header ${header.length}; ` +
        "add or remove a delimiter, or put the value that holds one in quotes",
    );
  }
  return { header, rows: rest };
}

/** A cell may hold line breaks, so that rows and lines are counted apart. */
function withLines(data: readonly (readonly string[])[]): CsvRow[] {
  let next = 1;
  return data.map((cells) => {
    const line = next++;
    for (const cell of cells) next += cell.match(/\r\n|\r|\n/g)?.length ?? 0;
    return { line, cells: cells.map((cell) => cell.trim()) };
  });
}
