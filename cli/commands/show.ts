/** `optbench show` */
import process from "node:process";
import { StudyRecord } from "../../results/store/record.ts";
import { UsageError } from "../errors.ts";
import type { ShowRequest } from "../requests.ts";
import { extentOf, secondsSpent } from "../terminal/show/extent.ts";
import { follow } from "../terminal/show/live.ts";
import { describe, type Subject } from "../terminal/show/sections.ts";
import { sensitivityOf } from "../terminal/show/sensitivity.ts";
import { choose, look } from "../terminal/show/view.ts";
import { plainSettings, plainSummary } from "../terminal/study_report.ts";

/** Shows a study, which another process may be running, and returns the exit code. */
export async function show(request: ShowRequest): Promise<number> {
  const { study, only, live, json } = request;
  if (json) refuse({ "--live": live, "--only": only.length > 0, "--x": request.x, "--y": request.y });
  const record = StudyRecord.open(study);
  try {
    const choice = choose(request, record.description.settings);
    const subject = { directory: study, record, choice };
    if (live) return await follow(subject, only);
    if (json) print(JSON.stringify(report(subject), null, 2));
    else {
      const { isTTY, columns } = process.stdout;
      const page = { width: columns || 80, colors: isTTY && process.stdout.hasColors() };
      print(describe(subject, page, only).join("\n\n"));
    }
    return 0;
  } finally {
    record.close();
  }
}

/** Options that JSON, which has all there is, leaves nothing to do. */
function refuse(given: Readonly<Record<string, unknown>>): void {
  const [option] = Object.keys(given).filter((option) => given[option]);
  if (option !== undefined) throw new UsageError(`--json prints all there is: drop ${option}`);
}

/** The study for programs. */
function report({ directory, record, choice }: Subject): unknown {
  const { name, settings, startedAt } = record.description;
  const { counts, status, processes, endedAt, events } = record;
  const { top, final, sample } = look(record, { ...choice, top: choice.top ?? Infinity });
  return {
    directory,
    name,
    status,
    processes,
    startedAt,
    endedAt,
    seconds: secondsSpent(directory),
    ...extentOf(counts, settings),
    trials: counts,
    ...plainSettings(settings),
    configurations: top.map(plainSummary),
    final: final.map(plainSummary),
    sensitivity: { configurations: sample.length, ...sensitivityOf(sample, settings.metric) },
    events,
  };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
