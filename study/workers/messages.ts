/** What a worker is asked for, and what it tells. Plain data with typed arrays: it travels between processes. */
import type { DeviceName } from "../../engine/device.ts";
import type { TaskChoice } from "../../tasks/load.ts";
import type { TrialCheckpoint } from "../training/checkpoint.ts";
import type { Program } from "../training/program.ts";
import type { Recipe } from "../training/recipe.ts";
import type { GroupMember, GroupOutcome } from "../training/member.ts";
import type { Shuffle } from "../settings/settings.ts";
import type { EpochMetrics, EpochProgress } from "../trial.ts";

/** A group of trials to train. */
export interface GroupRequest {
  readonly task: TaskChoice;
  readonly members: readonly GroupMember[];
  /** Names the program; `program` itself comes along the first time. */
  readonly programKey: string;
  readonly program?: Program | Recipe;
  /** What the learning rate's schedule counts on. */
  readonly epochs: number;
  /** After so many epochs the members that are left pause. Default: they go on to the end. */
  readonly pauseAfter?: number;
  /** Takes a few steps for the time that they take, and no more. Default: false. */
  readonly rehearsal?: boolean;
  readonly batchSize: number;
  readonly shuffle: Shuffle;
  /** The same for all requests of a process. */
  readonly device: DeviceName;
  /** Threads that one operation may use. */
  readonly threads: number;
  /** Seconds that the group has already cost: tracing and lowering its program. */
  readonly tracingSeconds: number;
  /** Between two checkpoints. Default: none are taken. */
  readonly checkpointMs?: number;
}

export type WorkerReply =
  | {
    readonly kind: "epoch";
    readonly member: number;
    readonly metrics: EpochMetrics;
    /** At its end, of the trial's time. */
    readonly seconds: number;
  }
  | { readonly kind: "steps"; readonly progress: EpochProgress }
  /** Nothing else is there to tell yet. */
  | { readonly kind: "alive" }
  /** Of the members that are still in training, by position in the group. */
  | { readonly kind: "checkpoint"; readonly checkpoints: ReadonlyMap<number, TrialCheckpoint> }
  | { readonly kind: "outcomes"; readonly outcomes: readonly GroupOutcome[] };
