/** What makes times doubtful. */
import type { Statistics } from "tinybench";
import { formatNumber } from "../format.ts";
import { outliersOf } from "./outliers.ts";

/** Below, the quantiles and the margin of error say little. */
const FEW_SAMPLES = 10;
/** Percent. */
const LARGE_MARGIN = 5;

/** Every warning, with what to do. */
export const warnings = {
  few: `few samples say little; use --samples ${FEW_SAMPLES} or more`,
  margin: "the mean is not known well; measure longer, as with --time 10s",
  outliers:
    "some samples took far longer than most, as something else was running; close it and measure again",
} as const;

export interface Warning {
  readonly kind: keyof typeof warnings;
  /** How much of it. */
  readonly detail: string;
}

export function warningsOf(stepMs: Statistics): Warning[] {
  const { samplesCount: samples, rme } = stepMs;
  const { count, worst } = outliersOf(stepMs);
  const all: (Warning | false)[] = [
    samples < FEW_SAMPLES && { kind: "few", detail: String(samples) },
    rme > LARGE_MARGIN && { kind: "margin", detail: `± ${formatNumber(rme, 2)} %` },
    count > 0 &&
    { kind: "outliers", detail: `${count} of ${samples}, up to ${formatNumber(worst, 2)} times the median` },
  ];
  return all.filter((warning) => warning !== false);
}
