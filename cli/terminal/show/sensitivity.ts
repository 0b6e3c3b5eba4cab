/** How much each hyper-parameter matters, and how wide the good region is, as numbers and in words. */
import { formatNumber, formatValue, wrap } from "../../../results/format.ts";
import { quantile } from "../../../results/statistics/descriptive.ts";
import { type GoodRegion, goodRegion, type GoodValues } from "../../../results/statistics/good_region.ts";
import { type Importance, importance, type Share } from "../../../results/statistics/importance.ts";
import type { Metric } from "../../../tasks/task.ts";
import { plural } from "../announcement.ts";
import type { Standing } from "./standings.ts";

export interface Sensitivity {
  /** Undefined where the results do not differ. */
  readonly importance: Importance | undefined;
  /** Undefined where there is no result. */
  readonly region: GoodRegion | undefined;
}

/** Of costs: the errors from 0 to 1, or the losses. */
export function sensitivityOf(standings: readonly Standing[], metric: Metric): Sensitivity {
  const points = standings.map(({ values, value, standardError }) => ({
    values,
    cost: value === undefined || Number.isNaN(value) ? undefined : metric === "accuracy" ? 1 - value : value,
    standardError,
  }));
  const costs = points.flatMap(({ cost }) => cost ?? []);
  const best = costs.reduce((a, b) => Math.min(a, b), Infinity);
  const error = points.find(({ cost }) => cost === best)?.standardError;
  return {
    importance: importance(points, { cap: metric === "loss" ? fence(costs) : undefined }),
    region: goodRegion(points, metric === "loss" && !error ? Math.abs(best) * LOSS_TOLERANCE : undefined),
  };
}

/** Of the best loss, where there is no standard error. */
const LOSS_TOLERANCE = 0.1;

/** The upper fence of Tukey (1977), Exploratory Data Analysis: losses beyond it are outliers. */
function fence(values: readonly number[]): number | undefined {
  const [lower, upper] = [quantile(values, 0.25), quantile(values, 0.75)];
  return lower === undefined || upper === undefined ? undefined : upper + 1.5 * (upper - lower);
}

/** Below these nothing is said of a share, and of a fit. */
const LEAST_SHARE = 0.01;
const LEAST_FIT = 0.1;
const SHARES_SHOWN = 6;

/** `lr 61 %, momentum 12 %, lr x momentum 9 %`; undefined where there is nothing to compare. */
export function importanceInWords(
  { importance }: Sensitivity,
  metric: Metric,
  width: number,
): string | undefined {
  if (importance === undefined || importance.single.length < 2) return undefined;
  const { method, fit, single, pairs, higher } = importance;
  if (fit < LEAST_FIT) return "Importance: not to be told from so few or such noisy results";
  const shares = [...single, ...pairs].sort((a, b) => b.share - a.share)
    .filter(({ share }) => share >= LEAST_SHARE);
  const rest = higher + shares.slice(SHARES_SHOWN).reduce((sum, { share }) => sum + share, 0);
  const words = shares.slice(0, SHARES_SHOWN).map(inWords);
  if (rest >= LEAST_SHARE) words.push(`the rest ${percent(rest)}`);
  const how = method === "grid"
    ? "exact for this grid"
    : `by a random forest, which explains ${percent(fit)} of what it was not shown`;
  return [
    `Importance: shares of the variance of test ${metric}`,
    indented(words.join(", "), width),
    `  (${how})`,
  ].join("\n");
}

function inWords({ names, share }: Share): string {
  return `${names.join(" x ")} ${percent(share)}`;
}

/** How many configurations are good, and where; undefined where there are none to compare. */
export function regionInWords({ region }: Sensitivity, metric: Metric, width: number): string | undefined {
  if (region === undefined || region.parameters.length === 0) return undefined;
  const { bestCost, tolerance, good, tried, parameters } = region;
  const [best, within] = metric === "accuracy"
    ? [`${(100 * (1 - bestCost)).toFixed(2)} %`, plural(Number(formatNumber(100 * tolerance, 2)), "point")]
    : [formatNumber(bestCost), formatNumber(tolerance, 2)];
  const widest = Math.max(...parameters.map(({ name }) => name.length));
  return [
    `Good region: ${good} of ${plural(tried, "configuration")} within ${within} of the best, ${best}`,
    ...parameters.map((values) => indented(`${values.name.padEnd(widest)}  ${valuesInWords(values)}`, width)),
  ].join("\n");
}

function valuesInWords(values: GoodValues): string {
  const tried = `${percent(values.share)} of its values`;
  if (values.kind === "list") {
    return `${values.values.map((value) => formatValue(value)).join(", ")}: ${tried}`;
  }
  const { low, high, factor } = values;
  if (low === high) return `${formatNumber(low)} alone: ${tried}`;
  const wide = factor === undefined ? "" : `, a factor of ${formatNumber(factor, 2)}`;
  return `${formatNumber(low)} to ${formatNumber(high)}${wide}: ${tried}`;
}

/** Broken at commas. */
function indented(text: string, width: number): string {
  return `  ${wrap(text, width - 4).replaceAll("\n", "\n    ")}`;
}

function percent(share: number): string {
  return share > 0 && share < LEAST_SHARE ? "less than 1 %" : `${Math.round(100 * share)} %`;
}
