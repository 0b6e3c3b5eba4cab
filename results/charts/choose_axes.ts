import { group, sum } from "d3-array";
import type { Metric } from "../../tasks/task.ts";
import { midranks } from "../statistics/ranks.ts";
import { distinctValues, type Tried, varyingNames } from "./tried.ts";

/** Groups that numbers are judged in, at most. */
const MOST_GROUPS = 5;

/**
 * The two hyper-parameters that a heat map should show unless told otherwise: of those that vary, the two with the
 * most effect of their own on the metric; the one with fewer values across.
 *
 * @returns undefined where fewer than two vary.
 */
export function chooseAxes(points: readonly Tried[], metric: Metric): [x: string, y: string] | undefined {
  const effects = varyingNames(points).map((name) => ({
    name,
    size: effect(points, name, metric),
    values: distinctValues(points, name).length,
  }));
  const [first, second] = effects.sort((a, b) => b.size - a.size);
  if (second === undefined) return undefined;
  return first.values <= second.values ? [first.name, second.name] : [second.name, first.name];
}

/**
 * The share of the variance of ranks that is between the groups of configurations with the same value, less what it
 * would be by chance: (H - k + 1) / (n - k), with the statistic H of Kruskal & Wallis for k groups of n configurations
 * (Tomczak & Tomczak 2014, Trends in Sport Sciences 1(21), there eta squared). Ranks stand for the metric, as a few
 * configurations that hardly learn would outweigh all others; what diverged or failed shares the worst. Of more than
 * five different numbers five groups are made, of about equally many values.
 */
function effect(points: readonly Tried[], name: string, metric: Metric): number {
  const used = points.filter(({ values }) => values[name] !== undefined);
  const worst = metric === "accuracy" ? -Infinity : Infinity;
  const ranks = midranks(used.map(({ value = NaN }) => Number.isNaN(value) ? worst : value));
  const values = distinctValues(used, name);
  const isBinned = values.length > MOST_GROUPS && values.every((value) => typeof value === "number");
  const groupOf = new Map(
    values.map((value, i) => [value, isBinned ? Math.floor(MOST_GROUPS * i / values.length) : i]),
  );
  const groups = group(ranks.keys(), (i) => groupOf.get(used[i].values[name]));
  const [n, k] = [used.length, groups.size];
  const middle = (n + 1) / 2;
  const total = sum(ranks, (rank) => (rank - middle) ** 2);
  if (total === 0 || n <= k) return 0;
  const between = sum(
    groups.values(),
    (members) => sum(members, (i) => ranks[i] - middle) ** 2 / members.length,
  );
  const h = (n - 1) * between / total;
  return (h - k + 1) / (n - k);
}
