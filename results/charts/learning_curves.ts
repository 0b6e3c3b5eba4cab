/** Learning curves for a terminal. */
import { blue, type Color, colored, cyan, green, magenta, plot, red, yellow } from "asciichart";
import type { Metric } from "../../tasks/task.ts";
import { type YAxis, yAxis } from "./axis.ts";
import { formatNumber } from "../format.ts";

/** A curve: the metric after each epoch from the first. Accuracies are between 0 and 1. */
export interface Curve {
  readonly label: string;
  readonly values: readonly number[];
}

export interface ChartOptions {
  /** Default: `accuracy`. */
  readonly metric?: Metric;
  /** Columns of the terminal, at least 32. Default: 80. */
  readonly width?: number;
  /** Lines of the y axis at most, at least 3. Default: 15. */
  readonly height?: number;
  /** Whether to use terminal colours. Default: false. */
  readonly colors?: boolean;
}

/**
 * Learning curves for a terminal: test accuracy in percent, or test loss, against the epoch, and a legend with the last
 * value of each. Losses that span more than two decades are drawn on a logarithmic axis, if all of them are positive.
 * Curves are numbered from 1, in the legend and where they end, so that the chart reads without colours too. Where
 * curves meet, the earlier one is on top. A curve ends before its first value that is not finite.
 *
 * @throws {RangeError} for an accuracy outside 0 to 1.
 */
export function learningCurves(
  series: readonly Curve[],
  { metric = "accuracy", width = 80, height = 15, colors = false }: ChartOptions = {},
): string {
  const measured = series.map(({ values }) => finiteValues(values, metric));
  if (measured.every((values) => values.length === 0)) return "No learning curve: no epoch has ended";
  const room = Math.max(width, 32);
  const epochs = Math.max(...measured.map((values) => values.length));
  const y = labelled(yAxis(measured.flat(), metric, Math.max(height, 3)));
  const curves: NumberedCurve[] = series.map(({ label }, i) => ({
    label,
    number: String(i + 1),
    values: measured[i],
    heights: measured[i].map(y.coordinate),
    color: colors ? COLORS[i % COLORS.length] : undefined,
  }));
  const drawn = curves.filter(({ heights }) => heights.length > 0);
  const columns = epochs === 1
    ? COLUMNS_OF_ONE_EPOCH
    : room - y.gutter - 2 - Math.min(Math.floor(room / 4), widestMarks(drawn, y));
  const x: XAxis = { columns, epochs };
  const lines = plotCells(drawn, x, y, room);
  for (const curve of drawn) markEnd(lines, curve, x, y);
  return [
    y.title,
    ...lines.map((cells) => cells.join("").trimEnd()),
    ...xAxisLines(x, y),
    "",
    ...legendLines(curves, epochs, room, metric),
  ].join("\n");
}

const COLORS: readonly Color[] = [cyan, yellow, magenta, green, blue, red];
/** What stands before the labels of the x axis; it leaves room for `100.0` too. */
const X_TITLE = "epoch";
const COLUMNS_OF_ONE_EPOCH = 8;

interface NumberedCurve {
  readonly label: string;
  readonly number: string;
  readonly values: readonly number[];
  /** Their coordinates on the y axis. */
  readonly heights: readonly number[];
  readonly color: Color;
}

/** The first epoch stands on the y axis, the last one `columns` to the right of it. */
interface XAxis {
  readonly columns: number;
  readonly epochs: number;
}

interface LabelledAxis extends YAxis {
  /** Columns left of the axis: the widest label and a space. */
  readonly gutter: number;
}

/** The values before the first that is not finite. */
function finiteValues(values: readonly number[], metric: Metric): readonly number[] {
  const end = values.findIndex((value) => !Number.isFinite(value));
  const finite = values.slice(0, end === -1 ? undefined : end);
  const wrong = metric === "accuracy" ? finite.find((value) => value < 0 || value > 1) : undefined;
  if (wrong !== undefined) {
    throw new RangeError(`Invalid accuracy ${wrong}: expected a number from 0 to 1`);
  }
  return finite;
}

function labelled(axis: YAxis): LabelledAxis {
  const { low, high, rows, rowsPerTick, label } = axis;
  const labels = Array.from(
    { length: rows / rowsPerTick + 1 },
    (_, tick) => label(low + (high - low) * tick * rowsPerTick / rows),
  );
  return { ...axis, gutter: Math.max(X_TITLE.length, ...labels.map((text) => text.length)) + 1 };
}

/** The line of a coordinate, from 0 at the top, rounded as asciichart does. */
function rowOf(height: number, { low, high, rows }: YAxis): number {
  const ratio = rows / (high - low);
  return rows - (Math.round(height * ratio) - Math.round(low * ratio));
}

/** Columns that the numbers of the curves ending in one line take, where they take most. */
function widestMarks(curves: readonly NumberedCurve[], y: YAxis): number {
  const widths = new Array<number>(y.rows + 1).fill(0);
  for (const { heights, number } of curves) {
    widths[rowOf(heights[heights.length - 1], y)] += number.length + 1;
  }
  return Math.max(...widths) - 1;
}

