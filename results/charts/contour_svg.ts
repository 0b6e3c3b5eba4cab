import { ticks } from "d3-array";
import { contours } from "d3-contour";
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
} from "./trajectory.ts";

export interface ContourSvgOptions {
  /** Stands above the drawing. */
  readonly title: string;
}

/**
 * Trajectories over a function of two variables as an SVG document that needs nothing else: the function as contours,
 * darker where it is higher; each trajectory with its steps, its start and its end; minima; axes; and a legend with
 * the last value of each trajectory.
 *
 * Trajectories are numbered from 1, in the legend and where they end, so that the drawing reads without colours too.
 * Where they meet, the earlier one is on top. What is outside the landscape's window is not drawn; a trajectory ends
 * before its first point that is not finite.
 */
export function contourSvg(
  landscape: Landscape,
  trajectories: readonly Trajectory[],
  { title }: ContourSvgOptions,
): string {
  const shape = relief(landscape, MOST_LEVELS);
  const height = PLOT.top + PLOT.height + 62 + LEGEND_LINE * (trajectories.length + 1);
  const name = escape(title);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"` +
    ` role="img" aria-label="${name}" font-family="${FONT}" font-size="14" fill="${INK}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="${PLOT.left}" y="30" font-size="18" font-weight="600">${name}</text>`,
    ...bands(landscape, shape),
    ...axes(landscape),
    ...trajectories.map((trajectory, i) => line(trajectory, i, landscape)).toReversed(),
    ...marks(trajectories, landscape),
    ...scale(shape.levels),
    ...legend(trajectories, landscape),
    "</svg>\n",
  ].join("\n");
}

const WIDTH = 860;
const PLOT = { left: 64, top: 50, width: 680, height: 510 } as const;
const LEGEND_LINE = 24;
const FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif";
const INK = "#1f2933";
const FAINT = "#52606d";
const LINE = "#7b8794";
/** Told apart by colour-blind readers too, on white and on the bands (Okabe & Ito 2008, Color Universal Design). */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00"] as const;
/** Of the lowest band and of the highest. */
const BAND_COLORS = [[250, 251, 252], [158, 172, 186]] as const;
const MOST_LEVELS = 12;
/** A line of the legend has room for this. */
const MOST_LETTERS = 70;
/** Squares along each axis that contours are interpolated in. */
const GRID = 240;
/** Units of the contours in one of the drawing. */
const FINE = 10;

/** Where a point stands in the drawing. */
function place([x, y]: Point, landscape: Landscape): [number, number] {
  const part = (value: number, [low, high]: readonly [number, number]) => (value - low) / (high - low);
  return [
    PLOT.left + PLOT.width * part(x, landscape.x),
    PLOT.top + PLOT.height * (1 - part(y, landscape.y)),
  ];
}

/** Filled contours. They are interpolated between logarithms of heights, as their levels are spaced. */
function bands(landscape: Landscape, { height, levels }: Relief): string[] {
  const { left, top, width, height: plotHeight } = PLOT;
  // One more row and column on each side, so that the edges of the contours' areas are outside the plot.
  const at = ([low, high]: readonly [number, number], i: number) => low + (i - 1) / GRID * (high - low);
  const size = GRID + 3;
  const floor = (levels[0] ?? 1) / 1000;
  const values = Array.from({ length: size * size }, (_, i) => {
    const [column, row] = [i % size, Math.floor(i / size)];
    return Math.log10(Math.max(height(at(landscape.x, column), at(landscape.y, GRID + 2 - row)), floor));
  });
  const areas = contours().size([size, size]).thresholds(levels.map(Math.log10))(values);
  return [
    // An inner document cuts off what is outside its box. Its unit is short, so that whole numbers will do.
    `<svg x="${left}" y="${top}" width="${width}" height="${plotHeight}" viewBox="0 0 ${FINE * width} ${
      FINE * plotHeight
    }"` + ` overflow="hidden" stroke="${LINE}" stroke-width="${0.6 * FINE}">`,
    `<rect width="100%" height="100%" stroke="none" fill="${bandColor(0, levels.length)}"/>`,
    ...areas.map(({ coordinates }, i) =>
      `<path fill="${bandColor(i + 1, levels.length)}" d="${
        coordinates.flat().filter(isWide).map(ring).join("")
      }"/>`
    ),
    "</svg>",
  ];
}

/**
 * Whether an area is at least as wide as a square of the grid, on average. Contours of a narrower valley break into
 * pieces that are not there.
 */
function isWide(points: readonly (readonly number[])[]): boolean {
  let [area, length] = [0, 0];
  for (let i = 1; i < points.length; i++) {
    const [[x, y], [u, v]] = [points[i - 1], points[i]];
    area += (x * v - u * y) / 2;
    length += Math.hypot(u - x, v - y);
  }
  return Math.abs(area) >= length / 2;
}

