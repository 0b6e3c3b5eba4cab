/** Trials from seed, or from a checkpoint, to metrics. It runs in a worker, and knows no tensors but the runtime's. */
import type { Task } from "../../tasks/task.ts";
import { GroupTraining } from "./group.ts";
import type { LoadedProgram } from "./loaded.ts";
import type { GroupListener, GroupMember, GroupOutcome, TrainingSettings } from "./member.ts";

/**
 * Trains a group of trials, reporting each epoch of each. The last incomplete batch is dropped, in training and in test.
 *
 * @returns an outcome for each trial. One that ends early takes no further part; the others are not affected.
 * @throws whatever the listener throws, and an Error when the trials are not at the same step, or a checkpoint is none
 * of this program's.
 */
export async function train(
  loaded: LoadedProgram,
  task: Task,
  group: readonly GroupMember[],
  settings: TrainingSettings,
  listener: GroupListener,
): Promise<GroupOutcome[]> {
  const { pauseAfter = Infinity, checkpointMs = Infinity } = settings;
  const { everyMs = 250 } = listener;
  const training = await GroupTraining.start(loaded, task, group, settings);
  if (settings.rehearsal) return rehearse(training);
  let [toldMs, savedMs] = [performance.now(), performance.now()];
  while (training.goesOn && training.epoch <= pauseAfter) {
    if (performance.now() - savedMs >= checkpointMs) {
      listener.onCheckpoint?.(await training.checkpoints());
      savedMs = performance.now();
    }
    await training.takeSteps();
    const { epoch, step, stepsPerEpoch } = training;
    if (step === stepsPerEpoch) {
      await training.endEpoch(listener);
    } else if (performance.now() - toldMs >= everyMs) {
      listener.onSteps?.({ epoch, steps: step, stepsPerEpoch });
      toldMs = performance.now();
    }
  }
  const outcomes = await training.outcomes();
  training.release();
  return outcomes;
}

/** Enough to tell one size of groups from another. */
const REHEARSAL_CALLS = 3;
const REHEARSAL_MS = 200;

/** Some calls, each with a reading: the times are in the outcomes, and nothing else is. */
async function rehearse(training: GroupTraining): Promise<GroupOutcome[]> {
  const startMs = performance.now();
  for (let call = 0; call < REHEARSAL_CALLS || performance.now() - startMs < REHEARSAL_MS; call++) {
    await training.takeSteps();
    await training.look();
    if (training.step === training.stepsPerEpoch) await training.endEpoch({});
  }
  training.release();
  return training.ended();
}
