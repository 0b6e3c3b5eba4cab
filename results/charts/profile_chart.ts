/** Performance profiles for a terminal. */
import { blue, type Color, colored, cyan, green, magenta, plot, red, yellow } from "asciichart";
import { formatNumber } from "../format.ts";
import type { PerformanceProfile } from "../statistics/profiles.ts";

export interface ProfileChartOptions {
  /** The largest factor drawn, above 1. */
  readonly limit: number;
  /** Columns of the terminal, at least 40. Default: 80. */
  readonly width?: number;
  /** Whether to use terminal colours. Default: false. */
  readonly colors?: boolean;
}

const COLORS: readonly Color[] = [cyan, yellow, magenta, green, blue, red];
/** Of the y axis, from 0 to 100 %. */
const ROWS = 8;
const ROWS_PER_TICK = 2;
const GUTTER = "100 % ".length;
const TICKS = [1, 1.1, 1.25, 1.5, 2, 3, 4, 5, 10, 20, 50, 100, 1000];

/**
 * The share of tasks that each solver brings to its end within a factor of the best one, against that factor
 * on a logarithmic axis. Curves are numbered from 1 at their ends and in the legend; where they meet, the
 * earlier is on top.
 *
 * @param taus the factors of the profiles, rising from 1.
 */
export function profileChart(
  profiles: readonly Pick<PerformanceProfile, "solver" | "rho">[],
  taus: readonly number[],
  { limit, width = 80, colors = false }: ProfileChartOptions,
): string {
  const room = Math.max(width, 40) - GUTTER - 2 - 2 * profiles.length;
  const color = (i: number) => colors ? COLORS[i % COLORS.length] : undefined;
  const curves = profiles.map(({ rho }) =>
    Array.from({ length: room }, (_, column) => 100 * at(limit ** (column / (room - 1)), rho, taus))
  );
  const lines = plot(curves.toReversed(), {
    min: 0,
    max: 100,
    height: ROWS,
    colors: profiles.map((_, i) => color(i)).reverse(),
    format: (percent, row) =>
      (row % ROWS_PER_TICK === 0 ? `${Math.round(percent)} %` : "").padStart(GUTTER - 1),
  }).split("\n").map((line) => line.trimEnd());
  profiles.forEach((_, i) =>
    lines[ROWS - Math.round(curves[i].at(-1)! * ROWS / 100)] += colored(` ${i + 1}`, color(i))
  );
  return [
    "share of tasks within a factor of the best",
    ...lines,
    ...factorAxis(room, limit),
    "",
    ...profiles.map(({ solver }, i) => `${colored(String(i + 1), color(i))}  ${solver}`),
  ].join("\n");
}

/** A profile at any factor: what it rose to at the last of its own factors up to there. */
function at(factor: number, rho: readonly number[], taus: readonly number[]): number {
  // The last column is a power, which rounding may leave below its factor.
  const last = taus.findLastIndex((tau) => tau <= factor * (1 + 1e-9));
  return last === -1 ? 0 : rho[last];
}

function factorAxis(room: number, limit: number): string[] {
  const axis = [..."─".repeat(room)];
  const labels = [..." ".repeat(room + 6)];
  for (const tick of TICKS.filter((tick) => tick <= limit)) {
    const column = Math.round((room - 1) * Math.log(tick) / Math.log(limit));
    const text = formatNumber(tick);
    if (labels.slice(Math.max(column - 2, 0), column + text.length + 2).some((label) => label !== " ")) {
      continue;
    }
    labels.splice(column, text.length, ...text);
    axis[column] = "┬";
  }
  const indent = " ".repeat(GUTTER);
  return [`${indent}└${axis.join("")}`, `${"factor".padEnd(GUTTER + 1)}${labels.join("")}`.trimEnd()];
}
