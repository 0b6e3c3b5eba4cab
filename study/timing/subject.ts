/** What is timed, and what comes of it. Plain data: it travels between processes. */
import type { Statistics } from "tinybench";
import type { DeviceName } from "../../engine/device.ts";
import type { TaskChoice } from "../../tasks/load.ts";
import type { OptimizerChoice } from "../trial.ts";
import type { CompileTimes } from "./compile.ts";

/** The training step of an optimizer on a task, on a device. */
export interface Subject {
  readonly task: TaskChoice;
  readonly optimizer: OptimizerChoice;
  readonly device: DeviceName;
  /** Configurations that are trained together; 1: one alone, without the axis of slots. */
  readonly group: number;
  readonly batchSize: number;
  /** That one operation may use, on the CPU. */
  readonly threads: number;
}

/**
 * So small that no task diverges at it. What a step computes takes as long at any rate; but a network that a large one has
 * killed fades into denormal numbers, which take far longer to multiply.
 */
export const LR = 1e-6;

/** What came before the first sample, in milliseconds. */
export interface Preparation extends CompileTimes {
  /**
   * The first steps: what the step is fed with goes to the device, and the runtime compiles shaders and takes its memory.
   * As many as belong together, see `Training.quantum`.
   */
  readonly firstStepsMs: number;
  /**
   * Moving data, parameters, state and hyper-parameters to the device, with WebGPU: on the CPU nothing is moved, with CUDA
   * all of it is in every call, and TensorFlow has its own ways.
   */
  readonly uploadMs?: number;
  /** Reading the losses of a call. */
  readonly readingMs: number;
  /** That a sample takes. */
  readonly stepsPerSample: number;
}

/** Some steps in a row, with one reading of their losses at the end. */
export interface Sample {
  readonly ms: number;
  readonly steps: number;
}

/** What samples tell, or why there are none. */
export type Measured =
  | {
    readonly status: "measured";
    readonly warmupSamples: number;
    /** Of milliseconds a step, which is that of all configurations where several are trained together. */
    readonly stepMs: Statistics;
  }
  | { readonly status: "failed"; readonly reason: string };

export type Timing =
  & { readonly subject: Subject }
  & (
    | { readonly status: "failed"; readonly reason: string }
    | Extract<Measured, { status: "measured" }> & { readonly preparation: Preparation }
  );

export type MeasuredTiming = Extract<Timing, { status: "measured" }>;
