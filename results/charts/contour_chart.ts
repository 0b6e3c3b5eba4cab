import { blue, type Color, colored, cyan, darkgray, green, magenta, red, yellow } from "asciichart";
import { ticks } from "d3-array";
import type { Landscape } from "../../tasks/task.ts";
import { formatNumber } from "../format.ts";
import { type Relief, relief } from "./levels.ts";
import {
  describeEnd,
  finitePoints,
  isVisible,
  type Point,
  type Trajectory,
  visibleParts,
  type Window,
} from "./trajectory.ts";

export interface ContourChartOptions {
  /** Columns of the terminal, at least 48. Default: 80. */
  readonly width?: number;
  /** Lines of the y axis, at least 5. Default: 20. */
  readonly height?: number;
  /** Whether to use terminal colours. Default: false. */
  readonly colors?: boolean;
}

/**
 * Trajectories over a function of two variables, for a terminal: the function as shades, denser where it is higher;
 * the trajectories as fine lines of Braille dots; starts and minima; and a legend with the last value of each
 * trajectory.
 *
 * Trajectories are numbered from 1, in the legend and where they end, so that the chart reads without colours too.
 * Where they meet, the earlier one is on top. What is outside the landscape's window is not drawn; a trajectory ends
 * before its first point that is not finite.
 */
export function contourChart(
  landscape: Landscape,
  trajectories: readonly Trajectory[],
  { width = 80, height = 20, colors = false }: ContourChartOptions = {},
): string {
  const room = Math.max(width, 48);
  const rows = Math.max(height, 5);
  const yTicks = axisTicks(landscape.y, Math.max(2, Math.floor(rows / 4)));
  const gutter = Math.max(...yTicks.map(({ label }) => label.length)) + 1;
  const canvas = new Canvas(room - gutter - 1, rows, landscape);
  const { height: heightOf, levels } = relief(landscape, SHADES.length - 1);
  const color = (i: number) => colors ? COLORS[i % COLORS.length] : undefined;

  canvas.shade((x, y) => SHADES[levels.filter((level) => heightOf(x, y) >= level).length], colors);
  const paths = trajectories.map(finitePoints);
  for (const [i, points] of [...paths.entries()].toReversed()) {
    for (const part of visibleParts(points, landscape)) canvas.line(part, color(i));
  }
  for (const points of paths) canvas.mark(START, points[0]);
  for (const minimum of landscape.minima) canvas.mark(MINIMUM, minimum);
  paths.forEach((points, i) => canvas.markBeside(String(i + 1), points.at(-1), color(i)));

  return [
    "y",
    ...axisY(yTicks, canvas, gutter),
    ...axisX(axisTicks(landscape.x, Math.max(2, Math.floor(canvas.columns / 10))), canvas, gutter),
    "",
    ...legend(trajectories, landscape, room, color),
    `${START} start, ${MINIMUM} minimum`,
    ...levels.length > 0 ? [levelLine(levels)] : [],
  ].join("\n");
}

const COLORS: readonly Color[] = [cyan, yellow, magenta, green, blue, red];
/** From the lowest part of a landscape to the highest. */
const SHADES = [" ", "·", ":", "░", "▒", "▓"] as const;
const START = "○";
const MINIMUM = "×";
/** The bit of each dot of a Braille character, from the top, left and right, above U+2800. */
const BRAILLE = 0x2800;
const BRAILLE_DOTS = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

interface Cell {
  readonly text: string;
  readonly color?: Color;
  /** The Braille dots of the lines through it. */
  readonly dots: number;
  /** Whether it is a mark, which no other may cover. */
  readonly isMark: boolean;
}

/** The plane of the chart, character by character. */
class Canvas {
  readonly #cells: Cell[][];

  constructor(readonly columns: number, readonly rows: number, readonly window: Window) {
    this.#cells = Array.from({ length: rows }, () => []);
  }

  /** Fills each cell with what stands for the function at its centre. */
  shade(shadeOf: (x: number, y: number) => string, colors: boolean): void {
    const { x: [left, right], y: [bottom, top] } = this.window;
    for (const [row, cells] of this.#cells.entries()) {
      const y = top - (row + 0.5) / this.rows * (top - bottom);
      for (let column = 0; column < this.columns; column++) {
        const text = shadeOf(left + (column + 0.5) / this.columns * (right - left), y);
        cells.push({ text, color: colors ? darkgray : undefined, dots: 0, isMark: false });
      }
    }
  }

  /** Draws a line through points that are visible, with two dots to a column and four to a row. */
  line(points: readonly Point[], color: Color): void {
    const dots = points.map((point) => this.#place(point, 2, 4));
    dots.forEach((to, i) => {
      const from = dots[Math.max(i - 1, 0)];
      const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1);
      for (let step = 0; step <= steps; step++) {
        const [x, y] = [0, 1].map((axis) => Math.round(from[axis] + step / steps * (to[axis] - from[axis])));
        const cells = this.#cells[Math.floor(y / 4)];
        const column = Math.floor(x / 2);
        const bits = cells[column].dots | BRAILLE_DOTS[y % 4][x % 2];
        cells[column] = { text: String.fromCharCode(BRAILLE + bits), color, dots: bits, isMark: false };
      }
    });
  }