/** A closed line around an area of contours. */
function ring(points: readonly (readonly number[])[]): string {
  let [x, y] = [0, 0];
  const steps = points.slice(1).map(([column, row]) => {
    // d3-contour puts value i at i + 0.5, and value 1 is on the edge of the plot.
    const next = [
      Math.round(FINE * PLOT.width * (column - 1.5) / GRID),
      Math.round(FINE * PLOT.height * (row - 1.5) / GRID),
    ];
    const step = `${next[0] - x} ${next[1] - y}`;
    [x, y] = next;
    return step;
  });
  return `M${steps.join("l")}z`;
}

function bandColor(band: number, last: number): string {
  const [low, high] = BAND_COLORS;
  return `rgb(${
    low.map((value, i) => Math.round(value + band / Math.max(last, 1) * (high[i] - value))).join(" ")
  })`;
}

function axes(landscape: Landscape): string[] {
  const { left, top, width, height } = PLOT;
  const bottom = top + height;
  const grid: string[] = [];
  const labels: string[] = [];
  for (const x of ticks(...landscape.x, 8)) {
    const at = round(place([x, landscape.y[0]], landscape)[0]);
    grid.push(`M${at} ${bottom}v6`);
    labels.push(`<text x="${at}" y="${bottom + 22}" text-anchor="middle">${formatTick(x)}</text>`);
  }
  for (const y of ticks(...landscape.y, 6)) {
    const at = round(place([landscape.x[0], y], landscape)[1]);
    grid.push(`M${left} ${at}h-6`);
    labels.push(`<text x="${left - 10}" y="${at + 5}" text-anchor="end">${formatTick(y)}</text>`);
  }
  return [
    `<path d="M${left} ${top}h${width}v${height}h${-width}Z${grid.join("")}" fill="none" stroke="${FAINT}"/>`,
    ...labels,
    `<text x="${left + width / 2}" y="${bottom + 42}" text-anchor="middle" font-style="italic">x</text>`,
    `<text x="18" y="${top + height / 2}" text-anchor="middle" font-style="italic">y</text>`,
  ];
}

/** With the minus sign of typography. */
function formatTick(value: number): string {
  return formatNumber(value).replace("-", "−");
}

/** A trajectory, its steps as dots on it. */
function line(trajectory: Trajectory, i: number, landscape: Landscape): string {
  const points = finitePoints(trajectory);
  const at = (point: Point) => place(point, landscape).map(round).join(" ");
  const path = visibleParts(points, landscape).map((part) => `M${part.map(at).join("L")}`).join("");
  const dots = points.filter((point) => isVisible(point, landscape)).map((point) => `M${at(point)}h0`);
  return [
    `<g fill="none" stroke-linejoin="round" stroke-linecap="round"><title>${
      escape(trajectory.label)
    }</title>`,
    `<path d="${path}" stroke="#ffffff" stroke-opacity="0.8" stroke-width="5"/>`,
    `<path d="${path}" stroke="${colorOf(i)}" stroke-width="1.8"/>`,
    `<path d="${[...new Set(dots)].join("")}" stroke="${colorOf(i)}" stroke-width="4.6"/>`,
    "</g>",
  ].join("");
}

function colorOf(i: number): string {
  return COLORS[i % COLORS.length];
}

/** Starts, ends with their numbers, and minima. */
function marks(trajectories: readonly Trajectory[], landscape: Landscape): string[] {
  const places = (points: readonly (Point | undefined)[]) =>
    points.map((point) => point && isVisible(point, landscape) ? place(point, landscape) : undefined);
  const paths = trajectories.map(finitePoints);
  const starts = places(paths.map((points) => points[0])).filter((at) => at !== undefined);
  const ends = places(paths.map((points) => points.at(-1)));
  const minima = places(landscape.minima).filter((at) => at !== undefined);
  const taken = [...starts, ...minima, ...ends.filter((at) => at !== undefined)];
  const badges: string[] = [];
  ends.forEach((end, i) => {
    if (end === undefined) return;
    const free = freePlace(end, taken);
    taken.push(free);
    badges.push(
      `<path d="M${end.map(round).join(" ")}L${free.map(round).join(" ")}" stroke="${colorOf(i)}"/>`,
    );
    badges.push(badge(free, i));
  });
  return [
    ...new Set(starts.map(startMark)),
    ...ends.map((end, i) => end ? endMark(end, colorOf(i)) : ""),
    ...minima.map(minimumMark),
    ...badges,
  ];
}

