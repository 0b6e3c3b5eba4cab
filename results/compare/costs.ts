/**
 * What it costs solvers to reach the targets of tasks: the median over seeds, for the configuration for
 * which that is lowest, or the one that a protocol chose and measured anew. A seed that does not reach the
 * target costs infinitely much, so more than half of them have to.
 */
import { isOpen } from "../../study/ledger.ts";
import { SpaceError } from "../../study/space/values.ts";
import type { Configuration, Stage } from "../../study/trial.ts";
import type { Cost } from "../statistics/profiles.ts";
import { median } from "../statistics/descriptive.ts";
import type { RecordedTrial } from "../store/record.ts";
import { dataOf } from "./setup.ts";
import type { ComparedStudy } from "./study.ts";

export const costNames = ["epochs", "steps", "seconds"] as const;
export type CostName = typeof costNames[number];

/** What tells solvers apart: the optimizer, or the name of the study's folder. */
export const solverKinds = ["optimizer", "study"] as const;
export type SolverKind = typeof solverKinds[number];

/** A cost, and where it comes from. */
export interface SolverCost extends Cost {
  readonly study: ComparedStudy;
  readonly configuration: Configuration;
  readonly stage: Stage;
  /** Out of how many configurations it was chosen by these very trials; 1 where it was not. */
  readonly chosenOf: number;
  readonly seeds: number;
}

export interface SolverCosts {
  /** On the tasks that all solvers were run on. */
  readonly costs: readonly SolverCost[];
  /** The other tasks, and which solvers they lack. */
  readonly leftOut: readonly { readonly task: string; readonly lacks: readonly string[] }[];
}

/**
 * The costs of the solvers of some studies.
 *
 * @throws {SpaceError} for fewer than two solvers, two studies of one solver on a task, studies of one task
 * with other data, or no task that all solvers share.
 */
export function solverCosts(studies: readonly ComparedStudy[], cost: CostName, by: SolverKind): SolverCosts {
  const all = studies.map((study) => studyCost(study, cost, by));
  checkUnique(all, by);
  const solvers = [...new Set(all.map(({ solver }) => solver))];
  if (solvers.length < 2) {
    fail(
      `all of it is ${solvers[0]}; name studies of two ${by === "study" ? "names" : "optimizers"} at least`,
    );
  }
  const tasks = [...new Set(all.map(({ task }) => task))];
  const leftOut = tasks.flatMap((task) => {
    const ran = all.filter((cost) => cost.task === task).map(({ solver }) => solver);
    const lacks = solvers.filter((solver) => !ran.includes(solver));
    return lacks.length === 0 ? [] : [{ task, lacks }];
  });
  if (leftOut.length === tasks.length) {
    const [{ task, lacks }] = leftOut;
    fail(`no task was run with all of ${solvers.join(", ")}; ${task} lacks ${lacks.join(", ")}`);
  }
  const isLeftOut = (task: string) => leftOut.some((left) => left.task === task);
  return { costs: all.filter(({ task }) => !isLeftOut(task)), leftOut };
}

function checkUnique(costs: readonly SolverCost[], by: SolverKind): void {
  for (const [i, { solver, task, study }] of costs.entries()) {
    for (const other of costs.slice(0, i).filter((cost) => cost.task === task)) {
      if (other.solver === solver) {
        fail(
          `${other.study.folder} and ${study.folder} are both ${solver} on ${task}; leave one out` +
            (by === "optimizer" ? ", or tell them apart with --by study" : ""),
        );
      }
      if (dataOf(other.study) !== dataOf(study)) {
        fail(`${other.study.folder} and ${study.folder} train on ${task} with other data; train on the same`);
      }
    }
  }
}

function studyCost(study: ComparedStudy, cost: CostName, by: SolverKind): SolverCost {
  const { task } = study.description.settings;
  const candidates = study.final.length > 0 ? study.final : study.searched;
  const trialsByIndex = new Map(study.trials.map((trial) => [trial.index, trial]));
  const costs = candidates.map(({ trials }) => {
    const ended = trials.map((index) => trialsByIndex.get(index)!).filter((trial) => !isOpen(trial));
    const value = median(ended.map((trial) => costOf(trial, cost) ?? Infinity))!;
    // Between two infinities the median is none.
    return Number.isNaN(value) ? Infinity : value;
  });
  const lowest = costs.reduce((low, value) => Math.min(low, value));
  // Candidates are in the order of the metric, so of equal costs the one with the better metric counts.
  const { configuration, stage, trials } = candidates[costs.indexOf(lowest)];
  return {
    task,
    solver: by === "study" ? study.name : study.optimizer,
    cost: lowest === Infinity ? undefined : lowest,
    study,
    configuration,
    stage,
    chosenOf: stage === "final" ? 1 : candidates.length,
    seeds: trials.length,
  };
}

/** Undefined where the target was not reached. */
function costOf({ figures, epochs }: RecordedTrial, cost: CostName): number | undefined {
  const { epochsToTarget, secondsToTarget, steps } = figures;
  if (cost === "seconds") return secondsToTarget;
  if (cost === "epochs" || epochsToTarget === undefined) return epochsToTarget;
  return steps === undefined ? undefined : Math.round(epochsToTarget * steps / epochs);
}

function fail(problem: string): never {
  throw new SpaceError(`Cannot rank the studies: ${problem}`);
}
