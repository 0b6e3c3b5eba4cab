/** Configurations as charts of a search space see them, and how their hyper-parameters and their metric read. */
import type { HyperValue } from "../../optim/hyperparameter.ts";
import type { Metric } from "../../tasks/task.ts";
import { formatNumber, formatValue } from "../format.ts";

/** A configuration that has ended. */
export interface Tried {
  /** Hyper-parameters by name; one that its configuration has no use for is absent. */
  readonly values: Readonly<Record<string, HyperValue>>;
  /** Its metric, accuracies from 0 to 1; undefined where it diverged or failed. */
  readonly value: number | undefined;
}

/** A configuration with a metric. */
export interface Rated extends Tried {
  readonly value: number;
}

/** Those with a metric that is a number, the best first, ties in their order. */
export function bestFirst(points: readonly Tried[], metric: Metric): Rated[] {
  const isRated = (point: Tried): point is Rated => point.value !== undefined && !Number.isNaN(point.value);
  const sign = metric === "accuracy" ? -1 : 1;
  // Not the difference of two values, which is no number of two infinite ones.
  return points.filter(isRated).sort((a, b) =>
    sign * (Number(a.value > b.value) - Number(a.value < b.value))
  );
}

/** The different values of a hyper-parameter: numbers ascending, then false, true, then words as they come. */
export function distinctValues(points: readonly Tried[], name: string): HyperValue[] {
  const all = [...valueCounts(points, name).keys()];
  const numbers = all.filter((value) => typeof value === "number").sort((a, b) => a - b);
  const flags = all.filter((value) => typeof value === "boolean").sort((a, b) => Number(a) - Number(b));
  return [...numbers, ...flags, ...all.filter((value) => typeof value === "string")];
}

/** How many configurations have each value of a hyper-parameter. */
export function valueCounts(points: readonly Tried[], name: string): Map<HyperValue, number> {
  const counts = new Map<HyperValue, number>();
  for (const { values: { [name]: value } } of points) {
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts;
}

/** The names of the hyper-parameters that take more than one value, in the order in which they come. */
export function varyingNames(points: readonly Tried[]): string[] {
  const first = new Map<string, HyperValue>();
  const varying = new Set<string>();
  for (const { values } of points) {
    for (const name in values) {
      if (!first.has(name)) first.set(name, values[name]);
      else if (first.get(name) !== values[name]) varying.add(name);
    }
  }
  return [...first.keys()].filter((name) => varying.has(name));
}

/** Values as text, with as many digits as tell them apart, `digits` at least and `most` at most. */
export function distinctLabels(values: readonly HyperValue[], digits = 4, most = 17): string[] {
  const labels = values.map((value) => formatValue(value, digits));
  if (digits >= most || new Set(labels).size === values.length) return labels;
  return distinctLabels(values, digits + 1, most);
}

/** The metric of a configuration: `93.13 %` or `0.3951`. */
export function formatMetric(value: number, metric: Metric): string {
  return metric === "accuracy" ? `${(100 * value).toFixed(2)} %` : formatNumber(value);
}

/** The named hyper-parameters of a configuration that has them: `lr 0.1, momentum 0.9`. */
export function formatPoint(values: Tried["values"], names: readonly string[]): string {
  return names.filter((name) => values[name] !== undefined)
    .map((name) => `${name} ${formatValue(values[name])}`).join(", ");
}

/** As much of a text as fits. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
