import process from "node:process";

/** A mistake in what was typed. Its message is one line that names it and, where there is one, the right word. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The mistakes of users. They are told apart by name, so that an error loads none of the modules that throw them. */
const userErrors = ["UsageError", "SpaceError", "StoreError", "DatasetError", "TaskError", "DeviceError"];

/** Prints an error as one line and returns the exit code: 2 for a user's mistake, 1 for anything else. */
export function reportError(error: unknown): number {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`optbench: ${message.trim().replaceAll(/\s*\n\s*/g, " ")}\n`);
  if (userErrors.includes(name)) return 2;
  if (process.env.OPTBENCH_DEBUG) process.stderr.write(`${stack}\n`);
  return 1;
}
