import { availableParallelism } from "node:os";
import type { StudyRequest } from "./request.ts";

/** How many trials at a time, and with how many threads each: which changes none of their numbers. */
export function shareProcessors(
  { jobs, threads }: Pick<StudyRequest, "jobs" | "threads">,
  trials: number,
  isLarge: boolean,
): { jobs: number; threads: number } {
  const processors = availableParallelism();
  const share = (among: number) => Math.max(1, Math.floor(processors / among));
  const atATime = jobs ?? Math.min(share(threads ?? 1), trials);
  return { jobs: atATime, threads: threads ?? (isLarge ? share(atATime) : 1) };
}
