/** What the times of a training step come to: figures to compare subjects by. */
import { optimizerLabel } from "../format.ts";
import type { MeasuredTiming, Subject, Timing } from "../../study/timing/subject.ts";
import { outliersOf } from "./outliers.ts";
import { type Warning, warningsOf } from "./warnings.ts";

/** Milliseconds a step of one trial, which has its share of the time of those that are trained together. */
export interface TrialMs {
  readonly p50: number;
  readonly p75: number;
  readonly p99: number;
  readonly mean: number;
}

export interface Figures {
  readonly trialMs: TrialMs;
  /** Rows that go through the step, those of each trial counted, at the median time. */
  readonly examplesPerSecond: number;
  /** The median time of a trial's step over that of the first subject that was measured: above 1, it is slower. */
  readonly ratio: number;
  readonly outliers: number;
  readonly warnings: readonly Warning[];
}

export interface TimedRow {
  readonly timing: MeasuredTiming;
  readonly label: string;
  readonly figures: Figures;
}

/** The subjects that were measured, compared with the first of them. */
export function compareTimings(timings: readonly Timing[]): TimedRow[] {
  const measured = timings.filter((timing): timing is MeasuredTiming => timing.status === "measured");
  return measured.map((timing) => ({
    timing,
    label: subjectLabel(timing.subject),
    figures: {
      trialMs: trialMs(timing),
      examplesPerSecond: 1000 * timing.subject.batchSize / trialMs(timing).p50,
      ratio: trialMs(timing).p50 / trialMs(measured[0]).p50,
      outliers: outliersOf(timing.stepMs).count,
      warnings: warningsOf(timing.stepMs),
    },
  }));
}

/** `sam over sgd, cpu x16`: with the number of those that are trained together. */
export function subjectLabel({ optimizer, device, group }: Subject): string {
  return `${optimizerLabel(optimizer)}, ${device}${group > 1 ? ` x${group}` : ""}`;
}

function trialMs({ subject: { group }, stepMs: { p50, p75, p99, mean } }: MeasuredTiming): TrialMs {
  return { p50: p50 / group, p75: p75 / group, p99: p99 / group, mean: mean / group };
}
