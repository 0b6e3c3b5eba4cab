import { merge, object, or } from "@optique/core/constructs";
import { multiple, optional } from "@optique/core/modifiers";
import { argument, command, constant } from "@optique/core/primitives";
import { datasetNames } from "../../datasets/registry.ts";
import type { DataRequest } from "../requests.ts";
import { type SyncParser, toggle } from "./elements.ts";
import { dataDirOption } from "./training.ts";
import { name, say } from "./values.ts";

/** What can be done with the files of datasets. */
export const dataActions: readonly DataRequest["what"][] = ["list", "fetch", "verify", "path"];

export function data(): SyncParser<DataRequest> {
  const dataset = argument(name("dataset", datasetNames), {
    description: say(datasetNames.join(", ")),
    errors: { invalidValue: (error) => error },
  });
  const list = object({
    what: constant("list"),
    json: toggle(["--json"], "print JSON, for programs"),
    ...dataDirOption(),
  });
  const fetch = object({
    what: constant("fetch"),
    names: multiple(dataset),
    all: toggle(["--all"], "every dataset"),
    quiet: toggle(["-q", "--quiet"], "show no progress"),
    ...dataDirOption(),
  });
  const verify = object({ what: constant("verify"), names: multiple(dataset), ...dataDirOption() });
  const path = object({ what: constant("path"), name: optional(dataset), ...dataDirOption() });
  const action = or(
    command("list", list, { brief: say("What is there, and where.") }),
    command("fetch", fetch, { brief: say("Download what is missing or damaged.") }),
    command("verify", verify, { brief: say("Compare the files with what was published.") }),
    command("path", path, { brief: say("The folder of the data, or of a dataset.") }),
    { errors: { noMatch: say(`data what? ${dataActions.join(", ")}`) } },
  );
  return command("data", merge(object({ command: constant("data") }), action), {
    brief: say("Download, find and verify the data."),
    usageLine: [{ type: "argument", metavar: `${dataActions.join("|")} [NAME...] [OPTIONS]` }],
  });
}
