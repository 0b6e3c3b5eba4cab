import type { DeviceName } from "../../engine/device.ts";
import type { GroupRule } from "../../optim/groups.ts";
import type { TableTaskChoice } from "../../tasks/own/table_choice.ts";
import type { SamplerName } from "../samplers/registry.ts";
import type { Condition } from "../space/condition.ts";
import type { SearchSpace } from "../space/domain.ts";
import type { OptimizerChoice } from "../trial.ts";
import type { LrScaling } from "./lr_scaling.ts";
import type { ProtocolName } from "./protocol.ts";
import type { Budget, RunningStatistics, Shuffle } from "./settings.ts";
import type { Shard } from "./shard.ts";

/** A study as it is asked for. */
export interface StudyRequest {
  readonly optimizer: OptimizerChoice;
  /** Name of a task, or the path of a module whose default export is one. */
  readonly task: string;
  /** For a task that trains on a table of the user's own. */
  readonly table?: TableTaskChoice;
  /** For `char_transformer`: the file of a text of the user's own. */
  readonly text?: string;
  /** What to try, by hyper-parameter. Default: its declared sweep, else its default. */
  readonly values?: SearchSpace;
  /** Default: every hyper-parameter is searched whatever the others are. */
  readonly conditions?: readonly Condition[];
  /** Default: `grid`, every combination. */
  readonly sampler?: "grid" | SamplerName;
  /** Of the sampler's random numbers. Default: 0. */
  readonly samplerSeed?: number;
  /** Configurations tried ahead of results that guide the search or the pruning. Default: 8. */
  readonly ahead?: number;
  /** Default: a sampler has 50 trials; a grid has an end. */
  readonly budget?: Budget;
  /** As texts: `asha:eta=3`. Default: none. */
  readonly pruners?: readonly string[];
  /** Default: false. */
  readonly stopAtTarget?: boolean;
  /** Default: none; the search is all. */
  readonly protocol?: ProtocolName;
  /** Default: all of the study. */
  readonly shard?: Shard;
  /** Default: 1 alone. */
  readonly seeds?: readonly number[];
  /** Default: the task's. */
  readonly epochs?: number;
  /** Default: the task's. */
  readonly batchSize?: number;
  /** Default: the learning rate is used as it is. */
  readonly lrScaling?: LrScaling;
  /** Hyper-parameters of some parameters, in place of the configuration's. */
  readonly groupRules?: readonly GroupRule[];
  /** Parameters, by role or name, that are neither decayed nor scaled layer by layer. */
  readonly exclude?: readonly string[];
  /** Parts of a batch whose gradients are taken one after another, to save memory. Default: 1. */
  readonly accumulate?: number;
  /** Default: `every-epoch`. */
  readonly shuffle?: Shuffle;
  /** Default: `first`. */
  readonly runningStatistics?: RunningStatistics;
  /** Default: `cpu`. */
  readonly device?: DeviceName;
  /** Default: as many as the machine has processors for, and no more than there are trials. */
  readonly jobs?: number;
  /** Default: the processors that the jobs leave, for a task whose operations are worth sharing out; else 1. */
  readonly threads?: number;
  /** Trials that are trained together, at most. Default: by the size of the task. */
  readonly groupSize?: number;
  /** Between two checkpoints of a trial. Default: 5. */
  readonly checkpointMinutes?: number;
  /** Without a sign of life, after which a worker is ended. Default: 10. */
  readonly hangMinutes?: number;
}
