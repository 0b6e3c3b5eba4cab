/** Worker threads that train groups of trials side by side. */
import { Worker } from "node:worker_threads";
import type { Program } from "../training/program.ts";
import type { GroupListener } from "../training/trainer.ts";
import type { TrialOutcome } from "../trial.ts";
import type { GroupRequest, WorkerReply } from "./worker.ts";

/** A group for the pool; the program travels only to a thread that has not had it. */
export type PoolRequest = GroupRequest & { readonly program: Program };

/** A set of threads that each train one group at a time. A thread that died is replaced when it is next needed. */
export class WorkerPool {
  #threads = new Set<TrainingThread>();
  #idle: TrainingThread[] = [];
  #closed = false;
  /** Seen by all threads; 1 asks them to stop after the call into the runtime that they are in. */
  #stop = new Int32Array(new SharedArrayBuffer(4));

  /** Starts `size` threads ahead of their first group. */
  constructor(size: number) {
    for (let i = 0; i < size; i++) this.#idle.push(this.#start());
  }

  /**
   * Trains one group. The caller has at most as many in flight as the pool has threads. A thread that crashes fails the
   * trials of its own group, with the reason, and no others.
   *
   * @returns an outcome for each member of the group.
   */
  async run(request: PoolRequest, listener: GroupListener = {}): Promise<readonly TrialOutcome[]> {
    if (this.#closed) return failures(request, "the study was stopped");
    let thread = this.#idle.pop();
    if (!thread || thread.dead) thread = this.#start();
    const outcomes = await thread.run(request, listener);
    if (thread.dead) this.#threads.delete(thread);
    else this.#idle.push(thread);
    return outcomes;
  }

  /**
   * Stops all threads; trials in progress end as failed. A thread in native code cannot be ended without harm, so each is
   * waited for until its call returns, a fraction of a second at most.
   */
  async close(): Promise<void> {
    this.#closed = true;
    Atomics.store(this.#stop, 0, 1);
    await Promise.all([...this.#threads].map((thread) => thread.stop()));
    this.#threads.clear();
    this.#idle = [];
  }

  #start(): TrainingThread {
    const thread = new TrainingThread(this.#stop);
    this.#threads.add(thread);
    return thread;
  }
}

function failures({ members }: GroupRequest, error: string): TrialOutcome[] {
  return members.map(() => ({ status: "failed", error }));
}

class TrainingThread {
  dead = false;
  #worker: Worker;
  #work: Promise<unknown> = Promise.resolve();
  #programs = new Set<string>();
  #onReply: (reply: WorkerReply) => void = () => {};
  #onDeath: (reason: string) => void = () => {};

  constructor(stop: Int32Array) {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: stop });
    const died = (reason: string) => {
      this.dead = true;
      this.#onDeath(reason);
    };
    this.#worker.on("message", (reply: WorkerReply) => this.#onReply(reply));
    this.#worker.on("error", (error: Error) => died(`the worker thread crashed: ${error.message}`));
    this.#worker.on("exit", () => died("the worker thread stopped"));
  }

  run(request: PoolRequest, listener: GroupListener): Promise<readonly TrialOutcome[]> {
    const outcomes = new Promise<readonly TrialOutcome[]>((resolve) => {
      this.#onReply = (reply) => {
        if (reply.kind === "outcomes") resolve(reply.outcomes);
        else if (reply.kind === "epoch") listener.onEpoch?.(reply.member, reply.metrics);
        else listener.onSteps?.(reply.progress);
      };
      this.#onDeath = (reason) => resolve(failures(request, reason));
      const { program, ...rest } = request;
      this.#worker.postMessage(this.#programs.has(request.programKey) ? rest : { ...rest, program });
      this.#programs.add(request.programKey);
    });
    this.#work = outcomes;
    return outcomes;
  }

  async stop(): Promise<void> {
    await this.#work;
    await this.#worker.terminate();
  }
}
