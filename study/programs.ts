import { getOptimizer } from "../optim/registry.ts";
import { loadTask } from "../tasks/load.ts";
import type { StudySettings } from "./settings/settings.ts";
import type { Program } from "./training/program.ts";
import type { Recipe } from "./training/recipe.ts";
import type { Stage } from "./trial.ts";
import type { TrialGroup } from "./workers/groups.ts";

/** What a program is for. */
type Purpose = Pick<TrialGroup, "programKey" | "structure" | "scheduled" | "slots"> & {
  readonly stage: Stage;
};

/** The programs of a study, one for each structure and size of its groups. */
export class Programs {
  readonly #settings: StudySettings;
  readonly #programs = new Map<string, Program | Recipe>();

  constructor(settings: StudySettings) {
    this.#settings = settings;
  }

  /** A group's program, and the seconds that making it took. */
  async prepare(purpose: Purpose): Promise<{ program: Program | Recipe; tracingSeconds: number }> {
    const startMs = performance.now();
    const { programKey } = purpose;
    let program = this.#programs.get(programKey);
    if (!program) this.#programs.set(programKey, program = await this.#make(purpose));
    return { program, tracingSeconds: (performance.now() - startMs) / 1000 };
  }

  async #make({ structure: groups, scheduled, slots, stage }: Purpose): Promise<Program | Recipe> {
    const { taskChoice, optimizer: choice, batchSize, accumulate, runningStatistics, device } =
      this.#settings;
    const settings = { groups, batchSize, scheduled, accumulate, runningStatistics };
    if (device === "tensorflow") return { ...settings, optimizer: choice };
    const task = await loadTask(stage === "final" ? { ...taskChoice, heldOut: undefined } : taskChoice);
    const optimizer = getOptimizer(choice.name, choice.base);
    // Loaded here: tracing needs TensorFlow.js, and the workers are better started first.
    const { compileProgram } = await import("./training/program.ts");
    return compileProgram({ ...settings, task, optimizer }, "float32", slots, device);
  }
}
