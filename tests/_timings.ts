/** Times of training steps that nobody has taken. */
import type { Effort } from "../study/timing/effort.ts";
import { measure } from "../study/timing/measure.ts";
import type { MeasuredTiming, Preparation, Subject, Timing } from "../study/timing/subject.ts";

/** As many samples as there are, and no warm-up. */
export const NO_WARMUP: Omit<Effort, "samples"> = { ms: 0, warmupSamples: 0, warmupMs: 0, pauseMs: 0 };

export const sgd: Subject = {
  task: { task: "digits_mlp" },
  optimizer: { name: "sgd" },
  device: "cpu",
  group: 1,
  batchSize: 64,
  threads: 1,
};

export const preparation: Preparation = {
  tracingMs: 20,
  loadingMs: 25.5,
  firstStepsMs: 1.25,
  readingMs: 0.002,
  stepsPerSample: 4,
};

/** A subject whose steps took so long, a sample each. */
export async function timing(
  stepMs: readonly number[],
  subject: Partial<Subject> = {},
): Promise<MeasuredTiming> {
  let next = 0;
  const sample = () => Promise.resolve({ ms: 4 * stepMs[next++], steps: 4 });
  const [measured] = await measure([{ sample }], { ...NO_WARMUP, samples: stepMs.length });
  if (measured.status === "failed") throw new Error(measured.reason);
  return { subject: { ...sgd, ...subject }, preparation, ...measured };
}

export function failed(reason: string, subject: Partial<Subject> = {}): Timing {
  return { subject: { ...sgd, ...subject }, status: "failed", reason };
}
