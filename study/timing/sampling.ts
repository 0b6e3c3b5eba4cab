/** How many steps a sample takes: so many that neither the clock nor the reading at its end weighs much. */

/** Milliseconds of a sample, at least. A study reads losses less often. */
const SAMPLE_MS = 50;
/** A first guess may be far off. */
const MOST_GROWTH = 10;

/**
 * Hardly more steps than a sample needs, from trials that grow.
 *
 * @param quantum what their number is a multiple of.
 * @param time takes some steps, and says how many milliseconds that took.
 */
export async function stepsOfSample(
  quantum: number,
  time: (steps: number) => Promise<number>,
): Promise<number> {
  for (let steps = quantum;;) {
    // The lesser of two, or a moment in which the machine did something else would make samples too short.
    const ms = Math.min(await time(steps), await time(steps));
    if (ms >= SAMPLE_MS) return steps;
    const growth = Math.min(MOST_GROWTH, 1.1 * SAMPLE_MS / ms);
    steps = quantum * Math.ceil(growth * steps / quantum);
  }
}

/** The least of a few measurements of what is too short to be sampled for long. */
export async function least(time: () => Promise<number>): Promise<number> {
  return Math.min(await time(), await time(), await time());
}
