/** `optbench sweep` and `optbench tune`. */
import process from "node:process";
import { StudyStore } from "../../results/store/store.ts";
import { planStudy } from "../../study/settings/plan.ts";
import type { Budget } from "../../study/settings/settings.ts";
import { ownData } from "../declare/own_data.ts";
import type { ResumeRequest, SearchRequest } from "../requests.ts";
import { announcement } from "../terminal/announcement.ts";
import { prepare, runToEnd } from "./study.ts";

/** Searches, keeps the results, shows them, and returns the exit code. */
export async function search(request: SearchRequest): Promise<number> {
  const settings = await planStudy({
    ...request,
    ...ownData(request.task, request),
    sampler: request.command === "sweep" ? "grid" : request.sampler,
    budget: budgetOf(request),
  });
  const task = await prepare(settings, request);
  const store = StudyStore.create({
    directory: request.out,
    settings,
    commandLine: ["optbench", ...process.argv.slice(2)],
  });
  if (!request.quiet) process.stderr.write(`${announcement(settings)}\n`);
  return runToEnd(store, settings, task, request);
}

/** Undefined where no budget is given. */
export function budgetOf(
  { trials, maxTime: seconds, maxEpochs: epochs }: SearchRequest | ResumeRequest,
): Budget | undefined {
  const given = Object.entries({ trials, seconds, epochs }).filter(([, amount]) => amount !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}
