import type { CompiledModel } from "../../engine/compile.ts";
import type { Device, Executable, ModelDevice } from "../../engine/device.ts";
import type { Outline, Program } from "./program.ts";

/** A program that a device has ready. */
export interface LoadedProgram {
  readonly device: Device;
  readonly program: Outline;
  /** Absent where the optimizer keeps no state. */
  readonly init?: Executable;
  /** By kind of step. */
  readonly train: Readonly<Record<string, Executable>>;
  /** Absent where the parameters themselves are evaluated. */
  readonly evaluated?: Executable;
  readonly evaluate: Executable;
}

export async function loadProgram(program: Program, device: ModelDevice): Promise<LoadedProgram> {
  const load = (model: CompiledModel) => device.load(model);
  const train: Record<string, Executable> = {};
  for (const [turn, model] of Object.entries(program.train)) train[turn] = await load(model);
  return {
    device,
    program,
    init: program.init && await load(program.init),
    train,
    evaluated: program.evaluated && await load(program.evaluated),
    evaluate: await load(program.evaluate),
  };
}
