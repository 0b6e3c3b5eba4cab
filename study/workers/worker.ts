/**
 * The thread that trains, one group of trials after another. It receives compiled programs and never loads
 * TensorFlow.js.
 */
import { parentPort, workerData } from "node:worker_threads";
import { loadTask, type TaskChoice } from "../../tasks/load.ts";
import type { Shuffle } from "../settings/settings.ts";
import type { Program } from "../training/program.ts";
import { type GroupMember, type LoadedProgram, loadProgram, train } from "../training/trainer.ts";
import type { EpochMetrics, EpochProgress, TrialOutcome } from "../trial.ts";

export interface GroupRequest {
  readonly task: TaskChoice;
  readonly members: readonly GroupMember[];
  /** Names the program; `program` itself comes along the first time. */
  readonly programKey: string;
  readonly program?: Program;
  readonly epochs: number;
  readonly batchSize: number;
  readonly shuffle: Shuffle;
  /** Threads that one operation may use. */
  readonly threads: number;
  /** Seconds that the group has already cost: tracing and lowering its program. */
  readonly tracingSeconds: number;
}

export type WorkerReply =
  | { readonly kind: "epoch"; readonly member: number; readonly metrics: EpochMetrics }
  | { readonly kind: "steps"; readonly progress: EpochProgress }
  | { readonly kind: "outcomes"; readonly outcomes: readonly TrialOutcome[] };

/** Shared with the pool, which sets it to 1. */
const stop: Int32Array = workerData;

const loaded = new Map<string, LoadedProgram>();

async function runGroup(request: GroupRequest): Promise<TrialOutcome[]> {
  const startMs = performance.now() - request.tracingSeconds * 1000;
  let program = loaded.get(request.programKey);
  let compileSeconds = 0;
  if (!program) {
    program = await loadProgram(request.program!, request.threads);
    loaded.set(request.programKey, program);
    compileSeconds = (performance.now() - startMs) / 1000;
  }
  const { epochs, batchSize, shuffle } = request;
  return train(
    program,
    await loadTask(request.task),
    request.members,
    { epochs, batchSize, shuffle, startMs, compileSeconds },
    () => Atomics.load(stop, 0) !== 0,
    {
      onEpoch: (member, metrics) => reply({ kind: "epoch", member, metrics }),
      onSteps: (progress) => reply({ kind: "steps", progress }),
    },
  );
}

function reply(message: WorkerReply): void {
  parentPort!.postMessage(message);
}

parentPort!.on("message", async (request: GroupRequest) => {
  let outcomes: TrialOutcome[];
  try {
    outcomes = await runGroup(request);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    outcomes = request.members.map(() => ({ status: "failed", error: reason }));
  }
  reply({ kind: "outcomes", outcomes });
});
