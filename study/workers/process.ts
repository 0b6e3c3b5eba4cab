/** A worker process, as the study sees it. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { Duplex } from "node:stream";
import { scriptCommand } from "../../engine/script.ts";
import type { Program } from "../training/program.ts";
import type { Recipe } from "../training/recipe.ts";
import type { GroupListener, GroupOutcome } from "../training/member.ts";
import { describeDeath } from "./death.ts";
import { FrameReader, REPLIES_FD, REQUESTS_FD, toFrame } from "./frames.ts";
import type { GroupRequest, WorkerReply } from "./messages.ts";

/** A group for a worker; the program travels only to a process that has not had it. */
export type PoolRequest = GroupRequest & { readonly program: Program | Recipe };

/** An outcome for each member of a group that could not be trained to its end. */
export function failures({ members }: GroupRequest, reason: string): GroupOutcome[] {
  return members.map(() => ({ status: "failed", reason }));
}

/** The group that is being trained. */
interface Work {
  readonly request: PoolRequest;
  readonly listener: GroupListener;
  readonly resolve: (outcomes: readonly GroupOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

/** How much of what a worker printed to stderr last is kept to explain its death. */
const STDERR_CHARACTERS = 4096;
/** How long the pipes of a process that ended may stay open: one that it started can hold them. */
const LINGER_MS = 1000;
/** Silence is measured in so many parts: when the study itself was suspended, only one of them has passed unheard. */
const SILENT_PARTS = 10;

/**
 * Trains one group at a time. It is in a process group and session of its own, so that a Ctrl-C reaches the study alone.
 * What it prints is dropped, but for the line of stderr that tells why it died.
 */
export class WorkerProcess {
  /** Settled when the process has ended. */
  readonly gone: Promise<void>;
  /** Whether it can take no more groups. */
  dead = false;
  readonly #child: ChildProcess;
  readonly #hangMs: number;
  readonly #programs = new Set<string>();
  #work: Work | undefined;
  #stderr = "";
  /** Why it was killed, where the study did so. */
  #killedFor: string | undefined;
  #silentParts = 0;
  #watch: ReturnType<typeof setInterval> | undefined;

  /** Starts it, with variables beside those of this process; it is ready for a group at once. */
  constructor(hangMs: number, variables: Readonly<Record<string, string>>) {
    this.#hangMs = hangMs;
    const [runtime, ...args] = scriptCommand(new URL("./worker.ts", import.meta.url));
    this.#child = spawn(runtime, [...args, String(process.pid)], {
      detached: true,
      env: { ...process.env, ...variables },
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    });
    this.gone = new Promise((resolve) => {
      const end = (reason: string) => {
        this.#end(reason);
        resolve();
      };
      this.#child.on("error", ({ message }) => end(`the worker process could not be started: ${message}`));
      const ended = (code: number | null, signal: string | null) =>
        end(describeDeath(code, signal, this.#stderr));
      // Its last replies and words may still be on their way when it exits; "close" comes after them.
      this.#child.on("exit", (code, signal) => setTimeout(ended, LINGER_MS, code, signal).unref());
      this.#child.on("close", ended);
    });
    this.#listen();
  }

  /**
   * Trains a group.
   *
   * @returns an outcome for each of its members; those of a process that dies, or is killed, fail with the reason.
   * @throws whatever the listener throws, after killing the process; and what cannot be sent.
   */
  run(request: PoolRequest, listener: GroupListener): Promise<readonly GroupOutcome[]> {
    return new Promise((resolve, reject) => {
      const { program, ...rest } = request;
      const frame = toFrame(this.#programs.has(request.programKey) ? rest : { ...rest, program });
      this.#programs.add(request.programKey);
      this.#work = { request, listener, resolve, reject };
      this.#watchOver();
      this.#pipe(REQUESTS_FD).write(frame);
    });
  }

  /** Ends the process at once. Nothing of a training has to be saved. */
  kill(reason: string): void {
    this.dead = true;
    this.#killedFor ??= reason;
    this.#child.kill("SIGKILL");
  }

  #pipe(fd: number): Duplex {
    return this.#child.stdio[fd] as Duplex;
  }

  #listen(): void {
    const reader = new FrameReader<WorkerReply>();
    this.#pipe(REPLIES_FD).on("data", (chunk: Uint8Array) => {
      this.#silentParts = 0;
      for (const reply of reader.push(chunk)) this.#receive(reply);
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARACTERS);
    });
    // A broken pipe means that the process ended, which is told of elsewhere.
    for (const stream of this.#child.stdio) stream?.on("error", () => {});
  }

  #receive(reply: WorkerReply): void {
    if (!this.#work) return;
    const { listener, resolve, reject } = this.#work;
    try {
      switch (reply.kind) {
        case "epoch":
          return listener.onEpoch?.(reply.member, reply.metrics, reply.seconds);
        case "steps":
          return listener.onSteps?.(reply.progress);
        case "checkpoint":
          return listener.onCheckpoint?.(reply.checkpoints);
        case "outcomes":
          this.#rest();
          resolve(reply.outcomes);
      }
    } catch (error) {
      this.#rest();
      this.kill("nobody listens to it");
      reject(error);
    }
  }

  #watchOver(): void {
    this.#silentParts = 0;
    this.#watch = setInterval(() => {
      if (++this.#silentParts < SILENT_PARTS) return;
      this.kill(`no sign of life for ${this.#hangMs / 1000} s: the worker process was ended`);
    }, this.#hangMs / SILENT_PARTS);
  }

  #rest(): void {
    clearInterval(this.#watch);
    this.#work = undefined;
  }

  #end(reason: string): void {
    const work = this.#work;
    this.dead = true;
    this.#rest();
    for (const stream of this.#child.stdio) stream?.destroy();
    work?.resolve(failures(work.request, this.#killedFor ?? reason));
  }
}
