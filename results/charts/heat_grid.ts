/** The cells of a heat map, and how many of them fit. */
import { formatNumber } from "../format.ts";
import { mean } from "../statistics/descriptive.ts";
import type { Metric } from "../../tasks/task.ts";
import { type Band, bands } from "./bands.ts";
import { bestFirst, type Tried } from "./tried.ts";

export interface GridOptions {
  /** The hyper-parameter across. */
  readonly x: string;
  /** The hyper-parameter down. */
  readonly y: string;
  readonly metric: Metric;
  /** What a cell shows of those of its configurations that have a metric. Default: `best`. */
  readonly cell?: "best" | "mean";
  /** Lines of cells at most, at least 2. Default: 20. */
  readonly height?: number;
}

/** What a map shows of the configurations of one row and one column. */
export interface Cell {
  readonly members: readonly Tried[];
  /** The metric; undefined where no member has one. */
  readonly value: number | undefined;
  /** The best member's hyper-parameters; in a map of means the row and the column. */
  readonly values: Tried["values"];
}

/** The cells by row, with a label for each row and two lines of them for each column. */
export interface Grid {
  readonly rows: readonly string[];
  readonly columns: readonly (readonly [upper: string, lower: string])[];
  readonly cells: readonly (readonly Cell[])[];
  /** Characters of the row labels and a space, and of each column. */
  readonly gutter: number;
  readonly columnWidth: number;
}

/** Before a cell's number: the shade, between spaces. */
export const SHADE_WIDTH = 4;
/** `93.1` */
const LEAST_NUMBER = 4;

/** As many columns as fit into the room. */
export function heatGrid(points: readonly Tried[], options: GridOptions, room: number): Grid {
  const { x, y, metric, height = 20 } = options;
  const down = bands(points, y, metric)(Math.max(height, 2));
  const byRow = down.map((band) => points.filter(({ values }) => band.has(values[y])));
  const acrossIn = bands(points, x, metric);
  const rows = down.map(rowLabel);
  const gutter = widest([y, ...rows]) + 1;
  for (let most = Math.floor((room - gutter) / (SHADE_WIDTH + LEAST_NUMBER + 1));; most--) {
    const across = acrossIn(Math.max(most, 1));
    const columns = across.map(columnLabel);
    const cells = byRow.map((members, i) => rowOfCells(members, down[i], across, options));
    const numbers = cells.flat().map(({ value }) => value === undefined ? "" : cellNumber(value, metric));
    // After the number is room for a mark.
    const columnWidth = SHADE_WIDTH + widest([...columns.flat(), ...numbers]) + 1;
    if (most <= 1 || gutter + columns.length * columnWidth <= room) {
      return { rows, columns, cells, gutter, columnWidth };
    }
  }
}

/** A percentage or a loss, as short as tells most cells apart. */
export function cellNumber(value: number, metric: Metric): string {
  return metric === "accuracy" ? (100 * value).toFixed(1) : formatNumber(value, 3);
}

function widest(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => text.length));
}

function rowLabel({ label, upper }: Band): string {
  return upper === undefined ? label : `${label} to ${upper}`;
}

/** A bin's edges stand one below the other. */
function columnLabel({ label, upper }: Band): [string, string] {
  return upper === undefined ? ["", label] : [label, `to ${upper}`];
}

function rowOfCells(
  points: readonly Tried[],
  row: Band,
  columns: readonly Band[],
  { x, y, metric, cell = "best" }: GridOptions,
): Cell[] {
  return columns.map((column) => {
    const members = points.filter(({ values }) => column.has(values[x]));
    const ranked = bestFirst(members, metric);
    if (cell === "best") return { members, value: ranked.at(0)?.value, values: ranked.at(0)?.values ?? {} };
    const values = { [x]: rowLabel(column), [y]: rowLabel(row) };
    return { members, value: mean(ranked.map(({ value }) => value)), values };
  });
}
