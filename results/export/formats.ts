import { csvLines } from "./csv.ts";
import { jsonLines } from "./json.ts";
import type { Table } from "./table.ts";

/** How tables are written, by the ending of their files. The text comes in parts. */
export const formats: Readonly<Record<"csv" | "json", (table: Table) => Iterable<string>>> = {
  csv: csvLines,
  json: jsonLines,
};

export type Format = keyof typeof formats;
export const formatNames = Object.keys(formats) as Format[];
