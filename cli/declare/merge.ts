import { object } from "@optique/core/constructs";
import { multiple } from "@optique/core/modifiers";
import { argument, command, constant } from "@optique/core/primitives";
import type { MergeRequest } from "../requests.ts";
import { type SyncParser, toggle } from "./elements.ts";
import { folder, say } from "./values.ts";

export function merge(): SyncParser<MergeRequest> {
  const options = object("Options", {
    command: constant("merge"),
    out: argument({ ...folder("OUT"), metavar: "OUT" }, {
      description: say("a new or empty folder for the whole study"),
      errors: { endOfInput: say("merge into which folder? name it before the shards") },
    }),
    shards: multiple(
      argument({ ...folder("SHARD"), metavar: "SHARD" }, {
        description: say("the folders of its shards, in any order; some may be missing"),
      }),
      { min: 1, errors: { tooFew: say("merge which shards? name their folders") } },
    ),
    despiteChanges: toggle(
      ["--despite-changes"],
      "merge shards that ran with another code, version or data",
    ),
  });
  return command("merge", options, {
    brief: say("Join the shards of a study into one."),
    usageLine: [{ type: "argument", metavar: "OUT SHARD... [OPTIONS]" }],
  });
}
