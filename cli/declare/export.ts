import { object } from "@optique/core/constructs";
import { optional, withDefault } from "@optique/core/modifiers";
import { argument, command, constant } from "@optique/core/primitives";
import { formatNames } from "../../results/export/formats.ts";
import type { ExportRequest } from "../requests.ts";
import { choices, lines, setting, type SyncParser } from "./elements.ts";
import { folder, name, say, value } from "./values.ts";

const DEFAULT_FORMAT = "csv";

export function exportResults(): SyncParser<ExportRequest> {
  const options = object("Options", {
    command: constant("export"),
    study: argument({ ...folder("STUDY"), metavar: "STUDY" }, {
      description: say("the folder of the study"),
      errors: { endOfInput: say("export which study? optbench export STUDY") },
    }),
    format: withDefault(
      setting(
        "--format",
        name("format", formatNames),
        `of the tables: ${choices(formatNames, DEFAULT_FORMAT)}`,
      ),
      DEFAULT_FORMAT,
    ),
    to: optional(
      setting("--to", folder("--to"), "a new or empty folder for the files (default: the study's own)"),
    ),
    where: optional(
      setting(
        "--where",
        value("CONDITION", (typed) => typed, ["lr<1 and momentum=0.9"]),
        lines(
          "with --to, only the trials that meet a condition,",
          'as in "lr<1 and seed=1", on columns of trials.csv',
        ),
      ),
    ),
  });
  return command("export", options, {
    brief: say("Write a study's results as CSV or JSON, also while it runs."),
    usageLine: [{ type: "argument", metavar: "STUDY [OPTIONS]" }],
  });
}
