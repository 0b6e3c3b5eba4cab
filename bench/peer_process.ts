/** A side of a comparison in a process of its own, which answers one request at a time, a line of JSON each. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import process from "node:process";

/** How a side is started. */
export interface Side {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly seconds: number;
  readonly ms_per_step: number;
}

export class Peer {
  readonly side: Side;
  readonly #process;
  readonly #lines;
  #dead: string | undefined;

  constructor(side: Side) {
    const [program, ...args] = side.command;
    this.side = side;
    this.#process = spawn(program, args, {
      env: { ...process.env, ...side.environment },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#process.on("error", ({ message }) => this.#dead = message);
    this.#process.on(
      "exit",
      (code, signal) => this.#dead ??= `it ended with ${signal ?? `exit code ${code}`}`,
    );
    // What a process that has ended is told goes nowhere.
    this.#process.stdin.on("error", () => {});
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** @throws {Error} when it cannot do what a request asks for, or has ended. */
  async ask<T = Reply>(request: unknown): Promise<T> {
    if (this.#dead === undefined) this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) {
      // Why is told by another event.
      await new Promise((resolve) => setTimeout(resolve, 100));
      throw new Error(this.#dead ?? "it has closed its output");
    }
    const reply = JSON.parse(value);
    if (reply.error) throw new Error(reply.error);
    return reply;
  }

  close(): void {
    this.#process.stdin.end();
  }
}
