/** Searches by the real command line that are ended on the way and gone on with. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DATABASE_FILE } from "../results/store/record.ts";
import { optbench, type Outcome } from "./cli.ts";
import { endWith, start, until } from "./_running.ts";
import { reading } from "./_stores.ts";
import { inTemporaryFolder, readStudy, type Row, type StudyFiles } from "./_sweeps.ts";

export const SGD: readonly string[] = ["--task", "digits_logreg", "--opt", "sgd"];

/** `optbench tune` into a new folder, with what it printed and wrote. */
export function tune(line: string): Promise<Outcome & StudyFiles> {
  return inTemporaryFolder((folder) => {
    const study = join(folder, "study");
    const outcome = optbench(["tune", ...SGD, ...line.split(" "), "--out", study]);
    if (!existsSync(study)) throw new Error(outcome.stderr);
    return { ...outcome, ...readStudy(study) };
  });
}

/** How many trials of a study have ended; undefined as long as there is no such study. */
export function endedTrials(study: string): number | undefined {
  if (!existsSync(join(study, DATABASE_FILE))) return undefined;
  try {
    return reading(
      study,
      ({ counts: { completed = 0, pruned = 0, diverged = 0, failed = 0 } }) =>
        completed + pruned + diverged + failed,
    );
  } catch {
    // The process has not come to write what the study is.
    return undefined;
  }
}

/** Runs `optbench` on a study and ends it with a signal once so many of its trials have ended. */
export async function runUntil(
  trials: number,
  args: readonly string[],
  study: string,
  signal: NodeJS.Signals = "SIGKILL",
) {
  const running = start(args);
  try {
    await until(`${trials} of its trials ended`, running, () => (endedTrials(study) ?? 0) >= trials);
    return await endWith(signal, running);
  } finally {
    running.child.kill("SIGKILL");
    await running.ended;
  }
}

/** Rows without what differs from run to run: times, and with which others a trial was trained. */
export function lasting(rows: readonly Row[]): Row[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([column]) => !/seconds|step_ms|group_size/.test(column)))
  );
}
