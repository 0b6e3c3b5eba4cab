/** `optbench ls` */
import { existsSync } from "node:fs";
import process from "node:process";
import { parseExpression } from "../../study/space/expression.ts";
import type { Kind } from "../../study/space/expression_tree.ts";
import { parseSort } from "../../study/space/sort.ts";
import { DEFAULT_FOLDER } from "../declare/ls.ts";
import type { LsRequest } from "../requests.ts";
import { duration } from "../terminal/progress.ts";
import { megabytes } from "../terminal/provide.ts";
import { localTime } from "../terminal/show/extent.ts";
import { type Overview, overview, overviewNames, studyFolders } from "../terminal/show/overview.ts";
import { table } from "./list.ts";

/** Lists the studies in a folder, and returns the exit code. */
export function ls({ folder, where, sort, json }: LsRequest): number {
  const condition = where === undefined ? undefined : parseExpression(where, overviewNames, KINDS);
  const order = parseSort(sort ?? NEWEST_FIRST, overviewNames);
  // Where nobody has begun one yet, there are none.
  const folders = folder === DEFAULT_FOLDER && !existsSync(folder) ? [] : studyFolders(folder);
  const studies = folders.map(overview)
    .filter((study) => condition === undefined || condition.holds({ ...study }))
    .sort((a, b) => order.compare({ ...a }, { ...b }));
  const found = folders.length > 0
    ? `None of the ${folders.length} studies in ${folder} meets the condition`
    : `No study in ${folder}; optbench sweep begins one`;
  const text = json
    ? JSON.stringify(studies.map(({ words: _, ...study }) => study), null, 2)
    : studies.length === 0
    ? found
    : list(studies);
  process.stdout.write(`${text}\n`);
  return 0;
}

const NEWEST_FIRST = "-started,-name";

const TEXTS = ["name", "status", "optimizer", "base", "task", "metric", "started"];
const KINDS: Readonly<Record<string, Kind>> = Object.fromEntries(
  overviewNames.map((name) => [name, TEXTS.includes(name) ? "text" : "number"]),
);

function list(studies: readonly Overview[]): string {
  const rows = studies.map((study) => {
    const { name, status, trials, planned, words, seconds } = study;
    const progress = trials === undefined
      ? "-"
      : planned === undefined
      ? `${trials}`
      : `${trials}/${planned}`;
    const time = seconds === undefined ? "-" : duration(seconds);
    return { cells: [name, status, progress, words?.best ?? "-", time], notes: notes(study) };
  });
  return table(["study", "status", "trials", "best", "time"], rows);
}

/** What was run, and the hyper-parameters that set the best apart; or what is wrong. */
function notes({ words, started, problem, megabytes: size }: Overview): string[] {
  if (words === undefined) return [problem!];
  const best = words.label ? [`best: ${words.label}`] : [];
  return [`${words.title}, ${localTime(started!)}, ${megabytes(1e6 * size)} MB`, ...best];
}
