/**
 * Samples of several subjects, which take turns: whatever else the machine does, it does to all of them alike.
 *
 * tinybench warms up, decides when there are enough samples, and computes the statistics. It runs its tasks side by side,
 * and each waits at a turnstile before its sample. What a sample took is what the subject's own process says, as it does
 * not pay for messages.
 */
import { setTimeout as pause } from "node:timers/promises";
import { Bench, type FnHook, type FnOptions, type Task } from "tinybench";
import type { Effort } from "./effort.ts";
import type { Measured, Sample } from "./subject.ts";
import { Turnstile } from "./turnstile.ts";

/** What can take a sample of itself. */
export interface Timed {
  sample(): Promise<Sample>;
}

/**
 * Measures subjects in turn.
 *
 * @param onSample hears of each sample, with the place of its subject.
 * @returns of each what was measured, or why it failed; the others go on without it.
 */
export async function measure(
  subjects: readonly Timed[],
  effort: Effort,
  onSample: (subject: number, sample: Sample) => void = () => {},
): Promise<Measured[]> {
  const bench = new Bench({
    concurrency: "bench",
    iterations: effort.samples,
    time: effort.ms,
    warmupIterations: effort.warmupSamples,
    warmupTime: effort.warmupMs,
    retainSamples: true,
  });
  const turnstile = new Turnstile();
  const warmups = subjects.map(() => 0);
  subjects.forEach((subject, i) => {
    let isWarmup = false;
    let leave = () => {};
    const beforeEach: FnHook = async (mode) => {
      leave = await turnstile.enter();
      isWarmup = mode === "warmup";
      if (effort.pauseMs > 0) await pause(effort.pauseMs);
    };
    const options: FnOptions = { async: true, beforeEach, afterEach: () => leave() };
    bench.add(String(i), async () => {
      const sample = await subject.sample();
      if (isWarmup) warmups[i]++;
      else onSample(i, sample);
      return { overriddenDuration: sample.ms / sample.steps, overriddenIterationCost: sample.ms };
    }, options);
  });
  await bench.run();
  return bench.tasks.map((task, i) => measuredOf(task, warmups[i]));
}

function measuredOf({ result }: Task, warmupSamples: number): Measured {
  if (result.state === "completed") return { status: "measured", warmupSamples, stepMs: result.latency };
  const reason = result.state === "errored" ? result.error.message : `no samples: ${result.state}`;
  return { status: "failed", reason };
}
