/**
 * NumPy's generator of old, `numpy.random.RandomState`, whose stream is frozen (NumPy enhancement proposal 19):
 * problems that were published with it are drawn again here, number by number. What optbench itself decides by chance
 * comes from random.ts.
 */
import { mersenne } from "pure-rand/generator/mersenne";
import type { JumpableRandomGenerator } from "pure-rand/types/JumpableRandomGenerator";
import { normalPair } from "./polar.ts";

/** A stream of random numbers, the same as NumPy's for the same seed and the same calls. */
export class RandomState {
  /** Matsumoto & Nishimura 1998, MT19937, seeded as by their `init_genrand`. */
  readonly #generator: JumpableRandomGenerator;
  /** Normal numbers are drawn in pairs; this is the one not yet handed out. */
  #spareNormal: number | undefined;

  /**
   * @param seed an integer from 0 to 2^32 - 1
   * @throws {RangeError} for any other seed.
   */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new RangeError(`Invalid seed ${seed}: expected an integer from 0 to 4294967295`);
    }
    this.#generator = mersenne(seed);
  }

  /** Uniform in [low, high). Default: [0, 1), a multiple of 2^-53. */
  uniform(low = 0, high = 1): number {
    const upper = this.#generator.next() >>> 5;
    const lower = this.#generator.next() >>> 6;
    return low + (high - low) * ((upper * 2 ** 26 + lower) / 2 ** 53);
  }

  /** Normal, by the polar method; of each pair, NumPy hands out the second number first. */
  normal(mean = 0, sd = 1): number {
    let standard = this.#spareNormal;
    if (standard === undefined) [this.#spareNormal, standard] = normalPair(() => this.uniform());
    else this.#spareNormal = undefined;
    return mean + sd * standard;
  }
}
