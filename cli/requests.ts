/** What the command line asks for. */
import type { DeviceName } from "../engine/device.ts";
import type { HyperValue } from "../optim/hyperparameter.ts";
import type { OptimizerName, RuleName } from "../optim/registry.ts";
import type { CostName, SolverKind } from "../results/compare/costs.ts";
import type { ComparedMetricName } from "../results/compare/metrics.ts";
import type { SamplerName } from "../study/samplers/registry.ts";
import type { ProtocolName } from "../study/settings/protocol.ts";
import type { Shard } from "../study/settings/shard.ts";
import type { Condition } from "../study/space/condition.ts";
import type { SearchSpace } from "../study/space/domain.ts";
import type { GroupRule } from "../optim/groups.ts";
import type { LrScaling } from "../study/settings/lr_scaling.ts";
import type { RunningStatistics, Shuffle } from "../study/settings/settings.ts";
import type { OwnDataOptions } from "./declare/own_data.ts";
import type { Format } from "../results/export/formats.ts";
import type { OptimizerChoice } from "../study/trial.ts";

interface TrainingRequest extends OwnDataOptions {
  readonly optimizer: OptimizerChoice;
  /** Name of the task, or the path of a module. */
  readonly task: string;
  /** The task's, where it is not given. */
  readonly epochs?: number;
  /** The task's, where it is not given. */
  readonly batchSize?: number;
  readonly accumulate?: number;
  readonly lrScaling?: LrScaling;
  /** Parameters, by role or name. */
  readonly exclude?: readonly string[];
  readonly groupRules: readonly GroupRule[];
  readonly shuffle?: Shuffle;
  readonly runningStatistics?: RunningStatistics;
  readonly threads?: number;
  /** The CPU, where it is not given. */
  readonly device?: DeviceName | "auto";
  /** The folder of CUDA's libraries. */
  readonly cudaDir?: string;
  /** The folder of downloaded data; the user's, where it is not given. */
  readonly dataDir?: string;
  /** No progress on stderr. */
  readonly quiet: boolean;
  /** JSON on stdout, for programs. */
  readonly json: boolean;
}

/** How a study is run here, whatever it is; what is not given is left to the defaults. */
interface RunningRequest {
  readonly jobs?: number;
  readonly threads?: number;
  readonly checkpointMinutes?: number;
  readonly hangMinutes?: number;
}

interface BudgetRequest {
  readonly trials?: number;
  /** Seconds. */
  readonly maxTime?: number;
  readonly maxEpochs?: number;
}

/** `optbench sweep` and `optbench tune`: what is not given is left to the study's defaults. */
export interface SearchRequest extends TrainingRequest, RunningRequest, BudgetRequest {
  readonly command: "sweep" | "tune";
  /** What to try of each hyper-parameter that is given, by its name. */
  readonly values: SearchSpace;
  readonly sampler?: SamplerName;
  readonly samplerSeed?: number;
  readonly conditions: readonly Condition[];
  readonly pruners: readonly string[];
  readonly stopAtTarget: boolean;
  readonly ahead?: number;
  readonly protocol?: ProtocolName;
  readonly shard?: Shard;
  readonly seeds?: readonly number[];
  readonly groupSize?: number;
  /** Folder of the results. */
  readonly out?: string;
}

