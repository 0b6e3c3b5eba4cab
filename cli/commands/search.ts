/** `optbench sweep` and `optbench tune`. */
import process from "node:process";
import type { ChosenDevice } from "../../engine/devices/choose.ts";
import { formatNumber } from "../../results/format.ts";
import { StudyStore } from "../../results/store/store.ts";
import { rehearsed } from "../../study/rehearsal.ts";
import { planStudy } from "../../study/settings/plan.ts";
import type { Budget, StudySettings } from "../../study/settings/settings.ts";
import { ownData } from "../declare/own_data.ts";
import type { ResumeRequest, SearchRequest } from "../requests.ts";
import { announcement } from "../terminal/announcement.ts";
import { showProgress } from "../terminal/progress.ts";
import { prepare, runToEnd, settleDevice } from "./study.ts";

/** Searches, keeps the results, shows them, and returns the exit code. */
export async function search(request: SearchRequest): Promise<number> {
  const device = await settleDevice(request);
  const planned = await planStudy({
    ...request,
    device: device.name,
    ...ownData(request.task, request),
    sampler: request.command === "sweep" ? "grid" : request.sampler,
    budget: budgetOf(request),
  });
  const task = await prepare(planned, request);
  const settings = request.groupSize === undefined ? await grouped(planned, device, request.quiet) : planned;
  const store = StudyStore.create({
    directory: request.out,
    settings,
    accelerator: device.facts,
    commandLine: ["optbench", ...process.argv.slice(2)],
  });
  if (!request.quiet) process.stderr.write(`${announcement(settings, device)}\n`);
  return runToEnd(store, settings, task, request);
}

/** An accelerator is tried out with groups of several sizes. */
async function grouped(
  settings: StudySettings,
  { facts }: ChosenDevice,
  quiet: boolean,
): Promise<StudySettings> {
  const { device } = settings;
  if (device === "cpu" || device === "tensorflow") return settings;
  const progress = showProgress(quiet, 0);
  const tried: string[] = [];
  const show = () => `trying groups: ${tried.join(", ")}${tried.length > 0 ? ", " : ""}...`;
  progress.update(show, show);
  const settled = await rehearsed(settings, facts?.memoryBytes, ({ size, stepMs }) => {
    tried.push(`of ${size} ${formatNumber(stepMs, 3)} ms a step of one trial`);
    progress.update(show, show);
  });
  progress.clear();
  return settled;
}

/** Undefined where no budget is given. */
export function budgetOf(
  { trials, maxTime: seconds, maxEpochs: epochs }: SearchRequest | ResumeRequest,
): Budget | undefined {
  const given = Object.entries({ trials, seconds, epochs }).filter(([, amount]) => amount !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}
