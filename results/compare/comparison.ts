/**
 * A whole comparison: sides, each pair of them, and what a reader has to beware of. Plain data but for the
 * sides.
 */
import { SpaceError } from "../../study/space/values.ts";
import { comparePairs, type Comparison } from "./compare.ts";
import { type ComparedMetric, comparedMetric, type ComparedMetricName } from "./metrics.ts";
import { type Sample, sampleOf, type SampleSummary, summarizeSample } from "./samples.ts";
import { checkSameTask, differencesOf } from "./setup.ts";
import { labelOf, namesOf, type Side } from "./sides.ts";

export interface ComparedSide extends Side {
  /** Short, and of no other side. */
  readonly name: string;
  /** Hyper-parameters that vary in its study. */
  readonly label: string;
  readonly sample: Sample;
  readonly summary: SampleSummary;
}

/** Two sides, by position. */
export interface ComparedPair extends Comparison {
  readonly sides: readonly [a: number, b: number];
}

export interface SideComparison {
  readonly metric: ComparedMetric;
  readonly sides: readonly ComparedSide[];
  readonly pairs: readonly ComparedPair[];
  /** Sentences without a full stop. */
  readonly warnings: readonly string[];
}

export interface SideCompareOptions {
  /** The task's unless given. */
  readonly metric?: ComparedMetricName;
  /** Of all pairs, and not only of the first side with each other one. */
  readonly allPairs: boolean;
  /** The p from which on a difference counts as seen; 0.05 unless given. */
  readonly alpha?: number;
}

/**
 * Compares at least two sides.
 *
 * @throws {SpaceError} where they are of different tasks, two are the same, or none has a run with a value.
 */
export function compareSides(sides: readonly Side[], options: SideCompareOptions): SideComparison {
  checkSameTask(sides.map(({ study }) => study));
  checkDistinct(sides);
  const usual = sides[0].study.description.settings.metric === "accuracy" ? "test_accuracy" : "test_loss";
  const metric = comparedMetric(options.metric ?? usual);
  const names = namesOf(sides);
  const compared = sides.map((side, i): ComparedSide => {
    const sample = sampleOf(side.trials, metric);
    return { ...side, name: names[i], label: labelOf(side), sample, summary: summarizeSample(sample) };
  });
  if (compared.every(({ summary }) => summary.mean === undefined)) {
    throw new SpaceError(`Cannot compare by ${metric.name}: ${missing(metric)}`);
  }
  const positions = pairsOf(sides.length, options.allPairs);
  const pairs = comparePairs(
    positions.map(([a, b]) => [compared[a].sample.runs, compared[b].sample.runs]),
    { better: metric.better, alpha: options.alpha },
  ).map((comparison, i): ComparedPair => ({ ...comparison, sides: positions[i] }));
  return { metric, sides: compared, pairs, warnings: warningsOf(compared, pairs, metric) };
}

function missing({ name, percent }: ComparedMetric): string {
  if (name.endsWith("_to_target")) return "no run reached the target; use another metric";
  return `no run has one; use ${percent ? "test_loss" : "another metric"}`;
}

function checkDistinct(sides: readonly Side[]): void {
  const seen = new Set<string>();
  for (const { study, configuration, stage, rank } of sides) {
    const key = `${study.description.name} ${study.description.startedAt} ${configuration.index} ${stage}`;
    if (seen.has(key)) {
      throw new SpaceError(
        `Cannot compare ${study.folder}#${rank} with itself; name each configuration once`,
      );
    }
    seen.add(key);
  }
}

function pairsOf(count: number, allPairs: boolean): (readonly [number, number])[] {
  const pairs = Array.from({ length: count }, (_, a) => a)
    .flatMap((a) => Array.from({ length: count - a - 1 }, (_, i) => [a, a + 1 + i] as const));
  return allPairs ? pairs : pairs.filter(([a]) => a === 0);
}

function warningsOf(
  sides: readonly ComparedSide[],
  pairs: readonly ComparedPair[],
  metric: ComparedMetric,
): string[] {
  const differing = differencesOf(sides, metric);
  const open = sides.filter(({ sample }) => sample.open > 0);
  const leftOut = pairs.reduce((most, pair) => Math.max(most, pair.leftOut), 0);
  return [
    ...flatteries(sides),
    ...sides.every(isRepeated)
      ? ["all runs of a side came to the same: seeds change nothing here, so p and intervals say nothing"]
      : [],
    ...differing.length > 0 ? [`the trainings differ: ${differing.join("; ")}`] : [],
    ...leftOut > 0 ? ["runs are paired by seed; those whose seed the other side lacks are left out"] : [],
    ...open.map(({ name, sample }) => `${sample.open} trials of ${name} have not ended and are left out`),
  ];
}

/** Whether the runs are the same one again and again, as on a function without noise. */
function isRepeated({ summary: { runs, failed, sd } }: ComparedSide): boolean {
  return runs > 1 && failed === 0 && sd === 0;
}

/** A warning where sides were chosen by the trials that are compared. */
function flatteries(sides: readonly ComparedSide[]): string[] {
  const chosen = sides.filter(({ chosenOf }) => chosenOf > 1);
  if (chosen.length === 0) return [];
  const [first, ...others] = chosen.map(({ name, chosenOf }, i) =>
    `${name} ${i === 0 ? "was chosen as" : "as"} the best of ${chosenOf}${i === 0 ? " on these seeds" : ""}`
  );
  const consequence = others.length > 0 ? "that flatters them" : "that flatters it";
  return [
    `${
      [first, ...others].join(", ")
    }; ${consequence}: run optbench sweep --protocol deepobs for an unbiased figure`,
  ];
}
