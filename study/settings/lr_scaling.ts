import { SpaceError } from "../space/values.ts";

/**
 * How the learning rate follows the batch: in proportion to its size (Goyal et al. 2017, arXiv:1706.02677, section 2.1),
 * or to its square root (Krizhevsky 2014, arXiv:1404.5997, section 5).
 */
export interface LrScaling {
  readonly rule: "linear" | "sqrt";
  /** The batch that the learning rate is meant for. */
  readonly batch: number;
}

/** What the learning rate is multiplied by for batches of that size. */
export function scalingFactor({ rule, batch }: LrScaling, batchSize: number): number {
  return rule === "linear" ? batchSize / batch : Math.sqrt(batchSize / batch);
}

/**
 * Reads `linear:256` or `sqrt:256`.
 *
 * @throws {SpaceError} for anything else.
 */
export function parseLrScaling(text: string): LrScaling {
  const [, rule, digits] = text.match(/^(linear|sqrt):(\d+)$/) ?? [];
  const batch = Number(digits);
  if (rule === undefined || !Number.isSafeInteger(batch) || batch < 1) {
    throw new SpaceError(
      `Cannot parse learning-rate scaling "${text}": write linear:256 or sqrt:256, with the batch that lr is meant for`,
    );
  }
  return { rule: rule as LrScaling["rule"], batch };
}
