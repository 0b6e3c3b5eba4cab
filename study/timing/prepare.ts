/** A subject made ready in this process, with the times of all that comes before the first sample. */
import type { HyperValue } from "../../optim/hyperparameter.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { getOptimizer } from "../../optim/registry.ts";
import { loadTask } from "../../tasks/load.ts";
import { defaultSpace, parseValues } from "../space/values.ts";
import { least, stepsOfSample } from "./sampling.ts";
import { LR, type Preparation, type Sample, type Subject } from "./subject.ts";
import { Training } from "./training.ts";
import { uploadMs } from "./upload.ts";

export interface Prepared {
  readonly preparation: Preparation;
  sample(): Promise<Sample>;
}

/**
 * The first of those that are trained together has the learning rate `LR`, the second twice that, and so on. Every other
 * hyper-parameter has the last value of its default sweep, so that momentum, decay and the like are at work: LARS without
 * decay, for one, takes the steps of SGD.
 *
 * @throws {Error} where the subject cannot be trained.
 */
export async function prepare(subject: Subject): Promise<Prepared> {
  const { optimizer: { name, base }, device, group, batchSize, threads } = subject;
  const task = await loadTask(subject.task);
  // Now, as reading files is no part of what is timed.
  task.data.load();
  const values = atWork(getOptimizer(name, base));
  const training = await Training.start({
    task,
    optimizer: name,
    base,
    configurations: Array.from({ length: group }, (_, i) => ({ ...values, lr: (i + 1) * LR })),
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

function atWork(optimizer: Optimizer): Record<string, HyperValue> {
  return Object.fromEntries(
    Object.entries(defaultSpace(optimizer)).map(([name, text]) => [
      name,
      parseValues(name, text, optimizer.hyperparameters[name]).at(-1)!,
    ]),
  );
}