/** `optbench resume` */
export interface ResumeRequest extends RunningRequest, BudgetRequest {
  readonly command: "resume";
  /** The folder of the study. */
  readonly study: string;
  readonly retryFailed: boolean;
  readonly despiteChanges: boolean;
  /** The folder of CUDA's libraries. */
  readonly cudaDir?: string;
  readonly dataDir?: string;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** `optbench run` */
export interface RunRequest extends TrainingRequest {
  readonly command: "run";
  /** The hyper-parameters that are given, by name, each legal by itself; those without a default are among them. */
  readonly values: Readonly<Record<string, HyperValue>>;
  readonly seed: number;
  /** A new file for the drawing of the trajectory. */
  readonly svg?: string;
}

/** `optbench list` */
export interface ListRequest {
  readonly command: "list";
  readonly what: "tasks" | "optimizers" | "schedules" | "samplers" | "pruners" | "datasets";
  /** The one to list; all of them where it is absent. */
  readonly name?: string;
  readonly json: boolean;
}

/** `optbench data` */
export type DataRequest =
  & {
    readonly command: "data";
    /** The folder of downloaded data; the user's, where it is not given. */
    readonly dataDir?: string;
  }
  & (
    | { readonly what: "list"; readonly json: boolean }
    | {
      readonly what: "fetch";
      readonly names: readonly string[];
      /** In place of names: every dataset. */
      readonly all: boolean;
      readonly quiet: boolean;
    }
    | { readonly what: "verify"; readonly names: readonly string[] }
    /** Without a name, of the data folder itself. */
    | { readonly what: "path"; readonly name?: string }
  );

/** A part of what `optbench show` tells. */
export type ShowPart = "status" | "table" | "curves" | "map" | "words" | "importance" | "failures" | "events";

/** `optbench show` */
export interface ShowRequest {
  readonly command: "show";
  /** The folder of the study. */
  readonly study: string;
  /** All that make sense, where it is empty. */
  readonly only: readonly ShowPart[];
  /** Configurations in the table. */
  readonly top?: number;
  /** A condition on trials. */
  readonly where?: string;
  /** An order of configurations. */
  readonly sort?: string;
  /** Hyper-parameters of the map. */
  readonly x?: string;
  readonly y?: string;
  readonly live: boolean;
  readonly json: boolean;
}

/** `optbench export` */
export interface ExportRequest {
  readonly command: "export";
  /** The folder of the study. */
  readonly study: string;
  readonly format: Format;
  /** A new or empty folder; the study's own, where it is not given. */
  readonly to?: string;
  /** A condition on trials. */
  readonly where?: string;
}

/** `optbench merge` */
export interface MergeRequest {
  readonly command: "merge";
  /** A new or empty folder. */
  readonly out: string;
  /** The folders of the shards. */
  readonly shards: readonly string[];
  readonly despiteChanges: boolean;
}

/** `optbench ls` */
export interface LsRequest {
  readonly command: "ls";
  readonly folder: string;
  /** A condition on studies. */
  readonly where?: string;
  /** An order of studies. */
  readonly sort?: string;
  readonly json: boolean;
}

/** `optbench compare` */
export interface CompareRequest {
  readonly command: "compare";
  /** Folders, each alone or with one of its configurations, as they were typed. */
  readonly studies: readonly string[];
  /** What the task is judged by, where it is not given. */
  readonly metric?: ComparedMetricName;
  /** A hyper-parameter. */
  readonly by?: string;
  /** Configurations besides the best. */
  readonly top?: number;
  readonly allPairs: boolean;
  readonly alpha?: number;
  /** A new file. */
  readonly csv?: string;
  readonly json: boolean;
}

/** `optbench rank` */
export interface RankRequest {
  readonly command: "rank";
  /** The folders of the studies. */
  readonly studies: readonly string[];
  readonly cost: CostName;
  readonly by: SolverKind;
  readonly json: boolean;
}

/** `optbench bench`: every optimizer on every task, device and size of group. */
export interface BenchRequest {
  readonly command: "bench";
  readonly optimizers: readonly OptimizerName[];
  /** Of the optimizers that wrap another. */
  readonly base?: RuleName;
  /** Names, or paths of modules. */
  readonly tasks: readonly string[];
  readonly devices: readonly DeviceName[];
  /** Configurations that are trained together. */
  readonly groups: readonly number[];
  /** The task's, where it is not given. */
  readonly batchSize?: number;
  readonly threads?: number;
  /** Of each, at least. */
  readonly samples: number;
  /** For each, at least. */
  readonly seconds: number;
  readonly cudaDir?: string;
  readonly dataDir?: string;
  /** A new file. */
  readonly csv?: string;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** `optbench doctor` */
export interface DoctorRequest {
  readonly command: "doctor";
  /** The folder of CUDA's libraries. */
  readonly cudaDir?: string;
  readonly json: boolean;
}

/** Help, the version, or something for the shell: to be written to stdout as it is. */
export interface PrintRequest {
  readonly command: "print";
  readonly text: string;
}

export type Request =
  | SearchRequest
  | RunRequest
  | ResumeRequest
  | ShowRequest
  | LsRequest
  | ExportRequest
  | MergeRequest
  | CompareRequest
  | RankRequest
  | BenchRequest
  | DoctorRequest
  | ListRequest
  | DataRequest
  | PrintRequest;
