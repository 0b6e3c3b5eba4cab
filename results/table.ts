import Table from "cli-table3";
import type { StudySettings } from "../study/settings/settings.ts";
import type { Metric } from "../tasks/task.ts";
import {
  configurationLabel,
  formatNumber,
  type HyperColumn,
  hyperColumns,
  studyTitle,
  wrap,
} from "./format.ts";
import { formatTarget } from "./goal.ts";
import type { ConfigurationSummary, MeanAndSd } from "./summary.ts";

export interface TableOptions {
  /** How many configurations to show. Default: all. */
  readonly top?: number;
  /** Columns of the terminal. Default: 80. */
  readonly width?: number;
}

/**
 * The best configurations of a study as a table for a terminal, the best first: a column for each hyper-parameter that
 * varies in the study, the others in a line above. Measurements are over the seeds that completed; the first is the
 * study's metric, the only one with its deviation. The epochs to the target are a median over the seeds that reached
 * it, and where those are not all that have ended, in parentheses is how many are.
 *
 * Where the width is short, headers and notes are broken; then columns move closer; where that is not enough, the
 * hyper-parameters share one column. Below 80 columns the table may still be wider than asked.
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
  const hyper = hyperColumns(shown.map(({ configuration }) => configuration), settings);
  return `${caption(shown, summaries, settings, hyper, width)}\n\n${body(shown, settings, hyper, width)}`;
}

function caption(
  shown: readonly ConfigurationSummary[],
  summaries: readonly ConfigurationSummary[],
  settings: StudySettings,
  hyper: readonly HyperColumn[],
  width: number,
): string {
  const count = shown.length < summaries.length
    ? `best ${shown.length} of ${summaries.length} configurations`
    : shown.length === 1
    ? "1 configuration"
    : `${shown.length} configurations`;
  const { stage } = shown[0];
  const seeds = stage === "final" ? settings.protocol!.seeds : settings.seeds;
  const over = seeds.length === 1 ? `seed ${seeds[0]}` : `mean ± sd of ${seeds.length} seeds`;
  const constant = hyper.filter(({ varies, isDefault }) => !varies && !isDefault)
    .map(({ name, format }) => `${name} ${format(shown[0].configuration.values[name])}`);
  const title = stage === "final" ? `${studyTitle(settings)}, final trials` : studyTitle(settings);
  const lines = [`${title}: ${count}, ${over}`];
  if (constant.length > 0) lines.push(`with ${constant.join(", ")}`);
  const epochs = seeds.length === 1 ? "epochs" : "median epochs";
  lines.push(`to target: ${epochs} to test ${settings.metric} ${formatTarget(settings)}`);
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
    ...metrics(shown, settings),
    { header: "to target", cells: epochsToTarget(shown), align: "right" },
    column("step ms", ({ stepMs }) => number(stepMs, 3)),
    column("trial s", ({ wallSeconds }) => number(wallSeconds, 3)),
  ] satisfies Column[];
  const notes = shown.map(note);
  const noted: Column[] = [{ header: "note", cells: notes, align: "left" }];
  const last = notes.some((text) => text !== "") ? noted : [];

  const all = [rank, ...hyperparameters, ...measured, ...last];
  for (const [columns, gap] of [[all, GAP], [all.map(narrow), GAP], [all.map(narrow), NARROW_GAP]] as const) {
    if (widthOf(columns, gap) <= width) return draw(columns, gap);
  }
  const others = [rank, ...measured, ...last].map(narrow);
  const merged = (gap: string): Column[] => {
    const room = Math.max(LEAST_ROOM, width - widthOf(others, gap) - gap.length);
    const configuration: Column = {
      header: "configuration",
      cells: shown.map(({ configuration }) => wrap(configurationLabel(hyper, configuration), room)),
      align: "left",
    };
    return [others[0], configuration, ...others.slice(1)];
  };
  const gap = widthOf(merged(GAP), GAP) <= width ? GAP : NARROW_GAP;
  return draw(merged(gap), gap);
}

/** Test accuracy and test loss, the study's metric first; no accuracy where there is none. */
function metrics(shown: readonly ConfigurationSummary[], { metric }: StudySettings): Column[] {
  const percent = (x: number) => (100 * x).toFixed(2);
  const column = (name: Metric, header: string, values: MeanAndSds, mean: Format, sd: Format): Column => ({
    header,
    cells: name === metric
      ? meansAndDeviations(values, mean, sd)
      : alignPoints(values.map((value) => value === undefined ? NOTHING : mean(value.mean))),
    align: "right",
  });
  const accuracies = shown.map(({ testAccuracy }) => testAccuracy);
  const losses = shown.map(({ testLoss }) => testLoss);
  const accuracy = column("accuracy", "test accuracy %", accuracies, percent, percent);
  const loss = column("loss", "test loss", losses, formatNumber, (sd) => formatNumber(sd, 2));
  if (metric === "accuracy") return [accuracy, loss];
  return accuracies.every((value) => value === undefined) ? [loss] : [loss, accuracy];
}