  /** Puts a character where a point is, if that is visible. */
  mark(text: string, point: Point | undefined): void {
    if (point === undefined || !isVisible(point, this.window)) return;
    this.#put(text, this.#place(point, 1, 1));
  }

  /** Puts text where a point is, or as near to it as no other mark is. Where no place is left it is not shown. */
  markBeside(text: string, point: Point | undefined, color: Color): void {
    if (point === undefined || !isVisible(point, this.window)) return;
    const [column, row] = this.#place(point, 1, 1);
    const place = NEAREST.map(([right, down]) => [column + right, row + down] as const)
      .find((place) => this.#isFree(place, text.length));
    if (place) this.#put(text, place, color);
  }

  /** Each line of the canvas, the colour changed no more often than needed. */
  lines(): string[] {
    return this.#cells.map((cells) => {
      let line = "";
      for (let from = 0, to; from < cells.length; from = to) {
        const { color } = cells[from];
        for (to = from; to < cells.length && cells[to].color === color; to++);
        line += colored(cells.slice(from, to).map(({ text }) => text).join(""), color);
      }
      return line;
    });
  }

  column(x: number): number {
    return this.#place([x, this.window.y[0]], 1, 1)[0];
  }

  row(y: number): number {
    return this.#place([this.window.x[0], y], 1, 1)[1];
  }

  /** From the left and from the top, in parts of a cell. */
  #place([x, y]: Point, perColumn: number, perRow: number): [number, number] {
    const { x: [left, right], y: [bottom, top] } = this.window;
    const place = (part: number, count: number) => Math.min(Math.floor(part * count), count - 1);
    return [
      place((x - left) / (right - left), perColumn * this.columns),
      place((top - y) / (top - bottom), perRow * this.rows),
    ];
  }

  #isFree([column, row]: readonly [number, number], length: number): boolean {
    const cells = this.#cells[row]?.slice(Math.max(column, 0), column + length) ?? [];
    return column >= 0 && cells.length === length && cells.every(({ isMark }) => !isMark);
  }

  #put(text: string, [column, row]: readonly [number, number], color?: Color): void {
    const cells = [...text].map((text): Cell => ({ text, color, dots: 0, isMark: true }));
    this.#cells[row].splice(column, cells.length, ...cells);
  }
}

/** To the right and down to the cells around one and itself, from the nearest; a row is as far as two columns. */
const NEAREST = Array.from({ length: 13 }, (_, i) => i - 6)
  .flatMap((right) => [-2, -1, 0, 1, 2].map((down) => [right, down] as const))
  .sort((a, b) => a[0] ** 2 + 4 * a[1] ** 2 - b[0] ** 2 - 4 * b[1] ** 2);

interface Tick {
  readonly value: number;
  readonly label: string;
}

function axisTicks([low, high]: readonly [number, number], count: number): Tick[] {
  return ticks(low, high, count).map((value) => ({ value, label: formatNumber(value) }));
}

function axisY(ticks: readonly Tick[], canvas: Canvas, gutter: number): string[] {
  const labels = new Map(ticks.map(({ value, label }) => [canvas.row(value), label]));
  return canvas.lines().map((line, row) =>
    `${(labels.get(row) ?? "").padStart(gutter - 1)} ${labels.has(row) ? "┤" : "│"}${line}`
  );
}

function axisX(ticks: readonly Tick[], canvas: Canvas, gutter: number): string[] {
  const axis = [..."─".repeat(canvas.columns)];
  const labels = [..." ".repeat(canvas.columns)];
  for (const { value, label } of ticks) {
    const column = canvas.column(value);
    axis[column] = "┬";
    // The digits stand below the tick, their sign to the left of it.
    const start = column - Math.floor((label.replace("-", "").length - 1) / 2) -
      (label.startsWith("-") ? 1 : 0);
    labels.splice(Math.min(Math.max(start, 0), labels.length - label.length), label.length, ...label);
  }
  return [`${" ".repeat(gutter)}└${axis.join("")}`, `${"x".padEnd(gutter + 1)}${labels.join("")}`.trimEnd()];
}

function legend(
  trajectories: readonly Trajectory[],
  landscape: Landscape,
  width: number,
  color: (i: number) => Color,
): string[] {
  const ends = trajectories.map((trajectory) => describeEnd(trajectory, landscape));
  const numberWidth = String(trajectories.length).length;
  const room = width - numberWidth - 4 - Math.max(...ends.map((end) => end.length));
  const labels = trajectories.map(({ label }) =>
    label.length <= room ? label : `${label.slice(0, room - 1)}…`
  );
  const labelWidth = Math.max(...labels.map((label) => label.length));
  return labels.map((label, i) =>
    `${colored(String(i + 1).padStart(numberWidth), color(i))}  ${label.padEnd(labelWidth)}  ${ends[i]}`
  );
}

function levelLine(levels: Relief["levels"]): string {
  const from = levels.map((level, i) => `${SHADES[i + 1]} from ${formatNumber(level)}`);
  return `Loss above the minimum: ${from.join(", ")}`;
}
