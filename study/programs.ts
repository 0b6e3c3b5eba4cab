import type { Provider } from "../engine/compile.ts";
import { getOptimizer } from "../optim/registry.ts";
import { loadTask } from "../tasks/load.ts";
import type { StudySettings } from "./settings/settings.ts";
import type { Program } from "./training/program.ts";
import type { TrialGroup } from "./workers/groups.ts";

/** The compiled programs of a study, one for each structure and size of its groups. */
export class Programs {
  readonly #settings: StudySettings;
  readonly #programs = new Map<string, Program>();

  constructor(settings: StudySettings) {
    this.#settings = settings;
  }

  /** A group's program, and the seconds that making it took. */
  async prepare({ programKey, structure: groups, scheduled, slots, trials: [{ stage }] }: TrialGroup) {
    const startMs = performance.now();
    // Loaded here: tracing needs TensorFlow.js, and the workers are better started first.
    const { compileProgram } = await import("./training/program.ts");
    let program = this.#programs.get(programKey);
    if (!program) {
      const { taskChoice, optimizer: { name, base }, batchSize } = this.#settings;
      const { accumulate, runningStatistics, device } = this.#settings;
      const task = await loadTask(stage === "final" ? { ...taskChoice, heldOut: undefined } : taskChoice);
      const optimizer = getOptimizer(name, base);
      const settings = { task, optimizer, groups, batchSize, scheduled, accumulate, runningStatistics };
      program = compileProgram(settings, "float32", slots, device as Provider);
      this.#programs.set(programKey, program);
    }
    return { program, tracingSeconds: (performance.now() - startMs) / 1000 };
  }
}
