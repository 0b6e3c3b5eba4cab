/** The commands that search: every combination of a grid, or what a sampler proposes within a budget. */
import { merge, object } from "@optique/core/constructs";
import { map, multiple, optional, withDefault } from "@optique/core/modifiers";
import { command, constant } from "@optique/core/primitives";
import { parsePruner, prunerForm, pruners } from "../../study/pruners/registry.ts";
import { samplerNames } from "../../study/samplers/registry.ts";
import { protocolNames } from "../../study/settings/protocol.ts";
import { parseShard } from "../../study/settings/shard.ts";
import { parseCondition } from "../../study/space/condition.ts";
import { parseDomain } from "../../study/space/domain.ts";
import { parseSeeds } from "../../study/space/values.ts";
import type { OptimizerChoice } from "../../study/trial.ts";
import type { SearchRequest } from "../requests.ts";
import { choices, lines, setting, type SyncParser, toggle } from "./elements.ts";
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
import { folder, integer, name, say, seconds, value } from "./values.ts";

export function sweep(optimizer: OptimizerChoice): SyncParser<SearchRequest> {
  const search = object("Search", { command: constant("sweep"), ...budgetOptions(), ...searchOptions() });
  const options = merge(search, studyOptions(optimizer), hyperparameters(optimizer, "sweep"));
  return command("sweep", map(options, withOptimizer(optimizer)), {
    brief: say("Try many settings of an optimizer and rank them."),
    usageLine: [{ type: "argument", metavar: "[FILE] [OPTIONS]" }],
    footer: lines(
      "VALUES: one value, a list (0.1,0.5,1), or a range: lin:0..0.9:4 is four evenly",
      "spaced values, log:0.01..10:4 four evenly spaced in the logarithm.",
      ...FOOTER,
    ),
  });
}

const DEFAULT_SAMPLER = "gp";

export function tune(optimizer: OptimizerChoice): SyncParser<SearchRequest> {
  const search = object("Search", {
    command: constant("tune"),
    sampler: withDefault(
      setting(
        "--sampler",
        name("sampler", samplerNames),
        `how settings are proposed: ${choices(samplerNames, DEFAULT_SAMPLER)}`,
      ),
      DEFAULT_SAMPLER,
    ),
    samplerSeed: optional(
      setting("--sampler-seed", integer("--sampler-seed", 0), "seed of the proposals (default 0)"),
    ),
    ...budgetOptions("default 50, unless another budget is given"),
    ...searchOptions(),
  });
  const options = merge(search, studyOptions(optimizer), hyperparameters(optimizer, "tune"));
  return command("tune", map(options, withOptimizer(optimizer)), {
    brief: say("Search for the best settings within a budget."),
    usageLine: [{ type: "argument", metavar: "[FILE] [OPTIONS]" }],
    footer: lines(
      "VALUES: uniform:0..0.99, loguniform:1e-4..1, int:1..8, or one value or a list as",
      "for optbench sweep, of which one is chosen at a time.",
      ...FOOTER,
    ),
  });
}

const FOOTER = [
  "FILE: a YAML, TOML or JSON file with the same settings; options override it.",
  "With another --opt, --help shows the hyper-parameters of that one.",
];

/** What a search may cost. */
export function budgetOptions(trials = "default: all") {
  return {
    trials: optional(
      setting("--trials", integer("--trials", 1), `trials at most, each seed counted (${trials})`),
    ),
    maxTime: optional(
      setting("--max-time", seconds("--max-time"), "begin no trial after so long, as in 90s, 30m or 2h"),
    ),
    maxEpochs: optional(
      setting("--max-epochs", integer("--max-epochs", 1), "epochs at most, of all trials together"),
    ),
  };
}

function searchOptions() {
  const forms = Object.values(pruners).map(prunerForm).join(", ");
  return {
    conditions: multiple(
      setting(
        "--when",
        value("NAME:CONDITION", parseCondition, ["nesterov: momentum>0"]),
        lines(
          "search a hyper-parameter only where others allow it, as in",
          '"nesterov: momentum>0"; may be repeated',
        ),
      ),
    ),
    pruners: multiple(
      setting(
        "--pruner",
        value("PRUNER", (typed) => parsePruner(typed).text, Object.keys(pruners)),
        `end trials that promise little: ${forms}; may be repeated`,
      ),
    ),
    stopAtTarget: toggle(["--stop-at-target"], "end a trial where it reaches the task's target"),
    ahead: optional(
      setting(
        "--ahead",
        integer("--ahead", 1),
        lines(
          "settings tried ahead of results that guide the search or pruning (default 8);",
          "the search depends on it, and not on --jobs",
        ),
      ),
    ),
    protocol: optional(
      setting(
        "--protocol",
        name("protocol", protocolNames, "PROTOCOL"),
        lines(
          "deepobs: tune with --seeds, then train the best with ten seeds;",
          "nested: the same, tuned on rows held out of the training rows",
        ),
      ),
    ),
    shard: optional(
      setting(
        "--shard",
        value("I/N", parseShard, ["1/8"]),
        "run the I-th of N parts; optbench merge joins them",
      ),
    ),
  };
}

/** How a study is run here, whatever it is. */
export function runOptions() {
  return {
    jobs: optional(
      setting(
        "--jobs",
        integer("--jobs", 1),
        "trials or groups at a time (default: one a core, and one on a GPU)",
      ),
    ),
    threads: optional(
      setting("--threads", integer("--threads", 1), "threads of a trial (default: the cores left)"),
    ),
    checkpointMinutes: optional(
      setting(
        "--checkpoint-minutes",
        integer("--checkpoint-minutes", 1),
        "between two checkpoints of a trial (default 5)",
      ),
    ),
    hangMinutes: optional(
      setting(
        "--hang-minutes",
        integer("--hang-minutes", 1),
        "without a sign of life end a worker (default 10)",
      ),
    ),
  };
}

function studyOptions(optimizer: OptimizerChoice) {
  const seeds = "how many, as in 3, or which, as in 1,2,42 (default 1)";
  const out = "folder for the results (default: a new one)";
  return merge(
    object("Options", {
      ...trainingOptions(optimizer),
      seeds: optional(setting("--seeds", value("SEEDS", parseSeeds), seeds)),
      ...runOptions(),
      groupSize: optional(
        setting("--group", integer("--group", 1), "trials trained together, at most (default: by size)"),
      ),
      out: optional(setting("--out", folder("--out"), out)),
      ...outputFlags(),
    }),
    ownDataOptions(),
  );
}

function hyperparameters(optimizer: OptimizerChoice, mode: "sweep" | "tune") {
  return hyperparameterOptions(optimizer, (hyperparameter, declaration) => {
    const option = optionName(hyperparameter);
    const read = (typed: string) => parseDomain(option, typed, declaration);
    const { meaning, sweep } = declaration;
    const searched = mode === "sweep" ? "sweeps" : "searches";
    const facts = describe(declaration) + (sweep === undefined ? "" : `; ${searched} ${sweep}`);
    return optional(
      setting(option, value("VALUES", read, samples(declaration)), lines(meaning, facts)),
    );
  });
}
