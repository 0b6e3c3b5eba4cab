/**
 * Every random number that optbench decides by comes from here; random_state.ts draws published streams again.
 *
 * A stream is named by a seed and a purpose, such as `new Random(42, "shuffle")`, so that what one part of a training
 * run draws never shifts what another part gets. The name is hashed into the whole 128-bit state of the generator:
 * pure-rand's own seeding leaves nearby seeds visibly alike (the first number drawn is the same for all of them).
 */
import { createHash } from "node:crypto";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { JumpableRandomGenerator } from "pure-rand/types/JumpableRandomGenerator";
import { normalPair } from "./polar.ts";

/** Where a stream of random numbers is. Plain data. */
export interface StreamState {
  /** The 128 bits of the generator, as four signed integers. */
  readonly generator: readonly number[];
  readonly spareNormal?: number;
}

/** A stream of random numbers, the same on every machine and runtime. */
export class Random {
  #generator: JumpableRandomGenerator;
  /** Normal numbers are drawn in pairs; this is the one not yet handed out. */
  #spareNormal: number | undefined;

  /**
   * @param seed any safe integer
   * @param purpose what the numbers are for; streams of different purposes are independent
   * @throws {RangeError} when the seed is not a safe integer.
   */
  constructor(seed: number, purpose: string) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`Invalid seed ${seed}: expected an integer`);
    const hash = createHash("sha256").update(`${seed} ${purpose}`).digest();
    this.#generator = xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => hash.readInt32LE(offset)));
  }

  /** Where the stream is now: one that is put there draws the same from there on. */
  state(): StreamState {
    const generator = this.#generator.getState();
    return this.#spareNormal === undefined ? { generator } : { generator, spareNormal: this.#spareNormal };
  }

  /** Puts the stream where it, or another, once was. */
  restore({ generator, spareNormal }: StreamState): void {
    this.#generator = xoroshiro128plusFromState(generator);
    this.#spareNormal = spareNormal;
  }

  /** Uniform in [0, 1), a multiple of 2^-53. */
  uniform(): number {
    return uniformFloat64(this.#generator);
  }

  /** Standard normal: mean 0, variance 1. */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    const [first, second] = normalPair(() => this.uniform());
    this.#spareNormal = second;
    return first;
  }

  /**
   * Fills with 1, each with that probability, and 0. Half of a 32-bit number decides a value; where it falls on the
   * threshold itself, a number of its own decides, so that the probability is exact.
   */
  fillBernoulli(values: Uint8Array, probability: number): void {
    const threshold = Math.floor(probability * 65536);
    const rest = probability * 65536 - threshold;
    const decide = (half: number) =>
      half < threshold || (half === threshold && this.uniform() < rest) ? 1 : 0;
    for (let i = 0; i < values.length; i += 2) {
      const word = this.#generator.next();
      values[i] = decide(word >>> 16);
      // Beyond the end of an odd length, nothing is stored.
      values[i + 1] = decide(word & 0xffff);
    }
  }

  /** The integers 0 to n - 1, every order equally likely (Fisher & Yates, from the inside out). */
  shuffled(n: number): Int32Array {
    const order = new Int32Array(n);
    for (let i = 0; i < n; i++) {
      const place = uniformInt(this.#generator, 0, i);
      order[i] = order[place];
      order[place] = i;
    }
    return order;
  }
}