/** `12`, or `12 (2/3)` where one of three seeds did not reach the target. */
function epochsToTarget(shown: readonly ConfigurationSummary[]): string[] {
  const epochs = shown.map(({ epochsToTarget }) => number(epochsToTarget));
  const seeds = shown.map(({ reachedTarget, trials, open }) => {
    const ended = trials.length - open;
    return reachedTarget === 0 || reachedTarget === ended ? "" : `(${reachedTarget}/${ended})`;
  });
  return pairs(alignPoints(epochs), seeds);
}

/** What else there is to know of a configuration: trials that did not complete, or have not ended. */
function note({ pruned, diverged, failed, open }: ConfigurationSummary): string {
  return Object.entries({ pruned, diverged, failed, "not run": open })
    .filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`).join(", ");
}

const NOTHING = "-";

function number(x: number | undefined, digits?: number): string {
  return x === undefined ? NOTHING : formatNumber(x, digits);
}

type MeanAndSds = readonly (MeanAndSd | undefined)[];
type Format = (x: number) => string;

/** `93.13 ± 0.52`, the points of means and of deviations one below the other. */
function meansAndDeviations(values: MeanAndSds, mean: Format, sd: Format): string[] {
  const means = values.map((value) => value === undefined ? NOTHING : mean(value.mean));
  const deviations = alignPoints(values.map((value) => value?.sd === undefined ? "" : sd(value.sd)));
  const width = Math.max(...deviations.map((text) => text.length));
  return pairs(alignPoints(means), deviations.map((text) => text === "" ? "" : `± ${text.padStart(width)}`));
}

/** Two texts a cell, the second to be aligned to the right; the first alone where there is no second in any cell. */
function pairs(firsts: readonly string[], seconds: readonly string[]): string[] {
  const width = Math.max(...seconds.map((text) => text.length));
  return firsts.map((text, i) => width === 0 ? text : `${text} ${seconds[i].padStart(width)}`);
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
const NARROW_GAP = " ";
/** Columns for the hyper-parameters, where they share one. */
const LEAST_ROOM = 20;

function draw(columns: readonly Column[], gap: string): string {
  const edges = ["top", "bottom", "left", "right"].flatMap((edge) =>
    ["", "-mid", "-left", "-right"].map((part) => [edge + part, ""])
  );
  const table = new Table({
    head: columns.map(({ header }) => header),
    colAligns: columns.map(({ align }) => align),
    chars: {
      ...Object.fromEntries(edges),
      mid: "─",
      "mid-mid": gap,
      middle: gap,
    },
    // Compact: no lines between rows, except the one below the header.
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
  });
  columns[0].cells.forEach((_, row) => table.push(columns.map(({ cells }) => cells[row])));
  return table.toString().split("\n").map((line) => line.trimEnd()).join("\n");
}

function widthOf(columns: readonly Column[], gap: string): number {
  const widths = columns.map(({ header, cells }) =>
    Math.max(...[header, ...cells].flatMap((text) => text.split("\n")).map((line) => line.length))
  );
  return widths.reduce((sum, width) => sum + width) + gap.length * (columns.length - 1);
}
