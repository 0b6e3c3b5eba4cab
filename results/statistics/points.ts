/**
 * Tried configurations as the analyses of sensitivity see them: every value a level, 0 to the number of
 * levels - 1.
 */
import { mean } from "./descriptive.ts";

export type Value = number | boolean | string;

/** A configuration that was tried. */
export interface Point {
  /** Those that don't apply to it are missing: that counts as a value of its own. */
  readonly values: Readonly<Record<string, Value | undefined>>;
  /** Less is better, the mean over seeds say; undefined where it diverged. */
  readonly cost: number | undefined;
}

/** A hyper-parameter of which two values at least were tried. */
export interface Parameter {
  readonly name: string;
  /** The share of points on levels below each, from 0 to 1, one entry more than there are levels. */
  readonly cumulative: Float64Array;
}

export interface Encoded {
  readonly parameters: readonly Parameter[];
  /** The level of each point, by parameter, by point. */
  readonly levels: readonly Int32Array[];
}

/**
 * Numbers are in their own order, after those that are missing. Where any is no number, values are in the
 * order of their mean costs: what is alike stands together, so that a tree can split it off at once.
 */
export function encode(points: readonly Point[], costs: readonly number[]): Encoded {
  const names = [...new Set(points.flatMap(({ values }) => Object.keys(values)))];
  const parameters: Parameter[] = [];
  const levels: Int32Array[] = [];
  for (const name of names) {
    const column = points.map(({ values }) => values[name]);
    const distinct = inOrder(column, costs);
    if (distinct.length < 2) continue;
    const levelOf = new Map(distinct.map((value, level) => [value, level]));
    const own = Int32Array.from(column, (value) => levelOf.get(value)!);
    const counts = new Float64Array(distinct.length + 1);
    for (const level of own) counts[level + 1]++;
    let below = 0;
    parameters.push({ name, cumulative: counts.map((count) => (below += count) / points.length) });
    levels.push(own);
  }
  return { parameters, levels };
}

function inOrder(column: readonly (Value | undefined)[], costs: readonly number[]): (Value | undefined)[] {
  const groups = new Map<Value | undefined, number[]>();
  column.forEach((value, i) => {
    const group = groups.get(value);
    if (group === undefined) groups.set(value, [costs[i]]);
    else group.push(costs[i]);
  });
  const isNumeric = column.every((value) => value === undefined || typeof value === "number");
  const place = (value: Value | undefined) =>
    !isNumeric ? mean(groups.get(value)!)! : value === undefined ? -Infinity : Number(value);
  return [...groups.keys()]
    .map((value) => ({ value, place: place(value) }))
    .sort((a, b) => Number(a.place > b.place) - Number(a.place < b.place))
    .map(({ value }) => value);
}
