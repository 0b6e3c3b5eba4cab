/** Worker processes that train groups of trials side by side. */
import process from "node:process";
import type { DeviceName } from "../../engine/device.ts";
import { type DeviceEnvironment, deviceEnvironment } from "../../engine/devices/environment.ts";
import type { GroupListener, GroupOutcome } from "../training/member.ts";
import { failures, type PoolRequest, WorkerProcess } from "./process.ts";

export interface PoolOptions {
  /**
   * A worker that trains a group and gives no sign of life for about so many milliseconds is killed. A call into the
   * runtime gives none, so this has to be longer than the evaluation of a test set. Default: ten minutes.
   */
  readonly hangMs?: number;
  /** What the groups train on. Default: `cpu`. */
  readonly device?: DeviceName;
  /** Threads that one operation may use, on the CPU. Default: 1. */
  readonly threads?: number;
}

const HANG_MS = 600_000;
const STOPPED = "the study was stopped";

/**
 * A set of processes that each train one group at a time. None outlives the study: close() kills them, as does the end
 * of the program; and where that is killed itself, they end when they come out of the runtime.
 */
export class WorkerPool {
  readonly #hangMs: number;
  readonly #environment: DeviceEnvironment;
  readonly #workers = new Set<WorkerProcess>();
  #idle: WorkerProcess[] = [];
  #closed = false;

  /**
   * Starts `size` processes ahead of their first group.
   *
   * @throws {DeviceError} where the folder of CUDA's libraries cannot be used.
   */
  constructor(size: number, { hangMs = HANG_MS, device = "cpu", threads }: PoolOptions = {}) {
    this.#hangMs = hangMs;
    this.#environment = deviceEnvironment(device, threads);
    process.on("exit", this.#end);
    for (let i = 0; i < size; i++) this.#idle.push(this.#start());
  }

  /**
   * Trains one group. The caller has at most as many in flight as the pool has processes. One that dies or hangs fails
   * the trials of its own group, with the reason, and no others; another takes its place when it is next needed.
   *
   * @returns an outcome for each member of the group.
   * @throws whatever the listener throws, after stopping the group.
   */
  async run(request: PoolRequest, listener: GroupListener = {}): Promise<readonly GroupOutcome[]> {
    if (this.#closed) return failures(request, STOPPED);
    let worker = this.#idle.pop();
    if (!worker || worker.dead) worker = this.#start();
    try {
      return await worker.run(request, listener);
    } finally {
      if (!worker.dead) this.#idle.push(worker);
    }
  }

  /** Kills all processes, and waits until they are gone; trials in progress end as failed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#kill();
    await Promise.all([...this.#workers].map(({ gone }) => gone));
    process.off("exit", this.#end);
    this.#environment.remove();
    this.#idle = [];
  }

  #start(): WorkerProcess {
    const worker = new WorkerProcess(this.#hangMs, this.#environment.variables);
    this.#workers.add(worker);
    worker.gone.then(() => this.#workers.delete(worker));
    return worker;
  }

  #kill(): void {
    for (const worker of this.#workers) worker.kill(STOPPED);
  }

  readonly #end = () => {
    this.#kill();
    this.#environment.remove();
  };
}
