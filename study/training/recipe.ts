import type { OptimizerChoice } from "../trial.ts";
import type { ProgramSettings } from "./steps.ts";

/**
 * What the program of one trial is made from, for a device that runs functions as they are. Plain data: functions cannot
 * travel.
 */
export interface Recipe extends Omit<ProgramSettings, "task" | "optimizer"> {
  readonly optimizer: OptimizerChoice;
}