/** Where a badge covers no mark and no other badge: near a point, in the plot. */
function freePlace(
  [x, y]: readonly [number, number],
  taken: readonly (readonly number[])[],
): [number, number] {
  const inset = BADGE_RADIUS + 2;
  for (let distance = 22; distance < PLOT.width; distance += 16) {
    for (let turn = 0; turn < 12; turn++) {
      // From the upper right, clockwise.
      const angle = (turn - 1.5) * Math.PI / 6;
      const [u, v] = [x + distance * Math.cos(angle), y + distance * Math.sin(angle)];
      const isInside = u > PLOT.left + inset && u < PLOT.left + PLOT.width - inset &&
        v > PLOT.top + inset && v < PLOT.top + PLOT.height - inset;
      if (isInside && taken.every(([a, b]) => Math.hypot(a - u, b - v) > 2 * BADGE_RADIUS)) return [u, v];
    }
  }
  return [x, y];
}

const BADGE_RADIUS = 9;

/** A trajectory's number. */
function badge([x, y]: readonly [number, number], i: number): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="${BADGE_RADIUS}" fill="#ffffff" stroke="${
    colorOf(i)
  }" stroke-width="2"/>` +
    `<text x="${round(x)}" y="${round(y + 4.2)}" font-size="12" font-weight="600" text-anchor="middle">${
      i + 1
    }</text>`;
}

function startMark([x, y]: readonly [number, number]): string {
  return `<circle cx="${round(x)}" cy="${
    round(y)
  }" r="5.5" fill="#ffffff" stroke="${INK}" stroke-width="2"/>`;
}

function endMark([x, y]: readonly [number, number], color: string): string {
  return `<circle cx="${round(x)}" cy="${
    round(y)
  }" r="5" fill="${color}" stroke="#ffffff" stroke-width="1.5"/>`;
}

function minimumMark([x, y]: readonly [number, number]): string {
  const cross = `M${round(x - 6)} ${round(y - 6)}l12 12m-12 0l12 -12`;
  return `<path d="${cross}" fill="none" stroke="#ffffff" stroke-width="5"/>` +
    `<path d="${cross}" fill="none" stroke="${INK}" stroke-width="2.2"/>`;
}

/** The colour of each band and the heights between them, to the right of the plot. */
function scale(levels: readonly number[]): string[] {
  if (levels.length === 0) return [];
  const x = PLOT.left + PLOT.width + 20;
  const step = Math.min(26, (PLOT.height - 56) / (levels.length + 1));
  const top = PLOT.top + 48;
  const boxes = Array.from({ length: levels.length + 1 }, (_, i) => {
    const y = round(top + (levels.length - i) * step);
    return `<rect x="${x}" y="${y}" width="18" height="${round(step)}" fill="${
      bandColor(i, levels.length)
    }" stroke="${LINE}" stroke-width="0.6"/>`;
  });
  const labels = levels.map((level, i) =>
    `<text x="${x + 25}" y="${round(top + (levels.length - i) * step + 4.5)}" font-size="13">${
      formatNumber(level)
    }</text>`
  );
  const caption = ["loss above", "the minimum"].map((words, i) =>
    `<text x="${x}" y="${PLOT.top + 12 + 17 * i}" font-size="13" fill="${FAINT}">${words}</text>`
  );
  return [...caption, ...boxes, ...labels];
}

/** A line for each trajectory, and one for what the marks are. */
function legend(trajectories: readonly Trajectory[], landscape: Landscape): string[] {
  const x = PLOT.left;
  const y = (line: number) => PLOT.top + PLOT.height + 62 + LEGEND_LINE * line;
  const lines = trajectories.map((trajectory, i) => {
    const sample = `<path d="M${x} ${y(i)}h34" stroke="${colorOf(i)}" stroke-width="2.5"/>`;
    const end = describeEnd(trajectory, landscape);
    return sample + badge([x + 17, y(i)], i) +
      `<text x="${x + 46}" y="${y(i) + 5}">${escape(shorten(trajectory.label))}` +
      `<tspan dx="14" fill="${FAINT}">${escape(end)}</tspan></text>`;
  });
  const last = y(trajectories.length);
  const words: [mark: string, word: string][] = [
    [startMark([x + 8, last]), "start"],
    [endMark([x + 98, last], FAINT), "end"],
    [minimumMark([x + 178, last]), "minimum"],
  ];
  const key = words.map(([mark, word], i) =>
    `${mark}<text x="${x + 22 + [0, 90, 170][i]}" y="${last + 5}" fill="${FAINT}">${word}</text>`
  );
  return [...lines, ...key];
}

function shorten(label: string): string {
  return label.length <= MOST_LETTERS ? label : `${label.slice(0, MOST_LETTERS - 1)}…`;
}

/** To a tenth of a pixel. */
function round(value: number): number {
  return Math.round(10 * value) / 10;
}

function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}
