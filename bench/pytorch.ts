import process from "node:process";
import { Peer } from "./peer_process.ts";

const PYTHON = process.env.OPTBENCH_PYTHON ?? "/usr/bin/python3";

/** What is measured: numbers, and lists of them, by name. */
type Reply<Lists extends string> = Readonly<Record<string, number> & Record<Lists, number[]>>;

/** PyTorch on the CPU. */
export class PyTorch {
  readonly #peer: Peer;

  private constructor(script: string, options: readonly string[], environment?: Record<string, string>) {
    const file = new URL(script, import.meta.url).pathname;
    this.#peer = new Peer({ name: `bench/${script}`, command: [PYTHON, file, ...options], environment });
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

  /** @throws {Error} when it cannot do what a request asks for, or has ended. */
  async ask<Lists extends string = never>(request: unknown): Promise<Reply<Lists>> {
    try {
      return await this.#peer.ask<Reply<Lists>>(request);
    } catch (error) {
      const hint = "is PyTorch there? (Debian: python3-torch libopenblas0-pthread)";
      throw new Error(`${PYTHON} ${this.#peer.side.name}: ${(error as Error).message}; ${hint}`);
    }
  }

  close(): void {
    this.#peer.close();
  }
}
