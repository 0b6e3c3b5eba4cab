/**
 * Rankings of solvers over tasks. The performance profile of a solver is the share of tasks on which its cost
 * is within a factor tau of the best solver's: Dolan & More (2002), Benchmarking optimization software with
 * performance profiles, Mathematical Programming 91(2). At tau = 1 that is how often it is the best, for a
 * large tau how often it succeeds.
 */
import { mean } from "./descriptive.ts";
import { midranks } from "./ranks.ts";

/**
 * The cost of a solver on a task, such as epochs to a target: not negative; undefined where it wasn't
 * reached.
 */
export interface Cost {
  readonly task: string;
  readonly solver: string;
  readonly cost: number | undefined;
}

/** One solver's profile and ranking. */
export interface PerformanceProfile {
  readonly solver: string;
  /** The share of tasks within each of the factors. */
  readonly rho: readonly number[];
  /** Over the tasks, 1 the best; equal costs share the mean of theirs, and so do all that failed. */
  readonly meanRank: number;
  /** Shares of tasks on which it is the best, alone or not, and on which it succeeds. */
  readonly best: number;
  readonly solved: number;
  /**
   * The area under the profile from factor 1 to `limit`, of the largest possible: the score of AlgoPerf, in
   * section 4.2 of Dahl et al. (2023), Benchmarking neural network training algorithms, arXiv:2306.07179.
   */
  readonly area: number;
}

export interface PerformanceProfiles {
  readonly tasks: readonly string[];
  /** The factors, rising. */
  readonly taus: readonly number[];
  /** The best first: by area, then by mean rank. */
  readonly profiles: readonly PerformanceProfile[];
}

/**
 * The profiles of solvers that have all been run on the same tasks.
 *
 * @param options.taus factors to give the profiles at, unless all at which one rises.
 * @param options.limit up to which the area counts: 4 unless given, as in AlgoPerf.
 * @throws {RangeError} where a solver has no cost on a task that another has one on, or two, or a negative or
 * infinite one.
 */
export function performanceProfiles(
  costs: readonly Cost[],
  { taus, limit = 4 }: { taus?: readonly number[]; limit?: number } = {},
): PerformanceProfiles {
  const { tasks, solvers, table } = tabulate(costs);
  const ratios = table.map((row) => row.map((cost) => ratio(cost, Math.min(...row))));
  const ranks = table.map(midranks);
  const factors = taus?.toSorted((a, b) => a - b) ??
    [...new Set([1, ...ratios.flat().filter(Number.isFinite)])].sort((a, b) => a - b);
  const profiles = solvers.map((solver, s) => {
    const own = ratios.map((row) => row[s]);
    const within = (tau: number) => own.filter((r) => r <= tau).length / tasks.length;
    return {
      solver,
      rho: factors.map(within),
      meanRank: mean(ranks.map((row) => row[s]))!,
      best: within(1),
      solved: within(Number.MAX_VALUE),
      area: mean(own.map((r) => Math.max(0, limit - r) / (limit - 1)))!,
    };
  });
  profiles.sort((a, b) => b.area - a.area || a.meanRank - b.meanRank);
  return { tasks, taus: factors, profiles };
}

/** Infinity where it failed, even where all did; a best cost of 0 is matched by 0 alone. */
function ratio(cost: number, best: number): number {
  if (cost === Infinity) return Infinity;
  return cost === best ? 1 : cost / best;
}

/** A row for each task, a column for each solver; Infinity is a failure. */
function tabulate(costs: readonly Cost[]): { tasks: string[]; solvers: string[]; table: number[][] } {
  const tasks = [...new Set(costs.map(({ task }) => task))];
  const solvers = [...new Set(costs.map(({ solver }) => solver))];
  const rows = new Map(tasks.map((task) => [task, new Map<string, number>()]));
  for (const { task, solver, cost = Infinity } of costs) {
    const row = rows.get(task)!;
    if (row.has(solver)) fail(`${solver} has two costs on ${task}; give one, such as their median`);
    row.set(solver, cost);
  }
  for (const { task, solver, cost } of costs) {
    if (cost !== undefined && !(cost >= 0 && cost < Infinity)) {
      fail(`${solver} has the cost ${cost} on ${task}; use a finite number >= 0`);
    }
  }
  const table = tasks.map((task) =>
    solvers.map((solver) =>
      rows.get(task)!.get(solver) ??
        fail(`${solver} has no cost on ${task}; run it there, or leave the task out`)
    )
  );
  return { tasks, solvers, table };
}

function fail(problem: string): never {
  throw new RangeError(`Cannot rank solvers: ${problem}`);
}
