/** Every command, by its name: each is declared in a file of its own. */
import type { OptimizerChoice } from "../../study/trial.ts";
import type { Request } from "../requests.ts";
import { bench } from "./bench.ts";
import { compare } from "./compare.ts";
import { data } from "./data.ts";
import type { SyncParser } from "./elements.ts";
import { doctor } from "./doctor.ts";
import { exportResults } from "./export.ts";
import { list } from "./list.ts";
import { ls } from "./ls.ts";
import { merge } from "./merge.ts";
import { rank } from "./rank.ts";
import { resume } from "./resume.ts";
import { run } from "./run.ts";
import { sweep, tune } from "./search.ts";
import { show } from "./show.ts";
import { say } from "./values.ts";

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
    bench: bench(),
    export: exportResults(),
    merge: merge(),
    doctor: doctor(),
    list: list(),
    data: data(),
  };
}

/** How to begin; it ends the program's help. */
export const examples = say("optbench sweep --opt sam  tune SAM on handwritten digits; --help: what else");
