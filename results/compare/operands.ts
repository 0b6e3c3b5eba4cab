/**
 * What the words of `optbench compare` mean: `FOLDER` is a study, `FOLDER#12` the configuration in row 12 of
 * its results table, and `FOLDER:lr=0.1,momentum=0.9` the configuration with these hyper-parameters.
 */
import { existsSync } from "node:fs";
import type { HyperValue, HyperValues } from "../../optim/hyperparameter.ts";
import { findName, unknownName } from "../../study/space/expression.ts";
import { SpaceError } from "../../study/space/values.ts";
import { configurationLabel, hyperColumns } from "../format.ts";
import type { ConfigurationSummary } from "../summary.ts";
import { best, named, type Side } from "./sides.ts";
import { type ComparedStudy, readStudy } from "./study.ts";

/** A study, and what else was said of which of its configurations is meant. */
export interface Operand {
  /** As it was typed. */
  readonly typed: string;
  readonly folder: string;
  /** From 1. */
  readonly rank?: number;
  /** Texts by the names of hyper-parameters, both as they were typed. */
  readonly values?: readonly (readonly [name: string, text: string])[];
}

/** Matches shown in an error, at most. */
const SHOWN = 5;

/** Reads what was typed. A folder that exists is that folder, whatever its name looks like. */
export function parseOperand(typed: string): Operand {
  if (existsSync(typed)) return { typed, folder: typed };
  const [, before, rank] = typed.match(/^(.+)#(\d+)$/) ?? [];
  if (rank !== undefined) return { typed, folder: before, rank: Number(rank) };
  const [, folder, list] = typed.match(/^(.+?):([a-z][\w-]*=.*)$/i) ?? [];
  if (list === undefined) return { typed, folder: typed };
  const values = list.split(",").map((item) => {
    const [name, ...rest] = item.split("=");
    return [name.trim(), rest.join("=").trim()] as const;
  });
  return { typed, folder, values };
}

/**
 * The side that an operand means.
 *
 * @throws {StoreError} where there is no such study.
 * @throws {SpaceError} where it is not exactly one of its configurations.
 */
export function sideNamed(operand: Operand): Side {
  const study = readStudy(operand.folder);
  const { typed, rank, values } = operand;
  const fail = (problem: string): never => {
    throw new SpaceError(`Cannot find ${JSON.stringify(typed)}: ${problem}`);
  };
  if (values !== undefined) return named(study, only(matches(study, values, fail), study, fail));
  if (rank === undefined) return best(study);
  const { searched } = study;
  const row = searched[rank - 1] ?? fail(`its table has the rows 1 to ${searched.length}`);
  // Who names the first row has chosen the best.
  return named(study, row, rank === 1 ? searched.length : 1);
}

type Fail = (problem: string) => never;

function matches(
  { searched, description }: ComparedStudy,
  values: NonNullable<Operand["values"]>,
  fail: Fail,
): readonly ConfigurationSummary[] {
  const names = Object.keys(description.settings.space);
  const wanted = values.map(([typed, text]) => {
    if (text === "") fail(`${typed} has no value; write it as in lr=0.1`);
    return [findName(typed, names) ?? fail(unknownName(typed, names)), text] as const;
  });
  const having = (is: (value: HyperValue, text: string) => boolean) =>
    searched.filter(({ configuration }) =>
      wanted.every(([name, text]) => is(configuration.values[name], text))
    );
  const exact = having((value, text) =>
    typeof value === "number" ? value === Number(text) : String(value) === text
  );
  return exact.length > 0 ? exact : having(isRoughly);
}

/** Digits to which tables round, at least. */
const DIGITS = 4;

/** Whether a number is the one that was typed, which may be rounded as tables show it. */
function isRoughly(value: HyperValue, text: string): boolean {
  if (typeof value !== "number") return String(value) === text;
  const typed = text.replace(/e.*$/i, "").replaceAll(/\D/g, "").replace(/^0+/, "").length;
  return Number(value.toPrecision(Math.min(Math.max(DIGITS, typed), 17))) === Number(text);
}

function only(
  found: readonly ConfigurationSummary[],
  study: ComparedStudy,
  fail: Fail,
): ConfigurationSummary {
  if (found.length === 1) return found[0];
  const { settings } = study.description;
  if (found.length === 0) {
    const [first] = study.searched;
    fail(
      `no configuration has these values; the best one has ${typeable(first.configuration.values, settings)}`,
    );
  }
  const configurations = found.map(({ configuration }) => configuration);
  const columns = hyperColumns(configurations, settings);
  const shown = found.slice(0, SHOWN)
    .map(({ rank, configuration }) => `#${rank} (${configurationLabel(columns, configuration)})`);
  const more = found.length > SHOWN ? ` and ${found.length - SHOWN} more` : "";
  fail(`${found.length} configurations have these values; choose one: ${shown.join(", ")}${more}`);
}

/** `lr=0.1,momentum=0.9`: the hyper-parameters that vary. */
function typeable(values: HyperValues, settings: ComparedStudy["description"]["settings"]): string {
  return hyperColumns([{ index: 0, values }], settings).filter(({ varies }) => varies)
    .map(({ name, format }) => `${name}=${format(values[name])}`).join(",");
}
