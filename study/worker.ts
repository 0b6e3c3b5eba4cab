/**
 * The thread that trains, one trial after another. It receives compiled programs and never loads TensorFlow.js.
 */
import { parentPort } from "node:worker_threads";
import { getTask } from "../tasks/registry.ts";
import type { Program } from "./program.ts";
import { type LoadedProgram, loadProgram, train } from "./trainer.ts";
import type { EpochMetrics, TrialOutcome } from "./trial.ts";

export interface TrialRequest {
  readonly task: string;
  /** Names the program; `program` itself comes along the first time. */
  readonly programKey: string;
  readonly program?: Program;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly coefficients: Readonly<Record<string, number>>;
  /** Seconds that this trial has already cost: tracing and lowering its program. */
  readonly tracingSeconds: number;
}

export type WorkerReply =
  | { readonly kind: "epoch"; readonly metrics: EpochMetrics }
  | { readonly kind: "outcome"; readonly outcome: TrialOutcome };

const loaded = new Map<string, LoadedProgram>();

async function runTrial(request: TrialRequest): Promise<TrialOutcome> {
  const startMs = performance.now() - request.tracingSeconds * 1000;
  let program = loaded.get(request.programKey);
  let compileSeconds = 0;
  if (!program) {
    program = await loadProgram(request.program!);
    loaded.set(request.programKey, program);
    compileSeconds = (performance.now() - startMs) / 1000;
  }
  return train(
    program,
    getTask(request.task),
    { ...request, startMs, compileSeconds },
    (metrics) => reply({ kind: "epoch", metrics }),
  );
}

function reply(message: WorkerReply): void {
  parentPort!.postMessage(message);
}

parentPort!.on("message", async (request: TrialRequest) => {
  try {
    reply({ kind: "outcome", outcome: await runTrial(request) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    reply({ kind: "outcome", outcome: { status: "failed", error: reason } });
  }
});
