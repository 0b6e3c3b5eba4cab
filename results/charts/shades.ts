/** The shades of a heat map's cells: equally many different values to each, so that no outlier takes them all. */
import type { Metric } from "../../tasks/task.ts";
import { isBetter } from "../goal.ts";

/** How a cell looks, and from which value on. */
export interface Shade {
  /** A cell, its text at the right; four characters wider than the text at least. */
  paint(text: string, width: number): string;
  /** What stands for the shade in a legend, two columns wide. */
  readonly swatch: string;
}

export const SWATCH_WIDTH = 2;

/** From the worst to the best, without colours. */
const BLOCKS: readonly Shade[] = [" ", "░", "▒", "▓", "█"].map((block) => ({
  paint: (text, width) => `${block}${block} ${text}`.padStart(width),
  swatch: block + block,
}));

/**
 * From the worst to the best: the colours of a terminal's 256 that are closest to viridis (van der Walt & Smith 2015)
 * and get lighter evenly, so that they are told apart by the colour-blind and in grey, too. The text on each is the one
 * of black and white with a contrast above 4.5 to 1 (WCAG 2.2, criterion 1.4.3).
 */
export const COLORS: readonly (readonly [background: number, text: number])[] = [
  [53, 231],
  [24, 231],
  [30, 16],
  [36, 16],
  [113, 16],
  [226, 16],
];

const BACKGROUNDS: readonly Shade[] = COLORS.map(([background, text]) => {
  const paint = (content: string, width: number) =>
    `\x1b[48;5;${background};38;5;${text}m${content.padStart(width)}\x1b[0m`;
  return { paint, swatch: paint("", SWATCH_WIDTH) };
});

/** The shades of some values, and from which value on each holds, the worst shade first. */
export interface Shading {
  of(value: number): Shade;
  readonly starts: readonly (readonly [shade: Shade, from: number])[];
}

/** Shades by rank among the different values; a single one is the best. */
export function shading(values: readonly number[], metric: Metric, colors: boolean): Shading {
  const shades = colors ? BACKGROUNDS : BLOCKS;
  const ascending = [...new Set(values)].sort((a, b) => isBetter(a, b, metric) ? 1 : -1);
  const last = ascending.length - 1;
  const shadeOf = new Map(ascending.map((value, rank) => {
    const part = last === 0 ? 1 : rank / last;
    return [value, shades[Math.min(Math.floor(part * shades.length), shades.length - 1)]];
  }));
  const starts = new Map<Shade, number>();
  for (const [value, shade] of shadeOf) if (!starts.has(shade)) starts.set(shade, value);
  return { of: (value) => shadeOf.get(value)!, starts: [...starts] };
}
