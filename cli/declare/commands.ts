/** Every command, by its name: each is declared in a file of its own. */
import type { OptimizerChoice } from "../../study/trial.ts";
import type { Request } from "../requests.ts";
import { compare } from "./compare.ts";
import { data } from "./data.ts";
import { lines, type SyncParser } from "./elements.ts";
import { exportResults } from "./export.ts";
import { list } from "./list.ts";
import { ls } from "./ls.ts";
import { merge } from "./merge.ts";
import { rank } from "./rank.ts";
import { resume } from "./resume.ts";
import { run } from "./run.ts";
import { sweep, tune } from "./search.ts";
import { show } from "./show.ts";

export type Commands = Readonly<Record<string, SyncParser<Request>>>;

/** The commands for an optimizer: its hyper-parameters are options of those that train. */
export function declareCommands(optimizer: OptimizerChoice): Commands {
  return {
    sweep: sweep(optimizer),
    tune: tune(optimizer),
    run: run(optimizer),
    resume: resume(),
    show: show(),
    ls: ls(),
    compare: compare(),
    rank: rank(),
    export: exportResults(),
    merge: merge(),
    list: list(),
    data: data(),
  };
}

/** How to begin; it ends the program's help. */
export const examples = lines(
  "optbench sweep                   tune LARS on handwritten digits",
  "optbench sweep --opt sam --help  what else can be tuned",
  "optbench tune --opt adam         search with fewer trials",
);
