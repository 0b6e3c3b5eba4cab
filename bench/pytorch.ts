/** PyTorch in a process of its own, bench/peer.py, which answers one request at a time. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import process from "node:process";

const PYTHON = process.env.OPTBENCH_PYTHON ?? "/usr/bin/python3";

/** What is measured: numbers, and lists of them, by name. */
type Reply<Lists extends string> = Readonly<Record<string, number> & Record<Lists, number[]>>;

export class PyTorch {
  readonly #process;
  readonly #lines;

  /** @param blas whose threads OpenBLAS uses: bench/pytorch/machine.py says which is better for what */
  constructor(blas: "pthread" | "openmp") {
    const peer = new URL("./peer.py", import.meta.url).pathname;
    this.#process = spawn(PYTHON, [peer, "--blas", blas], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** @throws {Error} when it cannot do what a request asks for, or has stopped. */
  async ask<Lists extends string = never>(request: unknown): Promise<Reply<Lists>> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) {
      throw new Error(
        `${PYTHON} bench/peer.py stopped: is PyTorch there? (Debian: python3-torch libopenblas0-pthread)`,
      );
    }
    const reply = JSON.parse(value);
    if (reply.error) throw new Error(`bench/peer.py: ${reply.error}`);
    return reply;
  }

  close(): void {
    this.#process.stdin.end();
  }
}
