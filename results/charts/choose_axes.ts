import { sum } from "d3-array";
import type { Metric } from "../../tasks/task.ts";
import { midranks } from "../statistics/ranks.ts";
import { distinctValues, type Tried, varyingNames } from "./tried.ts";

/** Groups that numbers are judged in, at most. */
const MOST_GROUPS = 5;

/** A hyper-parameter that varies, and the group that each configuration is in; undefined where it lacks it. */
interface Factor {
  readonly name: string;
  readonly values: number;
  readonly groups: readonly (number | undefined)[];
}

/**
 * The two hyper-parameters that a heat map should show unless told otherwise: of those that vary, the one with the most
 * effect on the metric, and the one with which it has the most; the one with fewer values across.
 *
 * @returns undefined where fewer than two vary.
 */
export function chooseAxes(points: readonly Tried[], metric: Metric): [x: string, y: string] | undefined {
  const worst = metric === "accuracy" ? -Infinity : Infinity;
  const ranks = midranks(points.map(({ value = NaN }) => Number.isNaN(value) ? worst : value));
  const factors = varyingNames(points).map((name) => factor(points, name));
  if (factors.length < 2) return undefined;
  const first = mostBy(factors, ({ groups }) => effect(ranks, groups));
  const others = factors.filter((other) => other !== first);
  const second = mostBy(others, ({ groups }) => effect(ranks, crossed(first.groups, groups)));
  return first.values <= second.values ? [first.name, second.name] : [second.name, first.name];
}

/** The first where there are several. */
function mostBy<T>(items: readonly T[], measure: (item: T) => number): T {
  const measured = items.map((item) => ({ item, size: measure(item) }));
  return measured.reduce((most, other) => other.size > most.size ? other : most).item;
}

/** Of more than five different numbers five groups are made, of about equally many values. */
function factor(points: readonly Tried[], name: string): Factor {
  const values = distinctValues(points, name);
  const isBinned = values.length > MOST_GROUPS && values.every((value) => typeof value === "number");
  const groupOf = new Map(
    values.map((value, i) => [value, isBinned ? Math.floor(MOST_GROUPS * i / values.length) : i]),
  );
  return { name, values: values.length, groups: points.map((point) => groupOf.get(point.values[name])) };
}

function crossed(a: Factor["groups"], b: Factor["groups"]): Factor["groups"] {
  const size = a.reduce<number>((most, group = 0) => Math.max(most, group), 0) + 1;
  return a.map((first, i) => {
    const second = b[i];
    return first === undefined || second === undefined ? undefined : first + size * second;
  });
}

/**
 * The share of the variance of ranks that is between groups, less what it would be by chance: (H - k + 1) / (n - k),
 * with the statistic H of Kruskal & Wallis for k groups of n configurations (Tomczak & Tomczak 2014, Trends in Sport
 * Sciences 1(21), there eta squared). Ranks stand for the metric, as a few configurations that hardly learn would
 * outweigh all others; what diverged or failed shares the worst.
 */
function effect(ranks: readonly number[], groups: Factor["groups"]): number {
  const members = new Map<number, number[]>();
  groups.forEach((group, i) => {
    if (group === undefined) return;
    const others = members.get(group);
    if (others === undefined) members.set(group, [ranks[i]]);
    else others.push(ranks[i]);
  });
  const used = [...members.values()].flat();
  const [n, k] = [used.length, members.size];
  const middle = sum(used) / n;
  const total = sum(used, (rank) => (rank - middle) ** 2);
  if (total === 0 || n <= k) return 0;
  const between = sum(members.values(), (some) => sum(some, (rank) => rank - middle) ** 2 / some.length);
  const h = (n - 1) * between / total;
  return (h - k + 1) / (n - k);
}
