/** The random numbers that a task's model takes with each batch. */
import { Random, type StreamState } from "../../datasets/random.ts";
import { sizeOf } from "../../datasets/shape.ts";
import type { Noise } from "../../tasks/task.ts";

type Declared = Readonly<Record<string, Noise>>;
type Drawn = Float32Array | Uint8Array;

/** Draws the noise of batch after batch; what a batch gets does not depend on how many are drawn at once. */
export class NoiseStream {
  readonly #random: Random;
  readonly #noise: Declared;
  readonly #batchSize: number;

  /** @param purpose as a `Random`'s */
  constructor(noise: Declared, seed: number, purpose: string, batchSize: number) {
    this.#noise = noise;
    this.#random = new Random(seed, purpose);
    this.#batchSize = batchSize;
  }

  /** After what was drawn so far. */
  state(): StreamState {
    return this.#random.state();
  }

  /** Goes on from where this stream, or another, once was. */
  restore(state: StreamState): void {
    this.#random.restore(state);
  }

  /** For so many steps, by name: [steps, batch, ...shape of a row]. */
  draw(steps: number): Record<string, Drawn> {
    const all: Record<string, Drawn> = {};
    const entries = Object.entries(this.#noise);
    for (const [name, { kind, shape }] of entries) {
      const size = steps * this.#batchSize * sizeOf(shape);
      all[name] = kind === "bernoulli" ? new Uint8Array(size) : new Float32Array(size);
    }
    for (let step = 0; step < steps; step++) {
      for (const [name, noise] of entries) {
        const size = all[name].length / steps;
        fill(all[name].subarray(step * size, (step + 1) * size), noise, this.#random);
      }
    }
    return all;
  }
}

/** Bytes that a step's noise takes. */
export function noiseBytes(noise: Declared, batchSize: number): number {
  return Object.values(noise).reduce(
    (sum, { kind, shape }) => sum + batchSize * sizeOf(shape) * (kind === "bernoulli" ? 1 : 4),
    0,
  );
}

function fill(values: Drawn, noise: Noise, random: Random): void {
  if (noise.kind === "bernoulli") {
    random.fillBernoulli(values as Uint8Array, noise.probability);
    return;
  }
  const draw = noise.kind === "normal" ? () => random.normal() : () => random.uniform();
  for (let i = 0; i < values.length; i++) values[i] = draw();
}
