/** Times of training steps for programs and papers: JSON, and rows of CSV. */
import type { Cell } from "../export/table.ts";
import type { Subject, Timing } from "../../study/timing/subject.ts";
import { compareTimings, type Figures } from "./figures.ts";

/** @param tasks the timings of each task: ratios are to the first that was measured of each. */
export function timingJson(tasks: readonly (readonly Timing[])[]): unknown[] {
  return withFigures(tasks).map(({ timing, figures }) => {
    const subject = plainSubject(timing.subject);
    if (timing.status === "failed") return { ...subject, status: timing.status, reason: timing.reason };
    const { status, preparation, warmupSamples, stepMs: { samples, ...stepMs } } = timing;
    return { ...subject, status, ...figures, warmupSamples, stepMs, samples, preparation };
  });
}

/** A header, and a row for each subject. Times are milliseconds; `step_ms` is of all that are trained together. */
export function timingRows(tasks: readonly (readonly Timing[])[]): Cell[][] {
  const rows = withFigures(tasks).map(({ timing, figures }) => {
    const measured = timing.status === "measured" ? timing : undefined;
    const { stepMs, preparation } = measured ?? {};
    const { task, optimizer, base, device, group, batchSize, threads } = plainSubject(timing.subject);
    return {
      task,
      optimizer,
      base: base ?? undefined,
      device,
      group,
      batch_size: batchSize,
      threads,
      status: timing.status,
      reason: timing.status === "failed" ? timing.reason : undefined,
      warmup_samples: measured?.warmupSamples,
      samples: stepMs?.samplesCount,
      steps_per_sample: preparation?.stepsPerSample,
      step_ms_p50: stepMs?.p50,
      step_ms_p75: stepMs?.p75,
      step_ms_p99: stepMs?.p99,
      step_ms_mean: stepMs?.mean,
      step_ms_sd: stepMs?.sd,
      margin_percent: stepMs?.rme,
      outliers: figures?.outliers,
      trial_ms_p50: figures?.trialMs.p50,
      examples_per_second: figures?.examplesPerSecond,
      ratio: figures?.ratio,
      tracing_ms: preparation?.tracingMs,
      loading_ms: preparation?.loadingMs,
      first_steps_ms: preparation?.firstStepsMs,
      upload_ms: preparation?.uploadMs,
      reading_ms: preparation?.readingMs,
    } satisfies Record<string, Cell>;
  });
  return [Object.keys(rows[0]), ...rows.map((row) => Object.values(row))];
}

function withFigures(tasks: readonly (readonly Timing[])[]): { timing: Timing; figures?: Figures }[] {
  return tasks.flatMap((timings) => {
    const rows = compareTimings(timings);
    return timings.map((timing) => ({
      timing,
      figures: rows.find((row) => row.timing === timing)?.figures,
    }));
  });
}

function plainSubject({ task: { task }, optimizer: { name, base }, ...rest }: Subject) {
  return { task, optimizer: name, base: base ?? null, ...rest };
}
