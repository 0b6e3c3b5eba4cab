/**
 * The sides of a comparison: configurations of studies, each with its trials. The best of many
 * configurations, chosen and compared by the same trials, is so partly by luck; a side says out of how many
 * it was chosen in that way.
 */
import type { HyperValue } from "../../optim/hyperparameter.ts";
import { SpaceError } from "../../study/space/values.ts";
import { findName, unknownName } from "../../study/space/expression.ts";
import type { Configuration, Stage } from "../../study/trial.ts";
import { configurationLabel, formatValue, hyperColumns } from "../format.ts";
import type { RecordedTrial } from "../store/record.ts";
import type { ConfigurationSummary } from "../summary.ts";
import type { ComparedStudy } from "./study.ts";

export interface Side {
  readonly study: ComparedStudy;
  readonly configuration: Configuration;
  /** In the search, from 1. */
  readonly rank: number;
  readonly stage: Stage;
  /** All trials of that configuration and stage. */
  readonly trials: readonly RecordedTrial[];
  /** Out of how many configurations it was chosen by these very trials; 1 where it was not. */
  readonly chosenOf: number;
  /** The value that sets it apart, where sides are the values of one hyper-parameter: `nesterov true`. */
  readonly value?: string;
}

/**
 * The best configuration of a study: by the final trials of its protocol, if there are any, else by the
 * search.
 */
export function best(study: ComparedStudy): Side {
  const { searched, final } = study;
  if (final.length === 0) return sideOf(study, searched[0], searched.length);
  const { index } = final[0].configuration;
  return named(study, searched.find(({ configuration }) => configuration.index === index)!);
}

/**
 * A configuration that the user named: its final trials, if there are any, else those of the search.
 *
 * @param chosenOf out of how many configurations it was chosen by its trials in the search. Default: 1.
 */
export function named(study: ComparedStudy, summary: ConfigurationSummary, chosenOf = 1): Side {
  const final = study.final.find(({ configuration }) => configuration.index === summary.configuration.index);
  return final === undefined
    ? sideOf(study, summary, chosenOf)
    : sideOf(study, { ...final, rank: summary.rank }, 1);
}

/**
 * The best configuration of a study, and the next ones.
 *
 * @param top how many of these.
 * @throws {SpaceError} where there is only one.
 */
export function bestAndNext(study: ComparedStudy, top: number): Side[] {
  const { searched, folder } = study;
  if (searched.length === 1) {
    throw new SpaceError(
      `Cannot compare ${
        JSON.stringify(folder)
      } within itself: it has one configuration; name another study too`,
    );
  }
  return searched.slice(0, top + 1).map((summary, i) =>
    sideOf(study, summary, i === 0 ? searched.length : 1)
  );
}

/**
 * The best configuration for each value of a hyper-parameter, the best of all first.
 *
 * @param typed its name.
 * @param top how many to compare the best with. Default: all.
 * @throws {SpaceError} where there is no such hyper-parameter, or it has one value, or many of which all are
 * asked for.
 */
export function bestByValue(study: ComparedStudy, typed: string, top?: number): Side[] {
  const { searched, folder, optimizer, description } = study;
  const fail = (problem: string): never => {
    throw new SpaceError(`Cannot compare ${JSON.stringify(folder)} by ${JSON.stringify(typed)}: ${problem}`);
  };
  if (typed === "opt") fail(`all of it is ${optimizer}; name a study of each optimizer instead`);
  const names = Object.keys(description.settings.space);
  const name = findName(typed, names) ?? fail(unknownName(typed, names));
  const groups = Map.groupBy(searched, ({ configuration }) => configuration.values[name]);
  if (groups.size === 1) fail(`${name} is always ${formatValue(searched[0].configuration.values[name])}`);
  if (top === undefined && groups.size > MOST_VALUES) {
    fail(`${name} has ${groups.size} values; compare the best of them alone, with --top 5`);
  }
  const columns = hyperColumns(searched.map(({ configuration }) => configuration), description.settings);
  const { format } = columns.find((column) => column.name === name)!;
  return [...groups].slice(0, (top ?? MOST_VALUES) + 1).map(([value, group]) => ({
    ...sideOf(study, group[0], group.length),
    value: `${name} ${format(value as HyperValue)}`,
  }));
}

/** Values that are all compared unless the user says how many. */
const MOST_VALUES = 20;

/** Hyper-parameters of a side that vary in its study. */
export function labelOf({ study, configuration }: Side): string {
  const configurations = study.searched.map(({ configuration }) => configuration);
  return configurationLabel(hyperColumns(configurations, study.description.settings), configuration);
}

function sideOf(study: ComparedStudy, summary: ConfigurationSummary, chosenOf: number): Side {
  const { rank, configuration, stage } = summary;
  const trials = study.trials.filter((trial) =>
    trial.stage === stage && trial.configuration.index === configuration.index
  );
  return { study, configuration, rank, stage, trials, chosenOf };
}

/** Short names that tell the sides apart. */
export function namesOf(sides: readonly Side[]): string[] {
  const ways: ((side: Side) => string)[] = [
    ({ study, value }) => value ?? study.optimizer,
    ({ study }) => study.name,
    ({ rank }) => `#${rank}`,
    ({ study, rank }) => `${study.optimizer}#${rank}`,
    ({ study, rank }) => `${study.name}#${rank}`,
    ({ study, rank }) => `${study.folder}#${rank}`,
  ];
  const names = ways.map((way) => sides.map(way));
  return names.find((names) => new Set(names).size === sides.length) ?? names.at(-1)!;
}
