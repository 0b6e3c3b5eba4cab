import { object } from "@optique/core/constructs";
import { command, constant } from "@optique/core/primitives";
import type { ResumeRequest } from "../requests.ts";
import { studyArgument, type SyncParser, toggle } from "./elements.ts";
import { budgetOptions, runOptions } from "./search.ts";
import { cudaDirOption, dataDirOption, outputFlags } from "./training.ts";
import { say } from "./values.ts";

export function resume(): SyncParser<ResumeRequest> {
  const options = object("Options", {
    command: constant("resume"),
    study: studyArgument(),
    retryFailed: toggle(["--retry-failed"], "run the trials that failed again"),
    despiteChanges: toggle(["--despite-changes"], "go on although the code or the data have changed"),
    ...budgetOptions("more than it was begun with; default: as it was begun"),
    ...runOptions(),
    ...cudaDirOption(),
    ...dataDirOption(),
    ...outputFlags(),
  });
  return command("resume", options, {
    brief: say("Go on with a study after any stop, or help to run it."),
    usageLine: [{ type: "argument", metavar: "STUDY [OPTIONS]" }],
  });
}
