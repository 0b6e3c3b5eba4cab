import { object } from "@optique/core/constructs";
import { map, optional, withDefault } from "@optique/core/modifiers";
import { command, constant } from "@optique/core/primitives";
import type { ValueParser } from "@optique/core/valueparser";
import { deviceNames } from "../../engine/device.ts";
import {
  DEFAULT_BASE,
  isWrapper,
  type OptimizerName,
  optimizerNames,
  ruleNames,
} from "../../optim/registry.ts";
import { DEFAULT_SAMPLES, DEFAULT_TIME_MS } from "../../study/timing/effort.ts";
import { DEFAULT_TASK, taskNames } from "../../tasks/registry.ts";
import { UsageError } from "../errors.ts";
import type { BenchRequest } from "../requests.ts";
import { lines, setting, type SyncParser } from "./elements.ts";
import { cudaDirOption, dataDirOption, outputFlags } from "./training.ts";
import { file, integer, name, say, seconds, taskName } from "./values.ts";

const DEFAULT_OPTIMIZERS: readonly OptimizerName[] = ["sgd", "lars", "sam"];

export function bench(): SyncParser<BenchRequest> {
  const options = object("Options", {
    command: constant("bench"),
    optimizers: withDefault(
      setting(
        "--opt",
        list("--opt", name("optimizer", optimizerNames)),
        `optimizers (default ${DEFAULT_OPTIMIZERS.join(",")})`,
      ),
      DEFAULT_OPTIMIZERS,
    ),
    base: optional(
      setting(
        "--base",
        name("base", ruleNames),
        `what those that wrap another wrap (default ${DEFAULT_BASE})`,
      ),
    ),
    tasks: withDefault(
      setting(
        "--task",
        list("--task", taskName(taskNames)),
        lines("tasks of optbench list tasks, or modules of your own", `(default ${DEFAULT_TASK})`),
      ),
      [DEFAULT_TASK],
    ),
    devices: withDefault(
      setting(
        "--device",
        list("--device", name("device", deviceNames)),
        `devices: ${deviceNames.join(", ")} (default cpu)`,
      ),
      ["cpu" as const],
    ),
    groups: withDefault(
      setting(
        "--group",
        list("--group", integer("--group", 1)),
        "configurations trained together, as in 1,16 (default 1)",
      ),
      [1],
    ),
    batchSize: optional(
      setting("--batch-size", integer("--batch-size", 1), "rows a training step (default: the task's)"),
    ),
    threads: optional(
      setting("--threads", integer("--threads", 1), "threads on the CPU (default: by the task's size)"),
    ),
    samples: withDefault(
      setting("--samples", integer("--samples", 1), `samples of each, at least (default ${DEFAULT_SAMPLES})`),
      DEFAULT_SAMPLES,
    ),
    seconds: withDefault(
      setting(
        "--time",
        seconds("--time"),
        `how long to measure each, at least (default ${DEFAULT_TIME_MS / 1000}s)`,
      ),
      DEFAULT_TIME_MS / 1000,
    ),
    ...cudaDirOption(),
    ...dataDirOption(),
    csv: optional(setting("--csv", file("--csv"), "write the times into this new file")),
    ...outputFlags(),
  });
  return command("bench", map(options, checked), {
    brief: say("Time the training steps of optimizers, on the devices there are."),
    usageLine: [{ type: "argument", metavar: "[OPTIONS]" }],
    footer: lines(
      "LIST: one, or several between commas. Every combination is timed, those of a",
      "task in turns, with momentum, decay and the like at work.",
    ),
  });
}

/** @throws {UsageError} for a base that nothing has. */
function checked<R extends Pick<BenchRequest, "optimizers" | "base">>(request: R): R {
  const { optimizers, base } = request;
  if (base !== undefined && !optimizers.some(isWrapper)) {
    throw new UsageError(
      `--base ${base}: nothing in --opt ${optimizers.join(",")} wraps another; add one that does, as sam`,
    );
  }
  return request;
}

/** Some different values, between commas. */
function list<T>(option: string, one: ValueParser<"sync", T>): ValueParser<"sync", readonly T[]> {
  return {
    mode: "sync",
    metavar: "LIST",
    parse(typed) {
      const values: T[] = [];
      for (const word of typed.split(",")) {
        const parsed = one.parse(word.trim());
        if (!parsed.success) return parsed;
        if (values.includes(parsed.value)) {
          return { success: false, error: say(`${option} "${typed}": ${word.trim()} is named twice`) };
        }
        values.push(parsed.value);
      }
      return { success: true, value: values };
    },
    format: (values) => values.join(","),
    placeholder: [],
    *suggest(prefix) {
      const before = prefix.slice(0, prefix.lastIndexOf(",") + 1);
      for (const suggestion of one.suggest?.(prefix.slice(before.length)) ?? []) {
        yield suggestion.kind === "literal" ? { ...suggestion, text: before + suggestion.text } : suggestion;
      }
    },
  };
}
