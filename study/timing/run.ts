/** Subjects timed together, each in a process of its own. */
import process from "node:process";
import type { DeviceName } from "../../engine/device.ts";
import type { Effort } from "./effort.ts";
import { measure } from "./measure.ts";
import { TimingProcess } from "./process.ts";
import type { Preparation, Sample, Subject, Timing } from "./subject.ts";

/** What is told while subjects are timed. */
export interface TimingObserver {
  onPrepare?(subject: Subject): void;
  onSample?(subject: Subject, sample: Sample): void;
}

const WARMUP = { warmupSamples: 4, warmupMs: 250 };

/** Before each sample where there are threads: those out of work wait awake for a while, and take another's processor. */
const PAUSE_MS = 50;

/** What takes its turns. */
interface Ready {
  readonly place: number;
  readonly subject: Subject;
  readonly worker: TimingProcess;
  readonly preparation: Preparation;
}

export interface TimingOptions {
  readonly effort: Pick<Effort, "samples" | "ms">;
  /** Devices that cannot be used, with why: what is to be timed there fails without being tried. Default: none. */
  readonly unavailable?: ReadonlyMap<DeviceName, string>;
  readonly observer?: TimingObserver;
  /** Aborting it ends the processes; what is left fails. */
  readonly signal?: AbortSignal;
}

/**
 * Times subjects that are to be compared. They are made ready one after another, and then take turns.
 *
 * @returns in their order; one that cannot be timed has failed with the reason.
 */
export async function timeTogether(
  subjects: readonly Subject[],
  { effort, unavailable, observer, signal }: TimingOptions,
): Promise<Timing[]> {
  const workers: TimingProcess[] = [];
  const kill = () => workers.forEach((worker) => worker.kill());
  signal?.addEventListener("abort", kill);
  process.on("exit", kill);
  const ready: Ready[] = [];
  const timings: Timing[] = [];
  const fail = (place: number, reason: string) =>
    timings[place] = { subject: subjects[place], status: "failed", reason };
  try {
    for (const [place, subject] of subjects.entries()) {
      const obstacle = signal?.aborted ? "it was stopped" : unavailable?.get(subject.device);
      if (obstacle !== undefined) {
        fail(place, obstacle);
        continue;
      }
      observer?.onPrepare?.(subject);
      try {
        const worker = await TimingProcess.start(subject);
        workers.push(worker);
        if (signal?.aborted) worker.kill();
        ready.push({ place, subject, worker, preparation: await worker.prepare() });
      } catch (error) {
        fail(place, (error as Error).message);
      }
    }
    const isDisturbed = ready.length > 1 &&
      ready.some(({ subject }) => subject.device === "cpu" && subject.threads > 1);
    const measured = await measure(
      ready.map(({ worker }) => worker),
      { ...effort, ...WARMUP, pauseMs: isDisturbed ? PAUSE_MS : 0 },
      (i, sample) => observer?.onSample?.(ready[i].subject, sample),
    );
    ready.forEach(({ place, subject, preparation }, i) => {
      const result = measured[i];
      timings[place] = result.status === "measured"
        ? { subject, preparation, ...result }
        : { subject, ...result };
    });
    return timings;
  } finally {
    signal?.removeEventListener("abort", kill);
    await Promise.all(workers.map((worker) => worker.close()));
    process.off("exit", kill);
  }
}
