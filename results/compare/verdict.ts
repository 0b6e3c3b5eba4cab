/** A comparison in words. */
import { formatNumber } from "../format.ts";
import type { Comparison } from "./compare.ts";
import type { RunsSummary } from "./evidence.ts";

/** How the sides, and what was compared, are called. */
export interface ComparisonNames {
  readonly a: string;
  readonly b: string;
  /** As in `test accuracy`. */
  readonly metric: string;
  /** Whether the values are shares of 1, to be given in per cent. */
  readonly percent: boolean;
  /** What the runs without a value did, `failed` unless given. */
  readonly failure?: string;
}

/**
 * One sentence, without a full stop, such as `lars is better than sgd: test accuracy 93.1 against 91.9 %,
 * difference 1.2 [0.8, 1.6] points, p = 0.004 (Wilcoxon signed-rank, 10 pairs, Holm)`.
 */
export function verdictSentence(comparison: Comparison, names: ComparisonNames): string {
  return [
    `${opening(comparison, names)}: ${figures(comparison, names)}, ${probability(comparison)}`,
    ...failures(comparison.a, names.a, names.failure),
    ...failures(comparison.b, names.b, names.failure),
    ...outlook(comparison),
  ].join("; ");
}

function opening({ verdict }: Comparison, { a, b }: ComparisonNames): string {
  return verdict === "no difference seen"
    ? `no difference seen between ${a} and ${b}`
    : `${a} is ${verdict} than ${b}`;
}

function figures({ a, b, difference, better, verdict }: Comparison, names: ComparisonNames): string {
  const { metric, percent } = names;
  const scale = percent ? 100 : 1;
  const interval = difference?.interval;
  const width = interval === undefined ? 0 : scale * (interval.high - interval.low);
  const write = (x: number | undefined) => x === undefined ? "none" : formatBeside(scale * x, width);
  const means = `${metric} ${write(a.mean)} against ${write(b.mean)}${percent ? " %" : ""}`;
  if (difference === undefined) return means;
  const range = interval === undefined ? "" : ` [${write(interval.low)}, ${write(interval.high)}]`;
  const isHigher = difference.mean > 0;
  const isContrary = verdict !== "no difference seen" && difference.mean !== 0 &&
    (verdict === "better") !== (isHigher === (better === "higher"));
  return `${means}, difference ${write(difference.mean)}${range}${percent ? " points" : ""}` +
    (isContrary ? " (the means say otherwise than the ranks)" : "");
}

function probability({ test, paired, a, b, adjustedP, family }: Comparison): string {
  const p = adjustedP < 0.001 ? "p < 0.001" : `p = ${formatNumber(adjustedP, 2)}`;
  const runs = paired ? `${a.runs} pairs` : `${a.runs} against ${b.runs} runs`;
  return `${p} (${[test, runs, ...(family > 1 ? ["Holm"] : [])].join(", ")})`;
}

function failures({ runs, failed }: RunsSummary, name: string, failure = "failed"): string[] {
  return failed === 0 ? [] : [`${failed} of ${runs} runs of ${name} ${failure}, counted as the worst`];
}

function outlook({ moreSeeds, atLeastMoreSeeds }: Comparison): string[] {
  if (moreSeeds === undefined) return [];
  const count = typeof moreSeeds === "number" ? `about ${moreSeeds}` : moreSeeds;
  const seeds = `${count} more ${moreSeeds === 1 ? "seed" : "seeds"} each`;
  return atLeastMoreSeeds === undefined
    ? [`it would take ${seeds} to tell`]
    : [`so few runs can never tell: it would take ${seeds}, at least ${atLeastMoreSeeds}`];
}

/** A number as its interval's width lets it be: half of that has one significant digit. */
function formatBeside(x: number, width: number): string {
  if (width === 0) return formatNumber(x);
  const decimals = Math.min(Math.max(0, -Math.floor(Math.log10(width / 2))), 20);
  return formatNumber(Number(x.toFixed(decimals)), 12);
}
