/** The runs of a side as a sample of a metric, by seed. */
import { isOpen } from "../../study/ledger.ts";
import { type Interval, meanInterval } from "../statistics/bootstrap.ts";
import { mean, median, quantile, standardDeviation } from "../statistics/descriptive.ts";
import type { RecordedTrial } from "../store/record.ts";
import type { SeedValue } from "./evidence.ts";
import { type ComparedMetric, valueOf } from "./metrics.ts";

export interface Sample {
  /** Of the trials that have ended, by seed. */
  readonly runs: readonly SeedValue[];
  /** Trials that have not ended. */
  readonly open: number;
}

/**
 * A sample in numbers, all but the first two over the runs with a value; undefined where these are too few.
 */
export interface SampleSummary {
  readonly runs: number;
  /** How many of them have no value. */
  readonly failed: number;
  readonly mean: number | undefined;
  /** The sample's. */
  readonly sd: number | undefined;
  /** Of the mean, with a confidence of 95 %, by bootstrap. */
  readonly interval: Interval | undefined;
  readonly median: number | undefined;
  readonly lowerQuartile: number | undefined;
  readonly upperQuartile: number | undefined;
}

/** The sample that the trials of one configuration are. */
export function sampleOf(trials: readonly RecordedTrial[], metric: ComparedMetric): Sample {
  const ended = trials.filter((trial) => !isOpen(trial));
  const runs = ended.map((trial) => ({ seed: trial.seed, value: valueOf(trial, metric) }));
  return { runs: runs.toSorted((a, b) => a.seed - b.seed), open: trials.length - ended.length };
}

export function summarizeSample({ runs }: Sample): SampleSummary {
  const values = runs.flatMap(({ value }) => value ?? []);
  return {
    runs: runs.length,
    failed: runs.length - values.length,
    mean: mean(values),
    sd: standardDeviation(values),
    interval: meanInterval(values),
    median: median(values),
    lowerQuartile: quantile(values, 0.25),
    upperQuartile: quantile(values, 0.75),
  };
}
