import Table from "cli-table3";
import type { StudySettings } from "../study/settings.ts";
import { configurationLabel, formatNumber, type HyperColumn, hyperColumns, wrap } from "./format.ts";
import type { ConfigurationSummary, MeanAndSd } from "./summary.ts";

export interface TableOptions {
  /** How many configurations to show. Default: all. */
  readonly top?: number;
  /** Columns of the terminal. Default: 80. */
  readonly width?: number;
}

/**
 * The best configurations of a study as a table for a terminal, the best first: a column for each hyper-parameter that
 * varies in the study, the others in a line above. Measurements are over the seeds that completed.
 *
 * Where the width is short, headers and notes are broken; where that is not enough, the hyper-parameters share one
 * column. Below 80 columns the table may still be wider than asked.
 *
 * @param summaries in the order to show.
 */
export function resultsTable(
  summaries: readonly ConfigurationSummary[],
  settings: StudySettings,
  { top = summaries.length, width = 80 }: TableOptions = {},
): string {
  const shown = summaries.slice(0, top);
  if (shown.length === 0) return "No trial has ended";
  const hyper = hyperColumns(settings.configurations);
  return `${caption(shown, summaries, settings, hyper, width)}\n\n${body(shown, settings, hyper, width)}`;
}

function caption(
  shown: readonly ConfigurationSummary[],
  summaries: readonly ConfigurationSummary[],
  { task, optimizer, seeds }: StudySettings,
  hyper: readonly HyperColumn[],
  width: number,
): string {
  const name = optimizer.base === undefined ? optimizer.name : `${optimizer.name} over ${optimizer.base}`;
  const count = shown.length < summaries.length
    ? `best ${shown.length} of ${summaries.length} configurations`
    : shown.length === 1
    ? "1 configuration"
    : `${shown.length} configurations`;
  const over = seeds.length === 1 ? `seed ${seeds[0]}` : `mean ± sd of ${seeds.length} seeds`;
  const constant = hyper.filter(({ varies }) => !varies)
    .map(({ name, format }) => `${name} ${format(shown[0].configuration.values[name])}`);
  const lines = [`${name} on ${task}: ${count}, ${over}`];
  if (constant.length > 0) lines.push(`with ${constant.join(", ")}`);
  return lines.map((line) => wrap(line, width)).join("\n");
}

interface Column {
  readonly header: string;
  readonly cells: readonly string[];
  readonly align: "left" | "right";
}

function body(
  shown: readonly ConfigurationSummary[],
  settings: StudySettings,
  hyper: readonly HyperColumn[],
  width: number,
): string {
  const varying = hyper.filter(({ varies }) => varies);
  const column = (header: string, cell: (summary: ConfigurationSummary) => string): Column => ({
    header,
    cells: alignPoints(shown.map(cell)),
    align: "right",
  });
  const rank = column("#", ({ rank }) => String(rank));
  const hyperparameters = varying.map(({ name, format }) =>
    column(name, ({ configuration }) => format(configuration.values[name]))
  );
  const measured = [
    { header: "test accuracy %", cells: percentages(shown.map((s) => s.testAccuracy)), align: "right" },
    column("test loss", ({ testLoss }) => number(testLoss?.mean)),
    column("step ms", ({ stepMs }) => number(stepMs, 3)),
    column("trial s", ({ wallSeconds }) => number(wallSeconds, 3)),
  ] satisfies Column[];
  const notes = shown.map((summary) => note(summary, settings));
  const noted: Column[] = [{ header: "note", cells: notes, align: "left" }];
  const last = notes.some((text) => text !== "") ? noted : [];

  const all = [rank, ...hyperparameters, ...measured, ...last];
  for (const columns of [all, all.map(narrow)]) {
    const text = draw(columns);
    if (widthOf(text) <= width) return text;
  }
  const others = [rank, ...measured, ...last].map(narrow);
  const room = Math.max(20, width - widthOf(draw(others)) - GAP.length);
  const configuration: Column = {
    header: "configuration",
    cells: shown.map(({ configuration }) => wrap(configurationLabel(hyper, configuration), room)),
    align: "left",
  };
  return draw([others[0], configuration, ...others.slice(1)]);
}

/** What else there is to know of a configuration: trials that went wrong, or have not ended. */
function note({ completed, diverged, failed }: ConfigurationSummary, { seeds }: StudySettings): string {
  const notes: string[] = [];
  if (diverged > 0) notes.push(`${diverged} diverged`);
  if (failed > 0) notes.push(`${failed} failed`);
  const missing = seeds.length - completed - diverged - failed;
  if (missing > 0) notes.push(`${missing} not run`);
  return notes.join(", ");
}

const NOTHING = "-";

function number(x: number | undefined, digits?: number): string {
  return x === undefined ? NOTHING : formatNumber(x, digits);
}

/** Means and standard deviations in percent, their points one below the other. */
function percentages(values: readonly (MeanAndSd | undefined)[]): string[] {
  const percent = (x: number) => (100 * x).toFixed(2);
  const sdWidth = Math.max(
    0,
    ...values.map((value) => value?.sd === undefined ? 0 : percent(value.sd).length),
  );
  return values.map((value) => {
    const text = value === undefined ? NOTHING : percent(value.mean);
    if (sdWidth === 0) return text;
    const sd = value?.sd === undefined ? "" : `± ${percent(value.sd).padStart(sdWidth)}`;
    return `${text} ${sd.padEnd(2 + sdWidth)}`;
  });
}

/** Pads decimals on the right so that, aligned to the right, their points stand one below the other. */
function alignPoints(texts: readonly string[]): string[] {
  const fractions = texts.map((text) => text.match(/^-?\d+(\.\d+)?$/) && (text.split(".")[1]?.length ?? -1));
  const most = Math.max(...fractions.map((length) => length ?? -1));
  return texts.map((text, i) => text + " ".repeat(fractions[i] === null ? 0 : most - fractions[i]));
}

/** Breaks a column's header and notes into lines. */
function narrow({ header, cells, align }: Column): Column {
  return {
    header: header.replaceAll(/_| (?!%)/g, (gap) => `${gap.trim()}\n`),
    cells: cells.map((cell) => cell.replaceAll(", ", ",\n")),
    align,
  };
}

const GAP = "  ";

function draw(columns: readonly Column[]): string {
  const edges = ["top", "bottom", "left", "right"].flatMap((edge) =>
    ["", "-mid", "-left", "-right"].map((part) => [edge + part, ""])
  );
  const table = new Table({
    head: columns.map(({ header }) => header),
    colAligns: columns.map(({ align }) => align),
    chars: {
      ...Object.fromEntries(edges),
      mid: "─",
      "mid-mid": GAP,
      middle: GAP,
    },
    // Compact: no lines between rows, except the one below the header.
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
  });
  columns[0].cells.forEach((_, row) => table.push(columns.map(({ cells }) => cells[row])));
  return table.toString().split("\n").map((line) => line.trimEnd()).join("\n");
}

function widthOf(text: string): number {
  return Math.max(...text.split("\n").map((line) => line.length));
}
