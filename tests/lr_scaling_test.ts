import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type LrScaling, parseLrScaling, scalingFactor } from "../study/settings/lr_scaling.ts";
import { planStudy } from "../study/settings/plan.ts";
import type { StudyRequest } from "../study/settings/request.ts";
import { SpaceError } from "../study/space/values.ts";
import { configurationsOf } from "./_results.ts";
import { groupsOf } from "./_studies.ts";
import { slope, takeSteps } from "./_trials.ts";
import { optbench } from "./cli.ts";

test("the learning rate follows the batch in proportion, or its square root", () => {
  assert.equal(scalingFactor({ rule: "linear", batch: 256 }, 1024), 4);
  assert.equal(scalingFactor({ rule: "sqrt", batch: 256 }, 1024), 2);
  assert.equal(scalingFactor({ rule: "linear", batch: 256 }, 64), 0.25);
});

test("on the batch that the rate is meant for it is itself, and factors multiply from batch to batch", () => {
  const size = fc.integer({ min: 1, max: 1e6 });
  const rule = fc.constantFrom<LrScaling["rule"]>("linear", "sqrt");
  fc.assert(fc.property(rule, size, size, size, (rule, a, b, c) => {
    assert.equal(scalingFactor({ rule, batch: a }, a), 1);
    const both = scalingFactor({ rule, batch: a }, b) * scalingFactor({ rule, batch: b }, c);
    assert.ok(Math.abs(both / scalingFactor({ rule, batch: a }, c) - 1) < 1e-14);
  }));
});

test("a rule is read with its batch", () => {
  fc.assert(fc.property(
    fc.constantFrom<LrScaling["rule"]>("linear", "sqrt"),
    fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    (rule, batch) => assert.deepEqual(parseLrScaling(`${rule}:${batch}`), { rule, batch }),
  ));
});

for (
  const text of [
    "",
    "linear",
    "linear:",
    "linear:0",
    "linear:-1",
    "linear:1.5",
    "cubic:256",
    "sqrt: 256",
    "256",
  ]
) {
  test(`the scaling "${text}" is refused`, () => {
    assert.throws(
      () => parseLrScaling(text),
      new SpaceError(
        `Cannot parse learning-rate scaling "${text}": write linear:256 or sqrt:256, with the batch that lr is meant for`,
      ),
    );
  });
}

const request: StudyRequest = {
  optimizer: { name: "sgd" },
  task: "digits_mlp",
  values: { lr: [0.25, 1], momentum: [0.5], nesterov: [false] },
};

test("a study feeds the scaled rate, and keeps the one that was given", async () => {
  const settings = await planStudy({
    ...request,
    batchSize: 128,
    lrScaling: { rule: "linear", batch: 32 },
    groupRules: [
      { parameters: ["b1"], overrides: { lr: { value: 0.125 } } },
      { parameters: ["b2"], overrides: { lr: { times: 2 } } },
    ],
  });
  assert.deepEqual(settings.lrScaling, { rule: "linear", batch: 32, factor: 4 });
  assert.deepEqual(configurationsOf(settings).map(({ values }) => values.lr), [0.25, 1]);
  const [{ coefficients, structure }] = groupsOf(settings);
  assert.deepEqual(structure.map(({ parameters }) => parameters), [["w1", "w2"], ["b1"], ["b2"]]);
  assert.deepEqual(
    coefficients.map((fed) => [fed["hyper/0/lr"], fed["hyper/1/lr"], fed["hyper/2/lr"]]),
    [[1, 0.5, 2], [4, 0.5, 8]],
  );
  assert.ok(coefficients.every((fed) => fed["hyper/0/momentum"] === 0.5));
});

test("without a rule the rate is used as it is, whatever the batch", async () => {
  const settings = await planStudy({ ...request, batchSize: 128 });
  assert.equal(settings.lrScaling, undefined);
  const [{ coefficients }] = groupsOf(settings);
  assert.deepEqual(coefficients.map((fed) => fed["hyper/0/lr"]), [0.25, 1]);
});

test("steps are longer by the factor", async () => {
  const { params } = await takeSteps(slope, { lr: 0.25 }, 3, { lrScale: 2 });
  assert.deepEqual(params, { a: [1 - 3 * 0.5 * 3], b: [2 - 3 * 0.5 * 4] });
});

test("a run says by what its rate is scaled, and what else sets it apart", { timeout: 60_000 }, () => {
  const line =
    "run --task digits_logreg --opt sgd --lr 0.25 --epochs 1 --quiet --batch-size 64 --accumulate 2 " +
    "--lr-scaling linear:32 --exclude bias --for w1:lr=0.5x";
  const { code, stdout } = optbench(line.split(" "));
  assert.equal(code, 0);
  assert.deepEqual(stdout.split("\n").slice(0, 6), [
    "sgd on digits_logreg: 1 epoch, batch 64, seed 1",
    "with lr 0.25",
    "lr scaled by 64/32 = 2",
    "each batch in 2 parts of 32 rows",
    "w1: lr 0.5x",
    "b1: weight_decay 0",
  ]);
});
