/** A ranking of solvers over tasks, for people and for programs. */
import { profileChart } from "../charts/profile_chart.ts";
import { configurationLabel, formatNumber, hyperColumns } from "../format.ts";
import { formatTarget } from "../goal.ts";
import { type PerformanceProfiles, performanceProfiles } from "../statistics/profiles.ts";
import { fold, textTable } from "../text_table.ts";
import { type CostName, type SolverCost, type SolverCosts, solverCosts, type SolverKind } from "./costs.ts";
import type { ComparedStudy } from "./study.ts";

export interface Ranking extends SolverCosts {
  readonly cost: CostName;
  readonly profiles: PerformanceProfiles;
  /** Sentences without a full stop. */
  readonly warnings: readonly string[];
}

/** Up to which factor profiles are drawn and their areas count, as in AlgoPerf. */
const LIMIT = 4;
/** Factors of the table. */
const TAUS = [1, 1.25, 1.5, 2, LIMIT];

/**
 * Ranks the solvers of some studies by what it costs them to reach the targets.
 *
 * @throws {SpaceError} where they cannot be ranked, as solverCosts says.
 */
export function rankSolvers(studies: readonly ComparedStudy[], cost: CostName, by: SolverKind): Ranking {
  const found = solverCosts(studies, cost, by);
  return {
    ...found,
    cost,
    profiles: performanceProfiles(found.costs, { limit: LIMIT }),
    warnings: warningsOf(found, cost),
  };
}

function warningsOf({ costs, leftOut }: SolverCosts, cost: CostName): string[] {
  const chosen = costs.filter(({ chosenOf }) => chosenOf > 1);
  const differing = [...Map.groupBy(costs, ({ task }) => task)].flatMap(([task, group]) => {
    const values = new Set(group.map((found) => limitsOf(found, cost)));
    return values.size === 1 ? [] : [`${task} ${[...values].join(", ")}`];
  });
  return [
    ...leftOut.map(({ task, lacks }) => `${task} is left out, as it lacks ${lacks.join(", ")}`),
    ...chosen.length > 0
      ? [
        `${
          chosen.length === costs.length ? "all" : `${chosen.length} of ${costs.length}`
        } configurations were ` +
        `chosen as the cheapest of up to ${
          Math.max(...chosen.map(({ chosenOf }) => chosenOf))
        } on these seeds; ` +
        "that flatters them: run optbench sweep --protocol deepobs for unbiased figures",
      ]
      : [],
    ...differing.length > 0 ? [`the trainings differ: ${differing.join("; ")}`] : [],
  ];
}

/** What bounds or changes costs besides the solver. */
function limitsOf({ study, stage }: SolverCost, cost: CostName): string {
  const { settings, cpu } = study.description;
  const { epochs, batchSize, jobs, threads, groupSize } = settings;
  const rows = settings.taskChoice.heldOut && stage === "search" ? ", judged on held-out rows" : "";
  const training = `${epochs} epochs of batch ${batchSize}${rows}`;
  if (cost !== "seconds") return training;
  return `${training} by ${jobs} jobs of ${threads} threads, ${groupSize} together, on ${
    cpu.model ?? "unknown"
  }`;
}

export function rankingText(ranking: Ranking, { width, colors }: { width: number; colors: boolean }): string {
  const { profiles: { profiles, taus }, cost, warnings } = ranking;
  const title = `${cost} to target, medians over seeds: ${targetsOf(ranking).join(", ")}`;
  return [
    fold(title, width),
    scoreTable(ranking, width),
    fold(`Shares of tasks: on which it is the ${MEANING}.`, width),
    costTable(ranking, width),
    profileChart(profiles, taus, { limit: LIMIT, width, colors }),
    ...warnings.length > 0 ? [warnings.map((text) => fold(`Beware: ${text}.`, width, 2)).join("\n")] : [],
  ].join("\n\n");
}

const MEANING =
  "best, on which it reaches the target at all, and at no more than so many times the best cost; " +
  `area: their mean over all factors up to ${LIMIT}`;

/** `digits_mlp test accuracy 92 %` */
function targetsOf({ costs, profiles: { tasks } }: Ranking): string[] {
  return tasks.map((task) => {
    const { settings } = costs.find((cost) => cost.task === task)!.study.description;
    return `${task} test ${settings.metric} ${formatTarget(settings)}`;
  });
}

/** The solvers, and their profiles at a few factors. */
function scoreTable({ profiles: { profiles, taus } }: Ranking, width: number): string {
  const head = [
    "solver",
    "area",
    "mean rank",
    "best",
    "solved",
    ...TAUS.slice(1).map((tau) => `in x${tau}`),
  ];
  const rows = profiles.map(({ solver, area, meanRank, best, solved, rho }) => [
    solver,
    area.toFixed(2),
    formatNumber(meanRank, 3),
    percent(best),
    percent(solved),
    ...TAUS.slice(1).map((tau) => percent(rho[taus.findLastIndex((own) => own <= tau)])),
  ]);
  return textTable({ head, rows, right: head.map((_, i) => i).slice(1) }, width);
}

/** A row a task and solver: its cost, and the configuration that it was measured with. */
function costTable({ profiles: { profiles, tasks }, costs, cost }: Ranking, width: number): string {
  const best = new Map(
    tasks.map((task) => {
      const known = costs.filter((cost) => cost.task === task).flatMap(({ cost }) => cost ?? []);
      return [task, known.length === 0 ? undefined : Math.min(...known)];
    }),
  );
  const rows = tasks.flatMap((task) =>
    profiles.map(({ solver }) => {
      const found = costs.find((cost) => cost.task === task && cost.solver === solver)!;
      const lowest = best.get(task);
      const factor = found.cost === undefined || !lowest
        ? NOTHING
        : `x${formatNumber(found.cost / lowest, 3)}`;
      return [
        task,
        solver,
        found.cost === undefined ? "never" : formatNumber(found.cost),
        factor,
        labelOf(found),
      ];
    })
  );
  const head = ["task", "solver", cost, "factor", "with"];
  const room = Math.max(20, width - widthOf(head, rows));
  const folded = rows.flatMap((row) =>
    fold(row[4], room).split("\n").map((part, i) =>
      i === 0 ? [...row.slice(0, 4), part] : ["", "", "", "", part]
    )
  );
  return textTable({ head, rows: folded, right: [2, 3] }, width);
}

const NOTHING = "-";

/** Of all columns but the last, with the gap before it. */
function widthOf(head: readonly string[], rows: readonly (readonly string[])[]): number {
  return head.slice(0, -1).reduce(
    (sum, title, i) => sum + 2 + Math.max(title.length, ...rows.map((row) => row[i].length)),
    0,
  );
}

function labelOf({ study, configuration }: SolverCost): string {
  const configurations = study.searched.map(({ configuration }) => configuration);
  return configurationLabel(hyperColumns(configurations, study.description.settings), configuration);
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

export function rankingJson({ cost, costs, leftOut, profiles, warnings }: Ranking): unknown {
  return {
    cost: `${cost}_to_target`,
    tasks: profiles.tasks,
    leftOut,
    taus: profiles.taus,
    solvers: profiles.profiles,
    costs: costs.map(({ task, solver, cost, study, configuration, stage, chosenOf, seeds }) => ({
      task,
      solver,
      // Null where the target was not reached.
      cost: cost ?? null,
      directory: study.folder,
      configuration: configuration.index,
      values: configuration.values,
      stage,
      chosenOf,
      seeds,
    })),
    warnings,
  };
}
