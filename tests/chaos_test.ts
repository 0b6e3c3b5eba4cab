/** A longer round of the same is in bench/chaos.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../datasets/random.ts";
import { disturb, scenarios, undisturbed } from "./_chaos.ts";

/** Of each study's processes: 30 in all. */
const KILLS = 6;

const seed = Date.now();

for (const scenario of scenarios) {
  test(
    `${scenario.name}: killed again and again, it ends as if nothing had happened`,
    { timeout: 180_000 },
    async () => {
      const reference = await undisturbed(scenario);
      const damage = await disturb(reference, KILLS, new Random(seed, scenario.name));
      const { kills, trials, lost, differing, twice, left } = damage;
      assert.deepEqual(
        { kills, trials, lost, differing, twice, left },
        { kills: KILLS, trials: reference.trials.length, lost: [], differing: [], twice: 0, left: [] },
        `seed ${seed}: ${JSON.stringify(damage)}`,
      );
    },
  );
}
