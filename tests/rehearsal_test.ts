import assert from "node:assert/strict";
import { test } from "node:test";
import { type Rehearsed, rehearsed } from "../study/rehearsal.ts";
import { planStudy } from "../study/settings/plan.ts";
import type { StudySettings } from "../study/settings/settings.ts";

/** Any device can be rehearsed on; the CPU is everywhere. */
async function settingsFor(groupSize: number): Promise<StudySettings> {
  return {
    ...await planStudy({ task: "digits_logreg", optimizer: { name: "sgd" }, epochs: 2 }),
    groupSize,
  };
}

test("takes a size of those tried, each larger one only where it is worth it", async () => {
  const tried: Rehearsed[] = [];
  const { groupSize, groupReason } = await rehearsed(
    await settingsFor(20),
    undefined,
    (one) => tried.push(one),
  );
  assert.deepEqual(tried.map(({ size }) => size), [4, 16, 20].slice(0, tried.length));
  assert.ok(tried.every(({ stepMs }) => stepMs > 0));
  let expected = tried[0];
  for (const next of tried.slice(1)) if (expected.stepMs >= 1.1 * next.stepMs) expected = next;
  assert.equal(groupSize, expected.size);
  assert.match(groupReason, /^measured: \S+ ms a step of one trial/);
});

test("trains one at a time where no group fits into the memory", async () => {
  const { groupSize, groupReason } = await rehearsed(await settingsFor(20), 1000);
  assert.equal(groupSize, 1);
  assert.match(groupReason, /do not fit/);
});

test("leaves settings as they are where trials are too few to choose", async () => {
  const settings = await settingsFor(4);
  assert.equal(await rehearsed(settings), settings);
});
