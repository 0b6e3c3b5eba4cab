import { blue, type Color, colored, cyan, green, magenta, plot, red, yellow } from "asciichart";

/** A curve: the test accuracy, between 0 and 1, after each epoch from the first. */
export interface Curve {
  readonly label: string;
  readonly values: readonly number[];
}

export interface ChartOptions {
  /** Columns of the terminal, at least 32. Default: 80. */
  readonly width?: number;
  /** Lines of the y axis at most, at least 3. Default: 15. */
  readonly height?: number;
  /** Whether to use terminal colours. Default: false. */
  readonly colors?: boolean;
}

/**
 * Learning curves for a terminal: test accuracy in percent against the epoch, and a legend with the last value of each.
 * Curves are numbered from 1, in the legend and where they end, so that the chart reads without colours too. Where
 * curves meet, the earlier one is on top. A curve ends before its first value that is not finite.
 *
 * @throws {RangeError} for an accuracy outside 0 to 1.
 */
export function learningCurves(
  series: readonly Curve[],
  { width = 80, height = 15, colors = false }: ChartOptions = {},
): string {
  const curves: NumberedCurve[] = series.map(({ label, values }, i) => ({
    label,
    number: String(i + 1),
    percents: toPercents(values),
    color: colors ? COLORS[i % COLORS.length] : undefined,
  }));
  const drawn = curves.filter(({ percents }) => percents.length > 0);
  if (drawn.length === 0) return "No learning curve: no epoch has ended";
  const room = Math.max(width, 32);
  const epochs = Math.max(...drawn.map(({ percents }) => percents.length));
  const y = yAxis(drawn, Math.max(height, 3));
  const columns = epochs === 1
    ? COLUMNS_OF_ONE_EPOCH
    : room - GUTTER - 2 - Math.min(Math.floor(room / 4), widestMarks(drawn, y));
  const x: XAxis = { columns, epochs };
  const lines = plotCells(drawn, x, y, room);
  for (const curve of drawn) markEnd(lines, curve, x, y);
  return [
    "test accuracy %",
    ...lines.map((cells) => cells.join("").trimEnd()),
    ...xAxisLines(x),
    "",
    ...legendLines(curves, epochs, room),
  ].join("\n");
}

const COLORS: readonly Color[] = [cyan, yellow, magenta, green, blue, red];
/** Columns left of the y axis: `100.0` and a space. */
const GUTTER = 6;
const COLUMNS_OF_ONE_EPOCH = 8;

interface NumberedCurve {
  readonly label: string;
  readonly number: string;
  readonly percents: readonly number[];
  readonly color: Color;
}

/** The first epoch stands on the y axis, the last one `columns` to the right of it. */
interface XAxis {
  readonly columns: number;
  readonly epochs: number;
}

interface YAxis {
  readonly low: number;
  readonly high: number;
  /** From the bottom to the top, and from one tick to the next. */
  readonly rows: number;
  readonly rowsPerTick: number;
  /** Digits after the point of a label. */
  readonly decimals: number;
}

function toPercents(values: readonly number[]): number[] {
  const end = values.findIndex((value) => !Number.isFinite(value));
  return values.slice(0, end === -1 ? undefined : end).map((value) => {
    if (value < 0 || value > 1) {
      throw new RangeError(`Invalid accuracy ${value}: expected a number from 0 to 1`);
    }
    return 100 * value;
  });
}

/** An axis that begins and ends with a tick, with the finest ticks that leave two lines between them. */
function yAxis(curves: readonly NumberedCurve[], height: number): YAxis {
  const percents = curves.flatMap(({ percents }) => percents);
  const least = percents.reduce((a, b) => Math.min(a, b));
  const most = percents.reduce((a, b) => Math.max(a, b));
  const bounds = (step: number) => {
    const low = Math.floor(least / step) * step;
    const high = Math.ceil(most / step) * step;
    if (low < high) return { low, high };
    return high < 100 ? { low, high: high + step } : { low: low - step, high };
  };
  const ticks = (step: number) => Math.round((bounds(step).high - bounds(step).low) / step);
  const mostTicks = Math.max(1, Math.floor((height - 1) / 3));
  const step = [0.5, 1, 2, 5, 10, 20, 25, 50].find((step) => ticks(step) <= mostTicks) ?? 100;
  const rowsPerTick = Math.floor((height - 1) / ticks(step));
  return { ...bounds(step), rows: ticks(step) * rowsPerTick, rowsPerTick, decimals: step < 1 ? 1 : 0 };
}

