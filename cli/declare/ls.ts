import { object } from "@optique/core/constructs";
import { optional, withDefault } from "@optique/core/modifiers";
import { argument, command, constant } from "@optique/core/primitives";
import type { LsRequest } from "../requests.ts";
import { lines, setting, type SyncParser, toggle } from "./elements.ts";
import { folder, say, value } from "./values.ts";

/** Where studies are put unless another folder is named. */
const DEFAULT_FOLDER = "optbench-results";

export function ls(): SyncParser<LsRequest> {
  const text = (typed: string) => typed;
  const where = argument(folder("FOLDER"), {
    description: say(`where to look (default ${DEFAULT_FOLDER}), or one study`),
  });
  const options = object("Options", {
    command: constant("ls"),
    folder: withDefault(where, DEFAULT_FOLDER),
    where: optional(
      setting(
        "--where",
        value("CONDITION", text, ["status=running", "optimizer=sam and trials>=100"]),
        lines(
          'only the studies that meet a condition, as in "task=digits_mlp and trials>100":',
          "name, status, optimizer, base, task, metric, trials, planned, configurations,",
          "diverged, failed, best, started, seconds, megabytes",
        ),
      ),
    ),
    sort: optional(
      setting(
        "--sort",
        value("NAMES", text, ["-best"]),
        "their order, by the same names, as in task,-best (default: newest first)",
      ),
    ),
    json: toggle(["--json"], "print JSON, for programs"),
  });
  return command("ls", options, {
    brief: say("List studies: how far they are, and their best results."),
    usageLine: [{ type: "argument", metavar: "[FOLDER] [OPTIONS]" }],
  });
}
