import { availableParallelism } from "node:os";
import type { StudyRequest } from "./request.ts";

/**
 * How many trials at a time, and with how many threads each: which changes none of their numbers. On an accelerator it is
 * one at a time, as two would only take turns.
 */
export function shareProcessors(
  { jobs, threads, device = "cpu" }: Pick<StudyRequest, "jobs" | "threads" | "device">,
  trials: number,
  isLarge: boolean,
): { jobs: number; threads: number } {
  const processors = availableParallelism();
  const share = (among: number) => Math.max(1, Math.floor(processors / among));
  const atATime = jobs ?? (device === "cpu" ? Math.min(share(threads ?? 1), trials) : 1);
  const needsThreads = isLarge && (device === "cpu" || device === "tensorflow");
  return { jobs: atATime, threads: threads ?? (needsThreads ? share(atATime) : 1) };
}
