/** A comparison for programs and papers. */
import type { Cell } from "../export/table.ts";
import type { ComparedPair, ComparedSide, SideComparison } from "./comparison.ts";
import { sentence } from "./comparison_text.ts";

/** Accuracies are between 0 and 1. */
export function comparisonJson(comparison: SideComparison): unknown {
  const { metric, sides, pairs, warnings } = comparison;
  const { name, label, better } = metric;
  const { task } = sides[0].study.description.settings;
  return {
    task,
    metric: { name, label, better },
    sides: sides.map(plainSide),
    comparisons: pairs.map((pair) => {
      const { sides: [a, b], a: runsA, b: runsB, ...rest } = pair;
      return {
        a: sides[a].name,
        b: sides[b].name,
        runs: { a: runsA, b: runsB },
        ...rest,
        words: sentence(pair, comparison),
      };
    }),
    warnings,
  };
}

function plainSide({ name, study, configuration, rank, stage, chosenOf, sample, summary }: ComparedSide) {
  return {
    name,
    directory: study.folder,
    optimizer: study.optimizer,
    configuration: configuration.index,
    rank,
    values: configuration.values,
    stage,
    chosenOf,
    ...summary,
    seeds: sample.runs.map(({ seed }) => seed),
    // Null where a run has none.
    metrics: sample.runs.map(({ value }) => value ?? null),
  };
}

/** A header, and a row a pair. */
export function comparisonRows({ metric, sides, pairs }: SideComparison): Cell[][] {
  const rows = pairs.map((pair): Record<string, Cell> => ({
    metric: metric.name,
    ...sideCells("a", sides[pair.sides[0]]),
    ...sideCells("b", sides[pair.sides[1]]),
    ...pairCells(pair),
  }));
  return [Object.keys(rows[0]), ...rows.map((row) => Object.values(row))];
}

function sideCells(side: "a" | "b", compared: ComparedSide): Record<string, Cell> {
  const { name, study, configuration, stage, chosenOf, summary } = compared;
  return {
    [side]: name,
    [`${side}_study`]: study.name,
    [`${side}_configuration`]: configuration.index,
    [`${side}_stage`]: stage,
    [`${side}_chosen_of`]: chosenOf,
    [`${side}_runs`]: summary.runs,
    [`${side}_failed`]: summary.failed,
    [`${side}_mean`]: summary.mean,
    [`${side}_sd`]: summary.sd,
    [`${side}_ci95_low`]: summary.interval?.low,
    [`${side}_ci95_high`]: summary.interval?.high,
    [`${side}_median`]: summary.median,
    [`${side}_q1`]: summary.lowerQuartile,
    [`${side}_q3`]: summary.upperQuartile,
  };
}

function pairCells({ difference, superiority, test, paired, p, adjustedP, family, verdict }: ComparedPair) {
  return {
    difference: difference?.mean,
    difference_ci95_low: difference?.interval?.low,
    difference_ci95_high: difference?.interval?.high,
    superiority: superiority.probability,
    superiority_ci95_low: superiority.low,
    superiority_ci95_high: superiority.high,
    test,
    paired,
    p,
    holm_p: adjustedP,
    comparisons: family,
    verdict,
  };
}
