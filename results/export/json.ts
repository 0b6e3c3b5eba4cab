import type { Cell } from "./table.ts";
import type { Table } from "./table.ts";

/** Rows that are made into text at a time. */
const ROWS = 500;

/** A table as a JSON array of objects, a line each; null is what was not measured or is not finite. */
export function* jsonLines({ header, rows }: Table): Generator<string> {
  const keys = header.map((name, i) => `${i === 0 ? "{" : ","}${JSON.stringify(name)}:`);
  const line = (row: readonly Cell[]) => {
    let text = "";
    for (let i = 0; i < keys.length; i++) text += keys[i] + json(row[i]);
    return `${text}}`;
  };
  let part = "";
  let count = 0;
  for (const row of rows) {
    part += (count === 0 ? "[\n" : ",\n") + line(row);
    if (++count % ROWS !== 0) continue;
    yield part;
    part = "";
  }
  yield `${part}${count === 0 ? "[]\n" : "\n]\n"}`;
}

function json(cell: Cell): string {
  if (typeof cell === "number") return Number.isFinite(cell) ? String(cell) : "null";
  return cell === undefined ? "null" : JSON.stringify(cell);
}
