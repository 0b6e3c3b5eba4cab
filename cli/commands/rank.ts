/** `optbench rank` */
import process from "node:process";
import { rankingJson, rankingText, rankSolvers } from "../../results/compare/ranking.ts";
import { readStudy } from "../../results/compare/study.ts";
import type { RankRequest } from "../requests.ts";

/** Prints a ranking of solvers over tasks, and returns the exit code. */
export function rank({ studies, cost, by, json }: RankRequest): number {
  const ranking = rankSolvers(studies.map(readStudy), cost, by);
  const { isTTY, columns } = process.stdout;
  const page = { width: columns || 80, colors: isTTY && process.stdout.hasColors() };
  const text = json ? JSON.stringify(rankingJson(ranking), null, 2) : rankingText(ranking, page);
  process.stdout.write(`${text}\n`);
  return 0;
}
