/** Sweeps by the real command line, and what they leave in their folders. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Papa from "papaparse";
import { optbench, type Outcome } from "./cli.ts";

/** A row of a CSV file, by column. */
export type Row = Readonly<Record<string, string>>;

/** The files of a study's folder. */
export interface StudyFiles {
  readonly names: readonly string[];
  readonly trials: readonly Row[];
  readonly curves: readonly Row[];
  /** Empty where there is no trajectories.csv. */
  readonly trajectories: readonly Row[];
  /** Empty where there is no summary.csv. */
  readonly summary: readonly Row[];
  readonly json: Readonly<Record<string, unknown>>;
  /** Empty where there is no contours.svg. */
  readonly contours: string;
}

/** Hands over a new folder, and removes it afterwards. */
export async function inTemporaryFolder<T>(use: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `optbench sweep` into a new folder, with what it printed and wrote. */
export function sweep(line: string): Promise<Outcome & StudyFiles> {
  return inTemporaryFolder((folder) => {
    const outcome = optbench(["sweep", ...line.split(" "), "--out", folder]);
    const { code, stderr } = outcome;
    assert.ok(readdirSync(folder).includes("study.json"), `exit code ${code}: ${stderr}`);
    return { ...outcome, ...readStudy(folder) };
  });
}

/** Reads a study's folder; each row has to be whole. */
export function readStudy(folder: string): StudyFiles {
  const names = readdirSync(folder).sort();
  const text = (name: string) => names.includes(name) ? readFileSync(join(folder, name), "utf8") : "";
  const rows = (name: string) => names.includes(name) ? parseRows(text(name)) : [];
  return {
    names,
    trials: rows("trials.csv"),
    curves: rows("curves.csv"),
    trajectories: rows("trajectories.csv"),
    summary: rows("summary.csv"),
    json: JSON.parse(text("study.json")),
    contours: text("contours.svg"),
  };
}

/** The rows of a CSV text, each as long as the header and ended by a line feed. */
function parseRows(text: string): Row[] {
  assert.ok(text.endsWith("\n"), `torn: ${text.slice(-100)}`);
  const { data, errors } = Papa.parse<Row>(text.slice(0, -1), { header: true });
  assert.deepEqual(errors, []);
  return data;
}

/** Rows in the order of their trials, without the columns whose name matches. */
export function sorted(rows: readonly Row[], without: RegExp): Row[] {
  return rows.toSorted((a, b) => Number(a.trial) - Number(b.trial)).map((row) =>
    Object.fromEntries(Object.entries(row).filter(([column]) => !without.test(column)))
  );
}
