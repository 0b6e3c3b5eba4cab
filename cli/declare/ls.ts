import { object } from "@optique/core/constructs";
import { optional, withDefault } from "@optique/core/modifiers";
import { argument, command, constant } from "@optique/core/primitives";
import type { LsRequest } from "../requests.ts";
import { setting, type SyncParser, toggle } from "./elements.ts";
import { folder, say, value } from "./values.ts";

/** Where studies are put unless another folder is named. */
export const DEFAULT_FOLDER = "optbench-results";

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
        'only studies such as "task=digits_mlp and trials>100", by name, status, optimizer, base, task, ' +
          "metric, trials, planned, configurations, diverged, failed, best, started, seconds, megabytes",
      ),
    ),
    sort: optional(
      setting(
        "--sort",
        value("NAMES", text, ["-best"]),
        "order such as task,-best (a dash: descending), by the same (default: newest first)",
      ),
    ),
    json: toggle(["--json"], "print JSON, for programs"),
  });
  return command("ls", options, {
    brief: say("List studies: how far they are, and their best results."),
    usageLine: [{ type: "argument", metavar: "[FOLDER] [OPTIONS]" }],
  });
}
