/** Trials from seed, or from a checkpoint, to metrics. It runs in a worker, and knows no tensors but the runtime's. */
import type { CompiledModel } from "../../engine/compile.ts";
import { Executable } from "../../engine/runtime.ts";
import type { Task } from "../../tasks/task.ts";
import type { Stopping } from "../pruners/pruner.ts";
import type { EpochMetrics, EpochProgress, TrialOutcome } from "../trial.ts";
import type { TrialCheckpoint } from "./checkpoint.ts";
import type { BatchSettings } from "./feeds.ts";
import { GroupTraining } from "./group.ts";
import type { Program } from "./program.ts";

/** A program loaded into the runtime. */
export interface LoadedProgram {
  readonly program: Program;
  /** Absent where the optimizer keeps no state. */
  readonly init?: Executable;
  /** By kind of step. */
  readonly train: Readonly<Record<string, Executable>>;
  /** Absent where the parameters themselves are evaluated. */
  readonly evaluated?: Executable;
  readonly evaluate: Executable;
}

/** Loads a program; `threads` is how many threads one operation may use. */
export async function loadProgram(program: Program, threads = 1): Promise<LoadedProgram> {
  const load = (model: CompiledModel) => Executable.load(model, threads);
  const train: Record<string, Executable> = {};
  for (const [turn, model] of Object.entries(program.train)) train[turn] = await load(model);
  return {
    program,
    init: program.init && await load(program.init),
    train,
    evaluated: program.evaluated && await load(program.evaluated),
    evaluate: await load(program.evaluate),
  };
}

/** What is told of a group while it trains. */
export interface GroupListener {
  /** The position of a trial in the group, what it measured, and its share of the time so far, in seconds. */
  onEpoch?(trial: number, metrics: EpochMetrics, seconds: number): void;
  /** Within an epoch, between calls into the runtime. */
  onSteps?(progress: EpochProgress): void;
  /** How many milliseconds at least lie between two tellings of steps. Default: 250. */
  readonly everyMs?: number;
  /** Of the trials still in training, by their positions in the group; between calls into the runtime. */
  onCheckpoint?(checkpoints: ReadonlyMap<number, TrialCheckpoint>): void;
}

/** A trial of a group: what sets it apart from the others. */
export interface GroupMember {
  readonly seed: number;
  /** What the program's `hyper/...` inputs are fed. */
  readonly coefficients: Readonly<Record<string, number>>;
  /** Of the learning rate. */
  readonly schedule: string;
  /** Where the trial goes on; all of a group go on at the same step. Default: it starts. */
  readonly checkpoint?: TrialCheckpoint;
  /** Default: nothing but a number that is not finite ends the trial early. */
  readonly stopping?: Stopping;
}

export interface TrainingSettings extends BatchSettings {
  /** When the group was taken up, in milliseconds of `performance.now()`. */
  readonly startMs: number;
  readonly compileSeconds: number;
  /** After so many epochs the trials that are left pause. Default: they go on to the end. */
  readonly pauseAfter?: number;
  /** How many milliseconds at least lie between two checkpoints. Default: none are taken. */
  readonly checkpointMs?: number;
}

/** How a trial left its group. */
export type GroupOutcome =
  | TrialOutcome
  /** It can go on from there. */
  | { readonly status: "paused"; readonly checkpoint: TrialCheckpoint };

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
  let [toldMs, savedMs] = [performance.now(), performance.now()];
  while (training.goesOn && training.epoch <= pauseAfter) {
    if (performance.now() - savedMs >= checkpointMs) {
      listener.onCheckpoint?.(training.checkpoints());
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
  return training.outcomes();
}
