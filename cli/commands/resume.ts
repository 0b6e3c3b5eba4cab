/** `optbench resume` */
import process from "node:process";
import { studyTitle } from "../../results/format.ts";
import { StudyRecord } from "../../results/store/record.ts";
import { StudyStore } from "../../results/store/store.ts";
import { shareProcessors } from "../../study/settings/processors.ts";
import type { StudySettings } from "../../study/settings/settings.ts";
import { SpaceError } from "../../study/space/values.ts";
import type { ResumeRequest } from "../requests.ts";
import { deviceNotes, tally } from "../terminal/announcement.ts";
import { budgetOf } from "./search.ts";
import { prepare, runToEnd, settleDevice } from "./study.ts";

/** Goes on with a study, also beside other processes, shows the results, and returns the exit code. */
export async function resume(request: ResumeRequest): Promise<number> {
  const { study, quiet } = request;
  const known = StudyRecord.open(study);
  const { settings: begun } = known.description;
  if (budgetOf(request) !== undefined) checkOpen(known, study);
  known.close();
  const device = await settleDevice({ ...request, device: begun.device });
  const task = await prepare(begun, request);
  const { store, settings } = StudyStore.resume(study, {
    ...request,
    commandLine: ["optbench", ...process.argv.slice(2)],
  }, (settings) => adapted(settings, request));
  if (!quiet) {
    const { processes } = store.record;
    const others = processes.length > 1 ? `; ${processes.length} processes run it` : "";
    const lines = [studyTitle(settings), `${tally(store.record.counts)}${others}`, ...deviceNotes(device)];
    process.stderr.write(`${lines.join("\n  ")}\n`);
  }
  return runToEnd(store, settings, task, request);
}

/** @throws {SpaceError} where a larger budget would change what the final trials were chosen by. */
function checkOpen(record: StudyRecord, study: string): void {
  if (!record.trials().some(({ stage }) => stage === "final")) return;
  throw new SpaceError(
    `Cannot change the budget of ${JSON.stringify(study)}: its final trials have begun; start a new study`,
  );
}

/** What is said anew of the budget, and of how the study is run. */
function adapted(settings: StudySettings, request: ResumeRequest): StudySettings {
  const { jobs, threads, checkpointMinutes, hangMinutes } = request;
  const anew = jobs !== undefined || threads !== undefined
    ? shareProcessors({ jobs, threads, device: settings.device }, Infinity, settings.groupSize === 1)
    : {};
  return {
    ...settings,
    ...anew,
    budget: { ...settings.budget, ...budgetOf(request) },
    checkpointMinutes: checkpointMinutes ?? settings.checkpointMinutes,
    hangMinutes: hangMinutes ?? settings.hangMinutes,
  };
}
