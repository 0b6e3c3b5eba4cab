import type { DeviceName } from "../../engine/device.ts";
import type { HyperValue } from "../../optim/hyperparameter.ts";
import type { OptimizerName, RuleName } from "../../optim/registry.ts";
import type { Task } from "../../tasks/task.ts";
import type { Shuffle } from "../settings/settings.ts";

/** What is trained, for its time. */
export interface TrainingSettings {
  readonly task: Task;
  readonly optimizer: OptimizerName;
  /** What it wraps, if it wraps another. */
  readonly base?: RuleName;
  /** More than one are trained together, on the same batches. They differ in numbers alone. */
  readonly configurations: readonly Readonly<Record<string, HyperValue>>[];
  /** That one operation may use, on the CPU. */
  readonly threads: number;
  /** Default: `cpu`. */
  readonly device?: DeviceName;
  /** Default: the task's. */
  readonly batchSize?: number;
  /** Default: `every-epoch`. */
  readonly shuffle?: Shuffle;
  /** Default: 1. */
  readonly seed?: number;
}
