/** A longer round of the same is in bench/chaos.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../datasets/random.ts";
import { disturb, scenarios, undisturbed } from "./_chaos.ts";

/** Of each study: 35 in all. */
const KILLS = 7;

const seed = Date.now();

for (const scenario of scenarios) {
  test(
    `${scenario.name}: killed again and again, it ends as if nothing had happened`,
    { timeout: 180_000 },
    async () => {
      const reference = await undisturbed(scenario);
      const { resumes: _, ...damage } = await disturb(reference, KILLS, new Random(seed, scenario.name));
      const { trials } = reference;
      assert.deepEqual(
        damage,
        { kills: KILLS, trials: trials.length, lost: [], differing: [], twice: 0, left: [] },
        `seed ${seed}`,
      );
    },
  );
}
