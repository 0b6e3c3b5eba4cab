/** Which trials of a study are meant, and in which order its configurations stand: `--where` and `--sort`. */
import { getOptimizer } from "../optim/registry.ts";
import type { StudySettings } from "../study/settings/settings.ts";
import { parseExpression } from "../study/space/expression.ts";
import type { Kind, Row } from "../study/space/expression_tree.ts";
import { parseSort } from "../study/space/sort.ts";
import { type Column, summaryColumns, trialColumns } from "./export/columns.ts";
import type { RecordedTrial } from "./store/record.ts";
import type { ConfigurationSummary } from "./summary.ts";

/** Columns of trials.csv that hold words; the others, but for hyper-parameters, hold numbers. */
const WORDS = ["task", "optimizer", "base", "stage", "status", "reason"];

/**
 * Reads a condition on trials. It may name the hyper-parameters and all columns of trials.csv.
 *
 * @throws {SpaceError} for a text outside the grammar, an unknown name, or a value of another kind.
 */
export function trialFilter(text: string, settings: StudySettings): (trial: RecordedTrial) => boolean {
  const columns = trialColumns(settings);
  const names = columns.map(([name]) => name);
  const expression = parseExpression(text, names, kindsOf(names, settings));
  const used = columns.filter(([name]) => expression.names.includes(name));
  return (trial) => expression.holds(rowOf(used, trial));
}

/**
 * Reads an order of configurations. It may name the hyper-parameters and all columns of summary.csv; those of a mean or
 * else a median go without that ending too: `test_accuracy` is `test_accuracy_mean`.
 *
 * @throws {SpaceError} for an unknown or repeated name.
 */
export function configurationOrder(
  text: string,
  settings: StudySettings,
): (summaries: readonly ConfigurationSummary[]) => ConfigurationSummary[] {
  const columns = withShortNames(summaryColumns(settings));
  const order = parseSort(text, columns.map(([name]) => name));
  const used = columns.filter(([name]) => order.keys.some((key) => key.name === name));
  return (summaries) =>
    summaries.map((summary) => ({ summary, row: rowOf(used, summary) }))
      .sort((a, b) => order.compare(a.row, b.row))
      .map(({ summary }) => summary);
}

function rowOf<T>(columns: readonly Column<T>[], of: T): Row {
  return Object.fromEntries(columns.map(([name, cell]) => [name, cell(of)]));
}

function kindsOf(names: readonly string[], { optimizer, space }: StudySettings): Record<string, Kind> {
  const { hyperparameters } = getOptimizer(optimizer.name, optimizer.base);
  const kind = (name: string): Kind => {
    if (!Object.hasOwn(space, name)) return WORDS.includes(name) ? "text" : "number";
    const declared = hyperparameters[name].kind;
    return declared === "flag" ? "flag" : declared === "schedule" ? "text" : "number";
  };
  return Object.fromEntries(names.map((name) => [name, kind(name)]));
}

function withShortNames<T>(columns: readonly Column<T>[]): Column<T>[] {
  const all = new Map(columns);
  for (const ending of ["_mean", "_median"]) {
    for (const [name, cell] of columns) {
      const short = name.slice(0, -ending.length);
      if (name.endsWith(ending) && !all.has(short)) all.set(short, cell);
    }
  }
  return [...all];
}
