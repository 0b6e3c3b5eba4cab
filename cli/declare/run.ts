import { merge, object } from "@optique/core/constructs";
import { map, optional, withDefault } from "@optique/core/modifiers";
import { command, constant } from "@optique/core/primitives";
import { parseValues } from "../../study/space/values.ts";
import type { OptimizerChoice } from "../../study/trial.ts";
import { UsageError } from "../errors.ts";
import type { RunRequest } from "../requests.ts";
import { lines, setting, type SyncParser } from "./elements.ts";
import { optionName } from "./hyperparameters.ts";
import {
  describe,
  hyperparameterOptions,
  outputFlags,
  ownDataOptions,
  samples,
  trainingOptions,
  withOptimizer,
} from "./training.ts";
import { file, integer, say, value } from "./values.ts";

export function run(optimizer: OptimizerChoice): SyncParser<RunRequest> {
  const options = object("Options", {
    command: constant("run"),
    ...trainingOptions(optimizer),
    svg: optional(
      setting("--svg", file("--svg"), "draw the trajectory of a 2-D function into this new file"),
    ),
    seed: withDefault(setting("--seed", integer("--seed", 0), "seed of every random number (default 1)"), 1),
    ...outputFlags(),
  });
  const values = hyperparameterOptions(optimizer, (hyperparameter, declaration) => {
    const name = optionName(hyperparameter);
    const read = (typed: string) => {
      const values = parseValues(name, typed, declaration);
      if (values.length === 1) return values[0];
      throw new UsageError(`${name} "${typed}": a run takes one value; optbench sweep tries several`);
    };
    const required = declaration.default === undefined;
    const help = lines(declaration.meaning, describe(declaration) + (required ? "; required" : ""));
    const parser = setting(name, value("VALUE", read, samples(declaration)), help);
    return required ? parser : optional(parser);
  });
  return command("run", map(merge(options, ownDataOptions(), values), withOptimizer(optimizer)), {
    brief: say("Train once and show the learning curve."),
    usageLine: [{ type: "argument", metavar: "[OPTIONS]" }],
    footer: say("With another --opt, --help shows the hyper-parameters of that one."),
  });
}
