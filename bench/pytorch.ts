/** PyTorch in a process of its own, which answers one request at a time. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import process from "node:process";

const PYTHON = process.env.OPTBENCH_PYTHON ?? "/usr/bin/python3";

/** What is measured: numbers, and lists of them, by name. */
type Reply<Lists extends string> = Readonly<Record<string, number> & Record<Lists, number[]>>;

export class PyTorch {
  readonly #script: string;
  readonly #process;
  readonly #lines;

  private constructor(script: string, options: readonly string[], environment: Record<string, string> = {}) {
    this.#script = script;
    const file = new URL(script, import.meta.url).pathname;
    const env = { ...process.env, ...environment };
    this.#process = spawn(PYTHON, [file, ...options], { env, stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /**
   * As fast as it can be made.
   *
   * @param blas whose threads OpenBLAS uses: bench/pytorch/machine.py says which is better for what
   */
  static tuned(blas: "pthread" | "openmp"): PyTorch {
    return new PyTorch("peer.py", ["--blas", blas]);
  }

  /** As scripts are usually written. */
  static plain(threads: number): PyTorch {
    return new PyTorch("plain.py", [], { OPENBLAS_NUM_THREADS: String(threads) });
  }

  /** @throws {Error} when it cannot do what a request asks for, or has stopped. */
  async ask<Lists extends string = never>(request: unknown): Promise<Reply<Lists>> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) {
      throw new Error(
        `${PYTHON} bench/${this.#script} stopped: is PyTorch there? (Debian: python3-torch libopenblas0-pthread)`,
      );
    }
    const reply = JSON.parse(value);
    if (reply.error) throw new Error(`bench/${this.#script}: ${reply.error}`);
    return reply;
  }

  close(): void {
    this.#process.stdin.end();
  }
}
