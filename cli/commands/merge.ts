/** `optbench merge` */
import process from "node:process";
import { exportStudy } from "../../results/export/export.ts";
import { studyTitle } from "../../results/format.ts";
import { type Merged, mergeShards } from "../../results/store/merge.ts";
import { StudyRecord } from "../../results/store/record.ts";
import type { MergeRequest } from "../requests.ts";
import { tally } from "../terminal/announcement.ts";
import { landscapeOf } from "./export.ts";

/** Joins shards, says what is left to run and where the files are, and returns the exit code. */
export async function merge({ out, shards, despiteChanges }: MergeRequest): Promise<number> {
  const commandLine = ["optbench", ...process.argv.slice(2)];
  const merged = mergeShards(out, shards, { commandLine, despiteChanges });
  const record = StudyRecord.open(out);
  try {
    const files = exportStudy(record, out, { landscape: await landscapeOf(record) });
    const lines = [
      studyTitle(record.description.settings),
      `  ${merged.of - merged.missing.length} of ${merged.of} shards: ${tally(record.counts)}`,
      ...record.status === "completed" ? [] : [`  ${remainder(out, merged, record)}`],
      "",
      ...files,
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  } finally {
    record.close();
  }
  return 0;
}

/** `shards 2 and 5 of 8 are missing: 40 of 320 trials are to be run: optbench resume OUT` */
function remainder(out: string, { of, missing }: Merged, { counts, description }: StudyRecord): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const { planned = 0 } = counts;
  const more = description.settings.budget.seconds === undefined ? "" : " --max-time TIME";
  const run = `${planned} of ${all} trials are to be run: optbench resume ${out}${more}`;
  if (missing.length === 0) return run;
  const numbers = [missing.slice(0, -1).join(", "), missing.at(-1)].filter((part) => part !== "").join(
    " and ",
  );
  return `shard${missing.length === 1 ? "" : "s"} ${numbers} of ${of} ${
    missing.length === 1 ? "is" : "are"
  } missing: ${run}`;
}
