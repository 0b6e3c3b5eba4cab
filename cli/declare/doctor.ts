import { object } from "@optique/core/constructs";
import { command, constant } from "@optique/core/primitives";
import type { DoctorRequest } from "../requests.ts";
import { type SyncParser, toggle } from "./elements.ts";
import { cudaDirOption } from "./training.ts";
import { say } from "./values.ts";

export function doctor(): SyncParser<DoctorRequest> {
  const options = object("Options", {
    command: constant("doctor"),
    ...cudaDirOption(),
    json: toggle(["--json"], "print JSON, for programs"),
  });
  return command("doctor", options, {
    brief: say("Say which devices work here, and what the others lack."),
    usageLine: [{ type: "argument", metavar: "[OPTIONS]" }],
  });
}
