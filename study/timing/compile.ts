/** A program made ready in one process, with the times that a study does not tell apart. */
import { openDevice } from "../../engine/devices/open.ts";
import { getOptimizer } from "../../optim/registry.ts";
import { type LoadedProgram, loadProgram } from "../training/loaded.ts";
import { compileProgram } from "../training/program.ts";
import type { ProgramSettings } from "../training/steps.ts";
import type { TrainingSettings } from "./settings.ts";

/** What making a program ready takes, in milliseconds. */
export interface CompileTimes {
  /**
   * Running the functions of the program once, on tensors without values, and writing models of what they do; undefined
   * where there are no models.
   */
  readonly tracingMs?: number;
  /** Opening the device, and loading all models of the program. */
  readonly loadingMs: number;
}

/** Compiles a program for a device and loads it there, as a study does. */
export async function compile(
  { task, optimizer: name, base, configurations, threads, device = "cpu" }: TrainingSettings,
  settings: Pick<ProgramSettings, "groups" | "batchSize" | "scheduled">,
): Promise<{ loaded: LoadedProgram; times: CompileTimes }> {
  const start = performance.now();
  if (device === "tensorflow") {
    if (configurations.length > 1) {
      throw new Error(`Cannot train ${configurations.length} together: tensorflow trains one at a time`);
    }
    const { loadRecipe } = await import("../training/eager.ts");
    const loaded = loadRecipe({ ...settings, optimizer: { name, base } }, task);
    return { loaded, times: { loadingMs: performance.now() - start } };
  }
  const optimizer = getOptimizer(name, base);
  const slots = configurations.length > 1 ? { count: configurations.length, shareRows: true } : undefined;
  const program = compileProgram({ ...settings, task, optimizer }, "float32", slots, device);
  const traced = performance.now();
  const loaded = await loadProgram(program, openDevice(device, threads));
  return { loaded, times: { tracingMs: traced - start, loadingMs: performance.now() - traced } };
}
