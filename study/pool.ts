/** Worker threads that train trials side by side. */
import { Worker } from "node:worker_threads";
import type { Program } from "./program.ts";
import type { EpochMetrics, TrialOutcome } from "./trial.ts";
import type { TrialRequest, WorkerReply } from "./worker.ts";

/** A trial for the pool; the program travels only to a thread that has not had it. */
export type PoolTrial = TrialRequest & { readonly program: Program };

/** A set of threads that each run one trial at a time. A thread that died is replaced when it is next needed. */
export class WorkerPool {
  #threads = new Set<TrainingThread>();
  #idle: TrainingThread[] = [];
  #closed = false;

  /** Starts `size` threads ahead of their first trial. */
  constructor(size: number) {
    for (let i = 0; i < size; i++) this.#idle.push(this.#start());
  }

  /**
   * Runs one trial. The caller has at most as many in flight as the pool has threads. A thread that crashes fails its
   * own trial, with the reason, and no other.
   */
  async run(trial: PoolTrial, onEpoch: (metrics: EpochMetrics) => void): Promise<TrialOutcome> {
    if (this.#closed) return { status: "failed", error: "the study was stopped" };
    const thread = this.#idle.pop() ?? this.#start();
    const outcome = await thread.run(trial, onEpoch);
    if (thread.dead) this.#threads.delete(thread);
    else this.#idle.push(thread);
    return outcome;
  }

  /** Stops all threads, in the middle of their trials if need be: those end as failed. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#threads].map((thread) => thread.stop()));
    this.#threads.clear();
    this.#idle = [];
  }

  #start(): TrainingThread {
    const thread = new TrainingThread();
    this.#threads.add(thread);
    return thread;
  }
}

class TrainingThread {
  dead = false;
  #worker = new Worker(new URL("./worker.ts", import.meta.url));
  #programs = new Set<string>();
  #onReply: (reply: WorkerReply) => void = () => {};

  constructor() {
    const died = (reason: string) => {
      this.dead = true;
      this.#onReply({ kind: "outcome", outcome: { status: "failed", error: reason } });
    };
    this.#worker.on("message", (reply: WorkerReply) => this.#onReply(reply));
    this.#worker.on("error", (error: Error) => died(`the worker thread crashed: ${error.message}`));
    this.#worker.on("exit", () => died("the worker thread stopped"));
  }

  run(trial: PoolTrial, onEpoch: (metrics: EpochMetrics) => void): Promise<TrialOutcome> {
    return new Promise((resolve) => {
      this.#onReply = (reply) => {
        if (reply.kind === "outcome") resolve(reply.outcome);
        else onEpoch(reply.metrics);
      };
      if (this.dead) return resolve({ status: "failed", error: "the worker thread did not start" });
      const { program, ...rest } = trial;
      this.#worker.postMessage(this.#programs.has(trial.programKey) ? rest : { ...rest, program });
      this.#programs.add(trial.programKey);
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
