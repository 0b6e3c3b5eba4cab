/** `optbench export` */
import process from "node:process";
import { exportStudy } from "../../results/export/export.ts";
import { trialFilter } from "../../results/filter.ts";
import { makeEmptyFolder } from "../../results/store/files.ts";
import { StudyRecord } from "../../results/store/record.ts";
import { loadTask } from "../../tasks/load.ts";
import type { Landscape } from "../../tasks/task.ts";
import { UsageError } from "../errors.ts";
import type { ExportRequest } from "../requests.ts";

/** Writes the files that are made of a study, prints their paths, and returns the exit code. */
export async function exportResults({ study, format, to, where }: ExportRequest): Promise<number> {
  if (where !== undefined && to === undefined) {
    throw new UsageError("--where needs --to DIR: the files in the study's folder are those of all trials");
  }
  const record = StudyRecord.open(study);
  try {
    const filter = where === undefined ? undefined : trialFilter(where, record.description.settings);
    const landscape = await landscapeOf(record);
    if (to !== undefined) makeEmptyFolder(to);
    const files = exportStudy(record, to ?? study, { format, where: filter, landscape });
    process.stdout.write(`${files.join("\n")}\n`);
  } finally {
    record.close();
  }
  return 0;
}

/** What the trajectories of a study are drawn on. Without the task, which may be gone, there is no drawing. */
export async function landscapeOf(record: StudyRecord): Promise<Landscape | undefined> {
  if (!record.hasTrajectories) return undefined;
  try {
    return (await loadTask(record.description.settings.taskChoice)).landscape;
  } catch (error) {
    process.stderr.write(`optbench: contours.svg is left out: ${(error as Error).message}\n`);
  }
}
