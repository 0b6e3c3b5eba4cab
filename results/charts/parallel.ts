import { sum } from "d3-array";
import type { HyperValue } from "../../optim/hyperparameter.ts";
import type { Metric } from "../../tasks/task.ts";
import { formatNumber, formatValue } from "../format.ts";
import { concentration, type Count, type Window } from "./concentration.ts";
import {
  bestFirst,
  cut,
  distinctLabels,
  distinctValues,
  formatMetric,
  type Rated,
  type Tried,
  valueCounts,
  varyingNames,
} from "./tried.ts";

export interface ParallelOptions {
  readonly metric: Metric;
  /** Columns of the terminal, at least 64. Default: 80. */
  readonly width?: number;
}

/**
 * What parallel coordinates would show, in words: what sets the best configurations apart from all that have ended, a
 * line for each hyper-parameter that varies, those with a preference first, and the path of the best one.
 *
 * The best are a tenth of all, three at least, and those that equal the last of them. A preference is stated where
 * chance alone would bring as many of them together with a probability below 5 %, see concentration.ts: of one value
 * `decisive` where all of the best have it, else `favoured`; of a window of numbers where it lies, `low end`,
 * `high end` or `middle`. Beside it stand how many are there, and how many would be by chance on average.
 */
export function parallelInWords(points: readonly Tried[], { metric, width = 80 }: ParallelOptions): string {
  const ranked = bestFirst(points, metric);
  if (ranked.length === 0) return "No best configuration: none has completed";
  const names = varyingNames(points);
  if (names.length === 0) return "Nothing to compare: no hyper-parameter varies";
  const wanted = Math.max(LEAST_BEST, Math.ceil(points.length / 10));
  const worst = ranked[Math.min(wanted, ranked.length) - 1].value;
  const best = ranked.filter(({ value }, i) => i < wanted || value === worst);
  const unknown = best.length > 2 * wanted
    ? "too many equally good to tell"
    : "too few configurations to tell";
  const room = Math.max(width, MIN_WIDTH);
  const rows = names.map((name) => row(points, best, name, unknown));
  return [
    `The best ${best.length} of ${points.length} configurations: ` +
    `test ${metric} ${formatMetric(worst, metric)} or ${metric === "accuracy" ? "more" : "less"}`,
    "",
    ...table(rows.toSorted((a, b) => a.probability - b.probability), room),
    "",
    ...rows.some(({ probability }) => probability < 1) ? [RULE] : [],
    ...path(best[0], names, metric, room),
  ].join("\n");
}

const MIN_WIDTH = 64;
const LEAST_BEST = 3;
const RULE = "A preference is what chance brings in less than 5 % of studies";
/** Characters of a name or of values, at most. */
const LONGEST = 19;

interface Row {
  readonly name: string;
  /** What the best have. */
  readonly best: string;
  /** What all have. */
  readonly all: string;
  readonly words: string;
  /** Of a preference by chance; 1 where there is none. */
  readonly probability: number;
}

function row(points: readonly Tried[], best: readonly Tried[], name: string, unknown: string): Row {
  const counts = countValues(points, best, name);
  const isOrdered = counts.every(({ value }) => typeof value === "number");
  const isRange = isOrdered && counts.length > 3;
  const format = (counts: readonly Count[]) => formatValues(counts.map(({ value }) => value), isRange);
  const all = format(counts);
  const used = counts.filter((count) => count.best > 0);
  if (used.length === 0) return { name, best: "-", all, words: "none of the best has it", probability: 1 };
  const verdict = concentration(counts, isOrdered);
  if (verdict.kind === "preference") {
    const { window: { first, last }, probability } = verdict;
    return {
      name,
      best: format(counts.slice(first, last + 1)),
      all,
      words: describe(verdict.window, counts),
      probability,
    };
  }
  const isAny = used.length === counts.length && !isOrdered;
  return {
    name,
    best: isAny ? counts.length === 2 ? "either" : "any" : format(used),
    all,
    words: verdict.kind === "none" ? "no preference seen" : unknown,
    probability: 1,
  };
}

function countValues(points: readonly Tried[], best: readonly Tried[], name: string): Count[] {
  const all = valueCounts(points, name);
  const ofBest = valueCounts(best, name);
  return distinctValues(points, name)
    .map((value) => ({ value, all: all.get(value)!, best: ofBest.get(value) ?? 0 }));
}

/** `0, 0.9`, or of a hyper-parameter with more than three numbers a range. */
function formatValues(values: readonly HyperValue[], isRange: boolean): string {
  const shown = isRange && values.length > 1 ? [values[0], values.at(-1)!] : values;
  const text = distinctLabels(shown, 3).join(isRange ? " to " : ", ");
  return text.length <= LONGEST || isRange ? text : `${values.length} values`;
}

/** `high end: 4 of 5 (chance 1.3)` */
function describe({ first, last, all, best }: Window, counts: readonly Count[]): string {
  const everywhere = sum(counts, ({ all }) => all);
  const ofBest = sum(counts, ({ best }) => best);
  const kind = first === last
    ? best === ofBest ? "decisive" : "favoured"
    : first === 0
    ? "low end"
    : last === counts.length - 1
    ? "high end"
    : "middle";
  return `${kind}: ${best} of ${ofBest} (chance ${formatNumber(ofBest * all / everywhere, 2)})`;
}

/** The words stand below the values where they don't fit beside them. */
function table(rows: readonly Row[], width: number): string[] {
  const padded = (texts: readonly string[]) => {
    const widest = Math.max(...texts.map(({ length }) => length));
    return texts.map((text) => text.padEnd(widest));
  };
  const names = padded(rows.map(({ name }) => cut(name, LONGEST)));
  const best = padded(rows.map(({ best }) => cut(best, LONGEST)));
  const all = padded(rows.map(({ all }) => cut(all, LONGEST)));
  const values = rows.map((_, i) => `${names[i]}  ${best[i]}  of ${all[i]}`);
  const lines = rows.map(({ words }, i) => `${values[i]}  ${words}`);
  if (lines.every(({ length }) => length <= width)) return lines;
  return rows.flatMap(({ words }, i) => [values[i].trimEnd(), `  ${words}`]);
}

/** `best: lr 0.3 → momentum 0.9 → 93.13 %`, broken between steps. */
function path({ values, value }: Rated, names: readonly string[], metric: Metric, width: number): string[] {
  const steps = names.filter((name) => values[name] !== undefined)
    .map((name) => `${name} ${formatValue(values[name])}`);
  const lines = ["best:"];
  for (const [i, step] of [...steps, formatMetric(value, metric)].entries()) {
    const text = `${i > 0 ? "→ " : ""}${step}`;
    if (`${lines.at(-1)} ${text}`.length <= width) lines.push(`${lines.pop()} ${text}`);
    else lines.push(`  ${text}`);
  }
  return lines;
}