/** The y axis and the curves, character by character, each line `width` long. */
function plotCells(
  curves: readonly NumberedCurve[],
  x: XAxis,
  y: LabelledAxis,
  width: number,
): string[][] {
  const backToFront = curves.toReversed();
  const text = plot(backToFront.map(({ heights }) => resample(heights, x)), {
    min: y.low,
    max: y.high,
    height: y.rows,
    offset: 2,
    colors: backToFront.map(({ color }) => color),
    symbols: [AXIS, AXIS, "╶", "╴", "─", "╰", "╭", "╮", "╯", "│"],
    format: (height, row) => (row % y.rowsPerTick === 0 ? y.label(height) : "").padStart(y.gutter - 1) + " ",
  });
  const starts = new Set(curves.map(({ heights }) => rowOf(heights[0], y)));
  return text.split("\n").map((line, row) => {
    // A character and the colour around it make one cell.
    const cells = line.match(/\p{Cc}\[\d+m.\p{Cc}\[0m|./gu) ?? [];
    const isTick = row % y.rowsPerTick === 0;
    cells[y.gutter] = cells[y.gutter].replace(
      AXIS,
      starts.has(row) ? isTick ? "┼" : "├" : isTick ? "┤" : "│",
    );
    return [...cells, ..." ".repeat(width - cells.length)];
  });
}

/** Puts a curve's number into the first free place behind its end. Where none is left it stands in the legend alone. */
function markEnd(
  lines: string[][],
  { heights, number, color }: NumberedCurve,
  x: XAxis,
  y: LabelledAxis,
): void {
  const cells = lines[rowOf(heights[heights.length - 1], y)];
  const end = x.epochs === 1 ? x.columns : columnOf(heights.length, x);
  const isFree = (from: number, to: number) => cells.slice(from, to).every((cell) => cell === " ");
  let start = y.gutter + end + 2;
  while (!isFree(start - 1, start + number.length + 1)) start++;
  if (start + number.length > cells.length) return;
  cells.splice(start, number.length, ...[...number].map((digit) => colored(digit, color)));
}

/** Stands for the y axis until it is known what it meets in each line; asciichart takes ticks and zero for granted. */
const AXIS = "?";

/** A curve with a value for each column, the axis included, interpolated between epochs. */
function resample(heights: readonly number[], { columns, epochs }: XAxis): number[] {
  const last = heights.length - 1;
  if (epochs === 1) return Array.from({ length: columns + 1 }, () => heights[last]);
  const length = columnOf(last + 1, { columns, epochs }) + 1;
  return Array.from({ length }, (_, column) => {
    const position = column === length - 1 ? last : Math.min(column * (epochs - 1) / columns, last);
    const before = heights[Math.floor(position)];
    const after = heights[Math.ceil(position)];
    return before + (after - before) * (position % 1);
  });
}

function columnOf(epoch: number, { columns, epochs }: XAxis): number {
  return epoch === 1 ? 0 : Math.round((epoch - 1) * columns / (epochs - 1));
}

/** The axis of epochs, and below it the first epoch, the last one and round ones between them. */
function xAxisLines(x: XAxis, { gutter }: LabelledAxis): string[] {
  const longest = String(x.epochs).length;
  const steps = [1, 2, 5].flatMap((m) => [1, 10, 100, 1000].map((power) => m * power)).sort((a, b) => a - b);
  const step = steps.find((step) => step * x.columns >= (longest + 4) * (x.epochs - 1)) ?? x.epochs;
  const axis = ["└", ..."─".repeat(x.columns)];
  const labels = [..." ".repeat(x.columns + 3)];
  const place = (epoch: number) => {
    const column = columnOf(epoch, x);
    const text = String(epoch);
    const start = Math.min(column - Math.floor((text.length - 1) / 2), labels.length - text.length);
    if (labels.slice(Math.max(start - 2, 0), start + text.length + 2).some((label) => label !== " ")) return;
    labels.splice(start, text.length, ...text);
    if (column > 0) axis[column] = "┬";
  };
  place(1);
  place(x.epochs);
  for (let epoch = step; epoch < x.epochs; epoch += step) place(epoch);
  return [
    " ".repeat(gutter) + axis.join(""),
    (X_TITLE.padEnd(gutter) + labels.join("")).trimEnd(),
  ];
}

function legendLines(
  curves: readonly NumberedCurve[],
  epochs: number,
  width: number,
  metric: Metric,
): string[] {
  const numberWidth = String(curves.length).length;
  const last = curves.map(({ values }) => values.length === 0 ? "" : legendValue(values.at(-1)!, metric));
  const valueWidth = Math.max(...last.map((text) => text.length));
  const ends = curves.map(({ values }, i) => {
    if (values.length === 0) return "no epoch has ended";
    const value = last[i].padStart(valueWidth);
    return values.length === epochs ? value : `${value} at epoch ${values.length}`;
  });
  const room = width - numberWidth - 4 - Math.max(...ends.map((end) => end.length));
  const labels = curves.map(({ label }) => label.length <= room ? label : `${label.slice(0, room - 1)}…`);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  return curves.map(({ number, color }, i) =>
    `${colored(number.padStart(numberWidth), color)}  ${labels[i].padEnd(labelWidth)}  ${ends[i]}`
  );
}

function legendValue(value: number, metric: Metric): string {
  return metric === "accuracy" ? `${(100 * value).toFixed(2).padStart(6)} %` : formatNumber(value);
}
