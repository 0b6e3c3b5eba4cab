import { SpaceError } from "../space/values.ts";

/** A part of a study, for machines that share no folder: every so manieth configuration. */
export interface Shard {
  /** From 1. */
  readonly number: number;
  readonly of: number;
}

/**
 * Reads `3/8`: the third of eight.
 *
 * @throws {SpaceError} for anything else.
 */
export function parseShard(text: string): Shard {
  const [, number, of] = text.match(/^(\d+)\/(\d+)$/)?.map(Number) ?? [];
  if (number >= 1 && number <= of) return { number, of };
  throw new SpaceError(`Cannot parse shard "${text}": write 3/8 for the third of eight`);
}

/** Whether a configuration, by its number from 0, is part of the shard. */
export function isInShard(configuration: number, shard: Shard | undefined): boolean {
  return shard === undefined || configuration % shard.of === shard.number - 1;
}