/** The line of a value, from 0 at the top, rounded as asciichart does. */
function rowOf(percent: number, { low, high, rows }: YAxis): number {
  const ratio = rows / (high - low);
  return rows - (Math.round(percent * ratio) - Math.round(low * ratio));
}

/** Columns that the numbers of the curves ending in one line take, where they take most. */
function widestMarks(curves: readonly NumberedCurve[], y: YAxis): number {
  const widths = new Array<number>(y.rows + 1).fill(0);
  for (const { percents, number } of curves) {
    widths[rowOf(percents[percents.length - 1], y)] += number.length + 1;
  }
  return Math.max(...widths) - 1;
}

/** The y axis and the curves, character by character, each line `width` long. */
function plotCells(curves: readonly NumberedCurve[], x: XAxis, y: YAxis, width: number): string[][] {
  const backToFront = curves.toReversed();
  const text = plot(backToFront.map(({ percents }) => resample(percents, x)), {
    min: y.low,
    max: y.high,
    height: y.rows,
    offset: 2,
    colors: backToFront.map(({ color }) => color),
    symbols: [AXIS, AXIS, "╶", "╴", "─", "╰", "╭", "╮", "╯", "│"],
    format: (percent, row) =>
      (row % y.rowsPerTick === 0 ? percent.toFixed(y.decimals) : "").padStart(GUTTER - 1) + " ",
  });
  const starts = new Set(curves.map(({ percents }) => rowOf(percents[0], y)));
  return text.split("\n").map((line, row) => {
    // A character and the colour around it make one cell.
    const cells = line.match(/\p{Cc}\[\d+m.\p{Cc}\[0m|./gu) ?? [];
    const isTick = row % y.rowsPerTick === 0;
    cells[GUTTER] = cells[GUTTER].replace(AXIS, starts.has(row) ? isTick ? "┼" : "├" : isTick ? "┤" : "│");
    return [...cells, ..." ".repeat(width - cells.length)];
  });
}

/** Puts a curve's number into the first free place behind its end. Where none is left it stands in the legend alone. */
function markEnd(lines: string[][], { percents, number, color }: NumberedCurve, x: XAxis, y: YAxis): void {
  const cells = lines[rowOf(percents[percents.length - 1], y)];
  const end = x.epochs === 1 ? x.columns : columnOf(percents.length, x);
  const isFree = (from: number, to: number) => cells.slice(from, to).every((cell) => cell === " ");
  let start = GUTTER + end + 2;
  while (!isFree(start - 1, start + number.length + 1)) start++;
  if (start + number.length > cells.length) return;
  cells.splice(start, number.length, ...[...number].map((digit) => colored(digit, color)));
}

/** Stands for the y axis until it is known what it meets in each line; asciichart takes ticks and zero for granted. */
const AXIS = "?";

/** A curve with a value for each column, the axis included, interpolated between epochs. */
function resample(percents: readonly number[], { columns, epochs }: XAxis): number[] {
  const last = percents.length - 1;
  if (epochs === 1) return Array.from({ length: columns + 1 }, () => percents[last]);
  const length = columnOf(last + 1, { columns, epochs }) + 1;
  return Array.from({ length }, (_, column) => {
    const position = column === length - 1 ? last : Math.min(column * (epochs - 1) / columns, last);
    const before = percents[Math.floor(position)];
    const after = percents[Math.ceil(position)];
    return before + (after - before) * (position % 1);
  });
}

function columnOf(epoch: number, { columns, epochs }: XAxis): number {
  return epoch === 1 ? 0 : Math.round((epoch - 1) * columns / (epochs - 1));
}

/** The axis of epochs, and below it the first epoch, the last one and round ones between them. */
function xAxisLines(x: XAxis): string[] {
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
    " ".repeat(GUTTER) + axis.join(""),
    ("epoch".padEnd(GUTTER) + labels.join("")).trimEnd(),
  ];
}

function legendLines(curves: readonly NumberedCurve[], epochs: number, width: number): string[] {
  const numberWidth = String(curves.length).length;
  const ends = curves.map(({ percents }) => {
    if (percents.length === 0) return "no epoch has ended";
    const value = `${percents[percents.length - 1].toFixed(2).padStart(6)} %`;
    return percents.length === epochs ? value : `${value} at epoch ${percents.length}`;
  });
  const room = width - numberWidth - 4 - Math.max(...ends.map((end) => end.length));
  const labels = curves.map(({ label }) => label.length <= room ? label : `${label.slice(0, room - 1)}…`);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  return curves.map(({ number, color }, i) =>
    `${colored(number.padStart(numberWidth), color)}  ${labels[i].padEnd(labelWidth)}  ${ends[i]}`
  );
}
