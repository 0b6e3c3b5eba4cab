/** Bars for a terminal, from zero. */
import { colored, cyan } from "asciichart";

export interface Bar {
  readonly label: string;
  /** Not negative. */
  readonly value: number;
  /** The value as it stands behind the bar. */
  readonly text: string;
}

export interface BarChartOptions {
  /** Columns of the terminal. Default: 80. */
  readonly width?: number;
  /** Whether to use terminal colours. Default: false. */
  readonly colors?: boolean;
}

/** Of a column, from one eighth to seven. */
const PARTS = [..."▏▎▍▌▋▊▉"];
/** Columns of the longest bar, however long the labels are. */
const LEAST = 10;

/** A line for each: its label, a bar as long as its value is beside the largest, and the value. */
export function barChart(bars: readonly Bar[], { width = 80, colors = false }: BarChartOptions = {}): string {
  const longest = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));
  const gutter = longest(bars.map(({ label }) => label));
  const room = Math.max(LEAST, width - gutter - longest(bars.map(({ text }) => text)) - 3);
  const most = Math.max(...bars.map(({ value }) => value));
  return bars.map(({ label, value, text }) => {
    const drawn = blocks(most === 0 ? 0 : room * value / most);
    return `${label.padEnd(gutter)}  ${colors ? colored(drawn, cyan) : drawn} ${text}`;
  }).join("\n");
}

/** At least an eighth of a column, so that there is something to see. */
function blocks(columns: number): string {
  const eighths = Math.max(1, Math.round(8 * columns));
  return "█".repeat(Math.floor(eighths / 8)) + (PARTS[eighths % 8 - 1] ?? "");
}
