import type { Table } from "./tables.ts";

/** A table as a JSON array of objects, a line each; null is what was not measured or is not finite. */
export function* jsonLines({ header, rows }: Table): Generator<string> {
  let separator = "[\n";
  for (const row of rows) {
    const entries = header.map((name, i) => [name, row[i] ?? null]);
    yield separator + JSON.stringify(Object.fromEntries(entries));
    separator = ",\n";
  }
  yield separator === "[\n" ? "[]\n" : "\n]\n";
}
