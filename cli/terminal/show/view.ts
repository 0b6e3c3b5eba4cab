/** What `optbench show` looks at: a study at one moment, as much of it as is shown. */
import { Random } from "../../../datasets/random.ts";
import { varies } from "../../../study/space/domain.ts";
import { findName, unknownName } from "../../../study/space/expression.ts";
import type { StudySettings } from "../../../study/settings/settings.ts";
import { configurationOrder, trialFilter } from "../../../results/filter.ts";
import type { RecordedTrial, StudyRecord } from "../../../results/store/record.ts";
import { type ConfigurationSummary, summarize } from "../../../results/summary.ts";
import { UsageError } from "../../errors.ts";
import type { ShowRequest } from "../../requests.ts";
import { type Standing, standings } from "./standings.ts";

/** Configurations that charts and sensitivity are made of, at most: their time goes with the number. */
const MOST_SAMPLED = 1000;
/** Configurations in the table, unless more or fewer are asked for. */
export const TOP = 10;

/** What is asked for, as this study understands it. */
export interface Choice {
  readonly top: number | undefined;
  readonly where: ((trial: RecordedTrial) => boolean) | undefined;
  readonly order: ReturnType<typeof configurationOrder> | undefined;
  readonly x: string | undefined;
  readonly y: string | undefined;
}

/** A study at one moment. */
export interface View {
  /** Those that are asked for. */
  readonly trials: readonly RecordedTrial[];
  /** All configurations, the best first. */
  readonly standings: readonly Standing[];
  /** Some of them by chance, the best first, where there are very many. */
  readonly sample: readonly Standing[];
  /** Those of the table. */
  readonly top: readonly ConfigurationSummary[];
  /** The best, for their curves. */
  readonly best: readonly ConfigurationSummary[];
  readonly final: readonly ConfigurationSummary[];
}

/**
 * Reads a request in the words of a study.
 *
 * @throws {SpaceError} for a condition or an order that the study has no words for.
 * @throws {UsageError} for axes that it does not have.
 */
export function choose({ top, where, sort, x, y }: ShowRequest, settings: StudySettings): Choice {
  const choice = {
    top,
    where: where === undefined ? undefined : trialFilter(where, settings),
    order: sort === undefined ? undefined : configurationOrder(sort, settings),
    x: axis("--x", x, settings),
    y: axis("--y", y, settings),
  };
  if (choice.x !== undefined && choice.x === choice.y) {
    throw new UsageError(`--x and --y are both ${choice.x}: name two hyper-parameters`);
  }
  return choice;
}

function axis(option: string, typed: string | undefined, { space }: StudySettings): string | undefined {
  if (typed === undefined) return undefined;
  const names = Object.keys(space).filter((name) => varies(space[name]));
  const name = findName(typed, names);
  if (name !== undefined) return name;
  throw new UsageError(
    findName(typed, Object.keys(space)) === undefined
      ? `${option}: ${unknownName(typed, names)}`
      : `${option}: ${typed} has one value here; expected one of ${names.join(", ")}`,
  );
}

/** Reads the study. Only what stands in the table is summarized, as that takes longest. */
export function look(record: StudyRecord, { top = TOP, where, order }: Choice): View {
  const { settings } = record.description;
  const recorded = record.trials();
  const trials = where === undefined ? recorded : recorded.filter(where);
  const ranked = standings(trials, settings);
  const summarizeBest = (count: number) =>
    summarize(ranked.slice(0, count).flatMap(({ trials }) => trials), settings);
  const shown = order === undefined ? summarizeBest(top) : order(summarizeBest(ranked.length)).slice(0, top);
  return {
    trials,
    standings: ranked,
    sample: sample(ranked),
    top: shown,
    best: order === undefined && top >= CURVES ? shown.slice(0, CURVES) : summarizeBest(CURVES),
    final: summarize(trials, settings, "final"),
  };
}

/** Curves in the chart. */
const CURVES = 3;

function sample(ranked: readonly Standing[]): readonly Standing[] {
  if (ranked.length <= MOST_SAMPLED) return ranked;
  // The best stays, as it is pointed out.
  const drawn = new Random(0, "show").shuffled(ranked.length).subarray(0, MOST_SAMPLED);
  return [...new Set([0, ...drawn.toSorted()])].map((i) => ranked[i]);
}
