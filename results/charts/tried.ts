/** Configurations as charts of a search space see them, and how their hyper-parameters and their metric read. */
import type { HyperValue } from "../../optim/hyperparameter.ts";
import type { Metric } from "../../tasks/task.ts";
import { formatNumber, formatValue } from "../format.ts";
import { isBetter } from "../goal.ts";

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
  return points.filter(isRated).sort((a, b) =>
    isBetter(a.value, b.value, metric) ? -1 : isBetter(b.value, a.value, metric) ? 1 : 0
  );
}

/** The different values of a hyper-parameter: numbers ascending, then false, true, then words as they come. */
export function distinctValues(points: readonly Tried[], name: string): HyperValue[] {
  const all = [...new Set(points.map(({ values }) => values[name]).filter((value) => value !== undefined))];
  const numbers = all.filter((value) => typeof value === "number").sort((a, b) => a - b);
  const flags = [false, true].filter((flag) => all.includes(flag));
  return [...numbers, ...flags, ...all.filter((value) => typeof value === "string")];
}

/** The names of the hyper-parameters that take more than one value, in the order in which they come. */
export function varyingNames(points: readonly Tried[]): string[] {
  const names = new Set(points.flatMap(({ values }) => Object.keys(values)));
  return [...names].filter((name) => {
    const first = points.find(({ values }) => values[name] !== undefined)?.values[name];
    return points.some(({ values }) => values[name] !== undefined && values[name] !== first);
  });
}

/** Values as text, with as many digits as tell them apart, `digits` at least. */
export function distinctLabels(values: readonly HyperValue[], digits = 4): string[] {
  const labels = values.map((value) => formatValue(value, digits));
  return digits >= 17 || new Set(labels).size === values.length ? labels : distinctLabels(values, digits + 1);
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
