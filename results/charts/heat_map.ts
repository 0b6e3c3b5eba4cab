import type { Metric } from "../../tasks/task.ts";
import { formatNumber, wrap } from "../format.ts";
import { type Cell, cellNumber, type Grid, type GridOptions, heatGrid, SHADE_WIDTH } from "./heat_grid.ts";
import { type Shading, shading, SWATCH_WIDTH } from "./shades.ts";
import { bestFirst, formatMetric, formatPoint, type Tried, varyingNames } from "./tried.ts";

export interface HeatMapOptions extends GridOptions {
  /** Columns of the terminal, at least 52. Default: 80. */
  readonly width?: number;
  /** Whether to use a terminal's 256 colours. Default: false. */
  readonly colors?: boolean;
}

/**
 * A metric over two hyper-parameters, for a terminal: a cell for each two values, with the metric of the best of the
 * configurations that have them (or their mean), a shade that is denser, or in colours lighter, where the metric is
 * better, and a `*` at the best; `x` where all diverged or failed, `·` where none was tried. Below stand the best
 * configuration and what the shades mean.
 *
 * Numbers that don't fit, and samples, are put into bins with round edges, even on a linear or a logarithmic scale as
 * suits them; the lower edge belongs to a bin. Of words that don't fit those with the best values are shown.
 *
 * @throws {RangeError} where x and y are the same, or no configuration has one of them.
 */
export function heatMap(points: readonly Tried[], options: HeatMapOptions): string {
  if (points.length === 0) return "No heat map: no configuration has ended";
  const { x, y, metric, width = 80, colors = false } = options;
  checkNames(points, x, y);
  const placed = points.filter(({ values }) => values[x] !== undefined && values[y] !== undefined);
  if (placed.length === 0) return `No heat map: no configuration has both ${x} and ${y}`;
  const room = Math.max(width, MIN_WIDTH);
  const grid = heatGrid(placed, options, room);
  const cells = grid.cells.flat();
  const texts = cells.flatMap(({ value }) => value === undefined ? [] : [cellNumber(value, metric)]);
  // Cells that read the same look the same.
  const shades = shading(texts.map(Number), metric, colors);
  const best = bestFirst(cells, metric).at(0)?.value;
  const paint = ({ value, members }: Cell) => {
    if (value === undefined) {
      return `${members.length > 0 ? DIVERGED : UNTRIED} `.padStart(grid.columnWidth);
    }
    const text = cellNumber(value, metric);
    return shades.of(Number(text)).paint(`${text}${value === best ? BEST : " "}`, grid.columnWidth);
  };
  return [
    wrap(title(placed, cells, options), room),
    "",
    ...heading(grid, options),
    ...grid.rows.map((label, i) =>
      (`${label} `.padStart(grid.gutter) + grid.cells[i].map(paint).join("")).trimEnd()
    ),
    "",
    ...best === undefined ? [] : [wrap(bestLine(cells, best, options), room)],
    ...shadeLines(shades, metric, room),
    ...signLines(cells, points.length, room),
  ].join("\n");
}

const MIN_WIDTH = 52;
const BEST = "*";
const DIVERGED = "x";
const UNTRIED = "·";

function checkNames(points: readonly Tried[], x: string, y: string): void {
  if (x === y) throw new RangeError(`Cannot draw ${x} over itself; choose two hyper-parameters`);
  for (const name of [x, y]) {
    if (points.some(({ values }) => values[name] !== undefined)) continue;
    throw new RangeError(
      `Cannot draw ${name}: no configuration has it; choose of ${varyingNames(points).join(", ")}`,
    );
  }
}

/** The metric, and what is hidden behind a cell's number. */
function title(
  points: readonly Tried[],
  cells: readonly Cell[],
  { x, y, metric, cell = "best" }: HeatMapOptions,
): string {
  const name = metric === "accuracy" ? "test accuracy %" : "test loss";
  if (cells.every(({ members }) => members.length <= 1)) return name;
  const others = varyingNames(points).filter((name) => name !== x && name !== y);
  return `${name}, the ${cell} ${others.length > 0 ? `over ${others.join(", ")}` : "in each cell"}`;
}

function heading({ columns, gutter, columnWidth }: Grid, { x, y }: HeatMapOptions): string[] {
  const line = (labels: readonly string[]) =>
    labels.map((label) => `${label} `.padStart(columnWidth)).join("").trimEnd();
  const upper = line(columns.map(([upper]) => upper));
  return [
    " ".repeat(gutter + SHADE_WIDTH) + x,
    ...upper === "" ? [] : [" ".repeat(gutter) + upper],
    `${y} `.padStart(gutter) + line(columns.map(([, lower]) => lower)),
  ];
}

/** `* best: 93.13 % with lr 0.3, momentum 0.9` */
function bestLine(cells: readonly Cell[], best: number, { metric }: HeatMapOptions): string {
  const [first, ...ties] = cells.filter(({ value }) => value === best);
  const others = ties.length > 0 ? `, in ${ties.length + 1} cells, the first` : "";
  const names = varyingNames(cells.flatMap(({ members }) => members));
  return `${BEST} best: ${formatMetric(best, metric)}${others} with ${formatPoint(first.values, names)}`;
}

/** From which value on each shade stands, except for the first, which stands for all that are worse. */
function shadeLines({ starts }: Shading, metric: Metric, room: number): string[] {
  const from = (value: number) =>
    metric === "accuracy" ? `from ${value.toFixed(1)}` : `to ${formatNumber(value, 3)}`;
  const texts = starts.slice(1).map(([shade, value]) => ({ swatch: shade.swatch, text: from(value) }));
  const width = Math.max(0, ...texts.map(({ text }) => text.length)) + SWATCH_WIDTH + 3;
  const perLine = Math.floor((room + 2) / width);
  return Array.from(
    { length: Math.ceil(texts.length / perLine) },
    (_, i) =>
      texts.slice(i * perLine, (i + 1) * perLine).map(({ swatch, text }) => `${swatch} ${text}`).join(", "),
  );
}

/** The signs that the map has, and how many configurations it leaves out. */
function signLines(cells: readonly Cell[], count: number, room: number): string[] {
  const unmeasured = cells.filter(({ value }) => value === undefined);
  const signs = [
    ...unmeasured.some(({ members }) => members.length > 0) ? [`${DIVERGED} diverged or failed`] : [],
    ...unmeasured.some(({ members }) => members.length === 0) ? [`${UNTRIED} not tried`] : [],
  ];
  const left = count - cells.reduce((sum, { members }) => sum + members.length, 0);
  if (left > 0) signs.push(`${left} ${left === 1 ? "configuration" : "configurations"} left out`);
  return signs.length === 0 ? [] : [wrap(signs.join(", "), room)];
}
