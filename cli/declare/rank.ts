import { object } from "@optique/core/constructs";
import { multiple, withDefault } from "@optique/core/modifiers";
import { argument, command, constant } from "@optique/core/primitives";
import { costNames, solverKinds } from "../../results/compare/costs.ts";
import type { RankRequest } from "../requests.ts";
import { choices, setting, type SyncParser, toggle } from "./elements.ts";
import { folder, name, say } from "./values.ts";

export function rank(): SyncParser<RankRequest> {
  const options = object("Options", {
    command: constant("rank"),
    studies: multiple(
      argument({ ...folder("STUDY"), metavar: "STUDY" }, {
        description: say("the folders of studies: of each solver one on each task"),
      }),
      { min: 1, errors: { tooFew: say("rank which studies? name their folders; optbench ls lists them") } },
    ),
    cost: withDefault(
      setting(
        "--cost",
        name("cost", costNames),
        `what it takes to reach the target: ${choices(costNames, "epochs")}`,
      ),
      "epochs",
    ),
    by: withDefault(
      setting(
        "--by",
        name("kind of solver", solverKinds, "WHAT"),
        `what to rank: ${choices(solverKinds, "optimizer")}, by its folder's name`,
      ),
      "optimizer",
    ),
    json: toggle(["--json"], "print the results as JSON, for programs"),
  });
  return command("rank", options, {
    brief: say("Rank optimizers over tasks by what it takes to reach targets."),
    usageLine: [{ type: "argument", metavar: "STUDY... [OPTIONS]" }],
  });
}
