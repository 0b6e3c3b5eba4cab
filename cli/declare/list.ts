import { merge, object, or } from "@optique/core/constructs";
import { optional } from "@optique/core/modifiers";
import { argument, command, constant } from "@optique/core/primitives";
import { datasetNames } from "../../datasets/registry.ts";
import { optimizerNames } from "../../optim/registry.ts";
import { scheduleNames } from "../../optim/schedules/forms.ts";
import { prunerNames } from "../../study/pruners/registry.ts";
import { samplerNames } from "../../study/samplers/registry.ts";
import { taskNames } from "../../tasks/registry.ts";
import type { ListRequest } from "../requests.ts";
import { type SyncParser, toggle } from "./elements.ts";
import { name, say } from "./values.ts";

/** What can be listed, and the names of it. */
export const listable: Readonly<Record<ListRequest["what"], readonly string[]>> = {
  tasks: taskNames,
  optimizers: optimizerNames,
  schedules: scheduleNames,
  samplers: samplerNames,
  pruners: prunerNames,
  datasets: datasetNames,
};

export function list(): SyncParser<ListRequest> {
  const branch = <K extends ListRequest["what"]>(what: K, brief: string) => {
    const one = argument(name(what.slice(0, -1), listable[what]), {
      description: say(`only this one: ${listable[what].join(", ")}`),
      errors: { invalidValue: (error) => error },
    });
    return command(what, object({ what: constant(what), name: optional(one) }), { brief: say(brief) });
  };
  const what = or(
    branch("tasks", "What can be trained."),
    branch("optimizers", "What can be tuned, and what each option means."),
    branch("schedules", "Courses of the learning rate, and how they are written."),
    branch("samplers", "Ways to search a space within a budget."),
    branch("pruners", "Ways to end trials that promise little."),
    branch("datasets", "The data, and where they come from."),
    { errors: { noMatch: say(`list what? ${Object.keys(listable).join(", ")}`) } },
  );
  const json = object({ command: constant("list"), json: toggle(["--json"], "print JSON, for programs") });
  return command("list", merge(json, what), {
    brief: say("Describe what can be trained, tuned and searched with."),
    usageLine: [{ type: "argument", metavar: "WHAT [NAME] [--json]" }],
  });
}
