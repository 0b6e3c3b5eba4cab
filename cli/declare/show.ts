import { object } from "@optique/core/constructs";
import { map, multiple, optional } from "@optique/core/modifiers";
import { command, constant } from "@optique/core/primitives";
import { UsageError } from "../errors.ts";
import type { ShowPart, ShowRequest } from "../requests.ts";
import { unknownWord } from "../words.ts";
import { setting, studyArgument, type SyncParser, toggle } from "./elements.ts";
import { integer, say, value } from "./values.ts";

/** The parts of what is shown, in the order in which they stand. */
export const showParts: readonly ShowPart[] = [
  ...["status", "table", "curves", "map"] as const,
  ...["words", "importance", "failures", "events"] as const,
];

export function show(): SyncParser<ShowRequest> {
  const text = (typed: string) => typed;
  const options = object("Options", {
    command: constant("show"),
    study: studyArgument(),
    only: map(
      multiple(
        setting(
          "--only",
          value("PARTS", parts, showParts),
          `only these, such as table,map: ${showParts.join(", ")}; may be repeated`,
        ),
      ),
      (lists) => lists.flat(),
    ),
    top: optional(setting("--top", integer("--top", 1), "configurations in the table (default 10)")),
    where: optional(
      setting(
        "--where",
        value("CONDITION", text, ["lr<1 and momentum=0.9"]),
        'only trials such as "lr<1 and momentum=0.9", by hyper-parameters and columns of trials.csv ' +
          "(seed, status, test_accuracy, ...)",
      ),
    ),
    sort: optional(
      setting(
        "--sort",
        value("NAMES", text, ["lr,-test_accuracy"]),
        "order of the table such as lr,-test_accuracy (a dash: descending), by hyper-parameters and " +
          "columns of summary.csv (default: best first)",
      ),
    ),
    x: optional(setting("--x", value("NAME", text), "hyper-parameter across the map (default: by effect)")),
    y: optional(setting("--y", value("NAME", text), "hyper-parameter down the map (default: by effect)")),
    live: toggle(["--live"], "follow the study until it ends; q leaves"),
    json: toggle(["--json"], "print the results as JSON, for programs"),
  });
  return command("show", options, {
    brief: say("Show a study's results, also while it runs."),
    usageLine: [{ type: "argument", metavar: "STUDY [OPTIONS]" }],
  });
}

function parts(typed: string): ShowPart[] {
  return typed.split(",").map((word) => {
    const part = showParts.find((part) => part === word.trim());
    if (part === undefined) throw new UsageError(unknownWord("part", word.trim(), showParts));
    return part;
  });
}
