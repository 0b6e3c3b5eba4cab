import { object } from "@optique/core/constructs";
import { multiple, optional } from "@optique/core/modifiers";
import { argument, command, constant } from "@optique/core/primitives";
import { comparedMetricNames } from "../../results/compare/metrics.ts";
import { UsageError } from "../errors.ts";
import type { CompareRequest } from "../requests.ts";
import { lines, setting, type SyncParser, toggle } from "./elements.ts";
import { file, folder, integer, name, say, value } from "./values.ts";

export function compare(): SyncParser<CompareRequest> {
  const options = object("Options", {
    command: constant("compare"),
    studies: multiple(
      argument({ ...folder("STUDY"), metavar: "STUDY" }, {
        description: lines(
          "FOLDER                      the best configuration of a study",
          "FOLDER#12                   the one in row 12 of its table",
          "FOLDER:lr=0.1,momentum=0.9  the one with these hyper-parameters",
          "One study alone is compared within itself",
        ),
      }),
      {
        min: 1,
        errors: { tooFew: say("compare which studies? name their folders; optbench ls lists them") },
      },
    ),
    metric: optional(
      setting(
        "--metric",
        name("metric", comparedMetricNames),
        lines(
          "what to compare:",
          comparedMetricNames.join(", "),
          "(default: what the task is judged by)",
        ),
      ),
    ),
    by: optional(
      setting(
        "--by",
        value("NAME", (typed) => typed),
        "of one study: the best for each value of this hyper-parameter",
      ),
    ),
    top: optional(
      setting(
        "--top",
        integer("--top", 1),
        "of one study: how many to compare the best with (default 5; with --by all)",
      ),
    ),
    allPairs: toggle(["--all-pairs"], "compare each with each, not only the first with the others"),
    alpha: optional(
      setting(
        "--alpha",
        value("P", probability, ["0.01"]),
        "p up to which a difference counts (default 0.05)",
      ),
    ),
    csv: optional(setting("--csv", file("--csv"), "write the comparisons into this new file")),
    json: toggle(["--json"], "print the results as JSON, for programs"),
  });
  return command("compare", options, {
    brief: say("Say which study or configuration is better, and how surely."),
    usageLine: [{ type: "argument", metavar: "STUDY... [OPTIONS]" }],
  });
}

function probability(typed: string): number {
  const number = typed.trim() === "" ? NaN : Number(typed);
  if (number > 0 && number < 1) return number;
  throw new UsageError(`--alpha "${typed}": expected a number between 0 and 1`);
}
