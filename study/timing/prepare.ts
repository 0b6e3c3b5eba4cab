/** A subject made ready in this process, with the times of all that comes before the first sample. */
import { loadTask } from "../../tasks/load.ts";
import { least, stepsOfSample } from "./sampling.ts";
import { LR, type Preparation, type Sample, type Subject } from "./subject.ts";
import { Training } from "./training.ts";
import { uploadMs } from "./upload.ts";

export interface Prepared {
  readonly preparation: Preparation;
  sample(): Promise<Sample>;
}

/**
 * Every hyper-parameter has its default, but for the learning rate: the first of those that are trained together has `LR`,
 * the second twice that, and so on.
 *
 * @throws {Error} where the subject cannot be trained.
 */
export async function prepare(subject: Subject): Promise<Prepared> {
  const { optimizer: { name, base }, device, group, batchSize, threads } = subject;
  const task = await loadTask(subject.task);
  // Now, as reading files is no part of what is timed.
  task.data.load();
  const training = await Training.start({
    task,
    optimizer: name,
    base,
    configurations: Array.from({ length: group }, (_, i) => ({ lr: (i + 1) * LR })),
    threads,
    device,
    batchSize,
    // An epoch's new order would be drawn within a sample.
    shuffle: "once",
  });
  const time = async (steps: number) => {
    const start = performance.now();
    await training.steps(steps);
    return performance.now() - start;
  };
  const firstStepsMs = await time(training.quantum);
  const preparation = {
    ...training.compileTimes,
    firstStepsMs,
    uploadMs: device === "webgpu" ? await uploadMs(training.resident, device, threads) : undefined,
    readingMs: await least(() => training.readingMs()),
    stepsPerSample: await stepsOfSample(training.quantum, time),
  };
  const steps = preparation.stepsPerSample;
  return { preparation, sample: async () => ({ ms: await time(steps), steps }) };
}
