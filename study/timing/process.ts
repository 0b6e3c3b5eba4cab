/** The process in which a subject is timed, as seen from outside. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { Duplex } from "node:stream";
import { type DeviceEnvironment, deviceEnvironment } from "../../engine/devices/environment.ts";
import { scriptCommand } from "../../engine/script.ts";
import { describeDeath } from "../workers/death.ts";
import { FrameReader, REPLIES_FD, REQUESTS_FD, toFrame } from "../workers/frames.ts";
import type { Timed } from "./measure.ts";
import type { TimingReply, TimingRequest } from "./messages.ts";
import type { Preparation, Sample, Subject } from "./subject.ts";

/** How much of what it printed to stderr last is kept to explain its death. */
const STDERR_CHARACTERS = 4096;

/** It is in a process group of its own, so that a Ctrl-C reaches the command alone. What it prints is dropped. */
export class TimingProcess implements Timed {
  readonly #subject: Subject;
  readonly #child: ChildProcess;
  readonly #environment: DeviceEnvironment;
  /** Settled, with why, when it has ended. */
  readonly #death: Promise<string>;
  #receive: (reply: TimingReply) => void = () => {};

  private constructor(subject: Subject, environment: DeviceEnvironment) {
    this.#subject = subject;
    this.#environment = environment;
    const [runtime, ...args] = scriptCommand(new URL("./worker.ts", import.meta.url));
    this.#child = spawn(runtime, [...args, String(process.pid)], {
      detached: true,
      env: { ...process.env, ...environment.variables },
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    });
    let stderr = "";
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-STDERR_CHARACTERS);
    });
    const reader = new FrameReader<TimingReply>();
    this.#pipe(REPLIES_FD).on(
      "data",
      (chunk: Uint8Array) => reader.push(chunk).forEach((reply) => this.#receive(reply)),
    );
    // A broken pipe means that the process ended.
    for (const stream of this.#child.stdio) stream?.on("error", () => {});
    this.#death = new Promise((resolve) => {
      this.#child.on(
        "error",
        ({ message }) => resolve(`the worker process could not be started: ${message}`),
      );
      this.#child.on("close", (code, signal) => resolve(describeDeath(code, signal, stderr)));
    });
  }

  /** @throws {Error} where the device can be used by no process. */
  static async start(subject: Subject): Promise<TimingProcess> {
    return new TimingProcess(subject, await deviceEnvironment(subject.device, subject.threads));
  }

  /** @throws {Error} for a subject that cannot be trained, and where the process ends. */
  prepare(): Promise<Preparation> {
    return this.#ask({ kind: "prepare", subject: this.#subject }) as Promise<Preparation>;
  }

  /** @throws {Error} for a loss that is not finite, and where the process ends. */
  sample(): Promise<Sample> {
    return this.#ask({ kind: "sample" }) as Promise<Sample>;
  }

  /** Ends the process at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Ends the process, and waits until it is gone. */
  async close(): Promise<void> {
    this.kill();
    await this.#death;
    this.#environment.remove();
  }

  async #ask(request: TimingRequest): Promise<Preparation | Sample> {
    const answered = new Promise<TimingReply>((resolve) => this.#receive = resolve);
    const died = this.#death.then((reason): TimingReply => ({ reason }));
    this.#pipe(REQUESTS_FD).write(toFrame(request));
    const reply = await Promise.race([answered, died]);
    if ("reason" in reply) throw new Error(reply.reason);
    return reply.value;
  }

  #pipe(fd: number): Duplex {
    return this.#child.stdio[fd] as Duplex;
  }
}
