import type { CompiledModel } from "../../engine/compile.ts";
import { Executable } from "../../engine/runtime.ts";
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
