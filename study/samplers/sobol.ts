/**
 * Sobol's sequence (Sobol 1967), whose first 2^k points hold one point in each 2^-k of every axis, in Owen's random
 * scrambling (Owen 1995), which keeps that property and makes each point uniform: at each bit, both halves of an
 * interval change places or not, by a hash of the bits above (Burley 2020, Practical hash-based Owen scrambling, JCGT
 * 9(4)).
 */
import { Random } from "../../datasets/random.ts";
import { DIRECTIONS } from "./sobol_directions.ts";

const BITS = 32;

/**
 * By dimension and bit of an element's number, from the lowest: what the bit contributes to the coordinate times
 * 2^32.
 */
const VECTORS = [
  Uint32Array.from({ length: BITS }, (_, i) => 1 << (BITS - 1 - i)),
  ...DIRECTIONS.map(directionVectors),
];

/** A scrambled sequence in the unit cube. */
export class Sobol {
  /** One scrambling a dimension. */
  readonly #seeds: readonly number[];

  /**
   * @param seed with the purpose, names the stream of random numbers that decides the scrambling.
   * @param dimensions of the points. Beyond the first 64, a coordinate is merely random.
   */
  constructor(readonly seed: number, readonly purpose: string, readonly dimensions: number) {
    const random = new Random(seed, purpose);
    const length = Math.min(dimensions, VECTORS.length);
    this.#seeds = Array.from({ length }, () => Math.floor(random.uniform() * 2 ** 32));
  }

  /** Element number `index`, from 0 to 2^32 - 1: coordinates above 0 and below 1. */
  at(index: number): number[] {
    const coordinates = this.#seeds.map((seed, j) => (scramble(sobolBits(index, j), seed) + 0.5) / 2 ** 32);
    if (this.dimensions === coordinates.length) return coordinates;
    const random = new Random(this.seed, `${this.purpose} ${index}`);
    while (coordinates.length < this.dimensions) coordinates.push(random.uniform());
    return coordinates;
  }
}

/** The coordinate of an element, not scrambled, times 2^32. */
export function sobolBits(index: number, dimension: number): number {
  let bits = 0;
  for (let rest = index >>> 0, i = 0; rest > 0; rest >>>= 1, i++) {
    if (rest & 1) bits ^= VECTORS[dimension][i];
  }
  return bits >>> 0;
}

/**
 * The direction numbers m of the recurrence of Joe & Kuo (2008), equation 2, as v = m / 2^i (equation 3) in 32 bits.
 */
function directionVectors([polynomial, ...m]: readonly number[]): Uint32Array {
  const degree = m.length;
  for (let i = degree; i < BITS; i++) {
    let next = m[i - degree];
    for (let k = 1; k <= degree; k++) {
      if (polynomial >>> (degree - k) & 1) next ^= m[i - k] << k;
    }
    m.push(next);
  }
  return Uint32Array.from(m, (number, i) => number << (BITS - 1 - i));
}

/** Scrambles 32 bits: the hash moves information upwards only, so it works on the bits in reverse order. */
function scramble(bits: number, seed: number): number {
  return reverse(hash(reverse(bits), seed));
}

/** The hash of N. Vegdahl (2021), Building a better LK hash, after Laine & Karras (2011). */
function hash(bits: number, seed: number): number {
  bits ^= Math.imul(bits, 0x3d20adea);
  bits += seed;
  bits = Math.imul(bits, (seed >>> 16) | 1);
  bits ^= Math.imul(bits, 0x05526c56);
  return bits ^ Math.imul(bits, 0x53a22864);
}

/** The 32 bits in reverse order, as a number from 0 to 2^32 - 1. */
function reverse(bits: number): number {
  bits = (bits >>> 1 & 0x55555555) | (bits & 0x55555555) << 1;
  bits = (bits >>> 2 & 0x33333333) | (bits & 0x33333333) << 2;
  bits = (bits >>> 4 & 0x0f0f0f0f) | (bits & 0x0f0f0f0f) << 4;
  bits = (bits >>> 8 & 0x00ff00ff) | (bits & 0x00ff00ff) << 8;
  return (bits >>> 16 | bits << 16) >>> 0;
}
