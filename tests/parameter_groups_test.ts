import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type GroupRule,
  overrideProblem,
  type Overrides,
  partition,
  type Role,
  roles,
  withOverrides,
} from "../optim/groups.ts";
import { legalRange } from "../optim/hyperparameter.ts";
import { getOptimizer, optimizerNames, sharedHyperparameters } from "../optim/registry.ts";
import { parseGroupRule } from "../study/settings/group_rules.ts";
import { groupParameters } from "../study/settings/parameter_groups.ts";
import { planStudy } from "../study/settings/plan.ts";
import type { StudyRequest } from "../study/settings/request.ts";
import { SpaceError } from "../study/space/values.ts";
import { assertClose } from "./_compiled.ts";
import { configurationsOf } from "./_results.ts";
import { epochsOf, groupsOf } from "./_studies.ts";
import { slope, takeSteps } from "./_trials.ts";

const roleOf: Record<string, Role> = {
  conv1_w: "weight",
  conv1_b: "bias",
  norm_gain: "norm",
  norm_bias: "norm",
  conv2_w: "weight",
  conv2_b: "bias",
};

const rules = (...texts: string[]) => texts.map(parseGroupRule);

test("without rules all parameters are one group", () => {
  assert.deepEqual(partition(roleOf, []), [{ parameters: Object.keys(roleOf), overrides: {} }]);
});

test("parameters are chosen by role, by name, and by a pattern of names", () => {
  const chosen = (selector: string) =>
    partition(roleOf, rules(`${selector}:lr=1`)).find(({ overrides }) => "lr" in overrides)!.parameters;
  assert.deepEqual(chosen("bias"), ["conv1_b", "conv2_b"]);
  assert.deepEqual(chosen("norm"), ["norm_gain", "norm_bias"]);
  assert.deepEqual(chosen("conv2_w"), ["conv2_w"]);
  assert.deepEqual(chosen("conv*"), ["conv1_w", "conv1_b", "conv2_w", "conv2_b"]);
  assert.deepEqual(chosen("*_b*"), ["conv1_b", "norm_bias", "conv2_b"]);
  assert.deepEqual(chosen("*"), Object.keys(roleOf));
});

test("groups stand in the order of their first parameters, and what has the same overrides is one", () => {
  assert.deepEqual(
    partition(roleOf, rules("conv2_b,norm:lr=1,momentum=0", "bias:momentum=0", "conv1_b:lr=1")),
    [
      { parameters: ["conv1_w", "conv2_w"], overrides: {} },
      {
        parameters: ["conv1_b", "norm_gain", "norm_bias", "conv2_b"],
        overrides: { momentum: { value: 0 }, lr: { value: 1 } },
      },
    ],
  );
});

test("of two rules for a hyper-parameter the later one holds, whichever is narrower", () => {
  const lr = (...texts: string[]) =>
    partition(roleOf, rules(...texts)).map(({ parameters, overrides }) => [parameters[0], overrides.lr]);
  assert.deepEqual(lr("bias:lr=1", "conv1_b:lr=2x"), [["conv1_w", undefined], ["conv1_b", { times: 2 }], [
    "conv2_b",
    { value: 1 },
  ]]);
  assert.deepEqual(lr("conv1_b:lr=2x", "bias:lr=1"), [["conv1_w", undefined], ["conv1_b", { value: 1 }]]);
});

test("characters with a meaning in regular expressions stand for themselves", () => {
  const named: Record<string, Role> = { "w.1": "weight", wx1: "weight", "w(2)+": "weight" };
  const [{ parameters }] = partition(named, rules("wx1:lr=2", "w.1:lr=1"));
  assert.deepEqual(parameters, ["w.1"]);
  assert.deepEqual(partition(named, rules("w(*)+:lr=1"))[1].parameters, ["w(2)+"]);
});

test("a rule that names no parameter is refused, with those that there are", () => {
  assert.throws(
    () => partition(roleOf, rules("biases:lr=1")),
    new RangeError(
      'No parameter is called or has the role "biases": there are conv1_w, conv1_b, norm_gain, norm_bias, ' +
        "conv2_w, conv2_b; roles: weight, bias, norm",
    ),
  );
  const many = Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`w${i}`, "weight" as const]));
  assert.throws(
    () => partition(many, rules("bias:lr=1")),
    /there are w0, .*, w11, \.\.\.; roles: weight$/,
  );
});

test("every parameter is in exactly one group, with what the last rule for it says", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[ab]{1,3}$/), { minLength: 1, maxLength: 8 });
  const drawn = names.chain((names) =>
    fc.record({
      roleOf: fc.tuple(...names.map(() => fc.constantFrom(...roles)))
        .map((drawn) => Object.fromEntries(names.map((name, i) => [name, drawn[i]]))),
      rules: fc.array(
        fc.record({
          parameters: fc.subarray([...names, "*"], { minLength: 1 }),
          overrides: fc.dictionary(
            fc.constantFrom("lr", "momentum"),
            fc.constantFrom({ value: 0 }, { value: 1 }, { times: 2 }),
            { noNullPrototype: true },
          ),
        }),
        { maxLength: 5 },
      ),
    })
  );
  fc.assert(fc.property(drawn, ({ roleOf, rules }: { roleOf: Record<string, Role>; rules: GroupRule[] }) => {
    const groups = partition(roleOf, rules);
    const names = Object.keys(roleOf);
    assert.deepEqual(groups.flatMap(({ parameters }) => parameters).toSorted(), names.toSorted());
    const firsts = groups.map(({ parameters }) => names.indexOf(parameters[0]));
    assert.deepEqual(firsts, firsts.toSorted((a, b) => a - b));
    const keys = groups.map(({ overrides }) => JSON.stringify([overrides.lr, overrides.momentum]));
    assert.equal(new Set(keys).size, keys.length, "what has the same overrides is one group");
    for (const { parameters, overrides } of groups) {
      for (const name of parameters) {
        const expected: Record<string, Overrides[string]> = {};
        for (const { parameters, overrides } of rules) {
          if (parameters.includes(name) || parameters.includes("*")) Object.assign(expected, overrides);
        }
        assert.deepEqual({ ...overrides }, expected);
      }
    }
  }));
});

test("an override is a value in place of the configuration's, or a multiple of it", () => {
  const values = { lr: 0.5, momentum: 0.75, nesterov: true };
  const overrides = { lr: { times: 0.5 }, momentum: { value: 0 }, nesterov: { value: false } };
  assert.deepEqual(withOverrides(values, overrides), { lr: 0.25, momentum: 0, nesterov: false });
  assert.deepEqual(withOverrides(values, {}), values);
});

test("an override has to be legal by itself", () => {
  const { hyperparameters } = getOptimizer("adam");
  const problem = (text: string) => {
    const [[name, override]] = Object.entries(parseGroupRule(`w:${text}`).overrides);
    return overrideProblem(hyperparameters, name, override);
  };
  for (const text of ["lr=0", "lr=0x", "lr=10x", "beta1=0.5", "beta1=2x"]) {
    assert.equal(problem(text), undefined);
  }
  assert.equal(problem("beta1=1"), "beta1 1 is illegal; use a finite number >= 0 and < 1");
  assert.equal(problem("lr=-1"), "lr -1 is illegal; use a finite number >= 0");
  assert.equal(problem("lr=true"), "lr true is illegal; use a finite number >= 0");
  assert.equal(problem("lr=-1x"), "-1 times lr is no value; use a finite number >= 0");
  assert.equal(problem("lr=1e999x"), "Infinity times lr is no value; use a finite number >= 0");
  assert.equal(
    problem("schedule=2x"),
    `2 times schedule is no value; use ${legalRange(hyperparameters.schedule)}`,
  );
  assert.equal(
    problem("rho=1"),
    `parameters cannot have a rho of their own; use one of ${Object.keys(hyperparameters).join(", ")}`,
  );
});

const request: StudyRequest = {
  optimizer: { name: "sgd" },
  task: "digits_mlp",
  values: { lr: [0.5], momentum: [0.5], nesterov: [false], weight_decay: [0.25] },
};

const planned = async (changes: Partial<StudyRequest>) =>
  (await planStudy({ ...request, ...changes })).parameterGroups;

test("excluded parameters have no weight decay", async () => {
  assert.deepEqual(await planned({ exclude: ["bias", "w2"] }), [
    { parameters: ["w1"], overrides: {} },
    { parameters: ["b1", "w2", "b2"], overrides: { weight_decay: { value: 0 } } },
  ]);
});

test("excluded parameters of an optimizer that scales layer by layer are not scaled either", async () => {
  for (const name of optimizerNames) {
    const has = Object.keys(getOptimizer(name).hyperparameters);
    const [, { overrides }] = await planned({ optimizer: { name }, values: { lr: [1] }, exclude: ["bias"] });
    assert.deepEqual(overrides, {
      ...has.includes("weight_decay") && { weight_decay: { value: 0 } },
      ...has.includes("layerwise") && { layerwise: { value: false } },
    }, name);
  }
});

test("excluded parameters of LARS descend along their gradients, whatever the decay of the others", async () => {
  const given = { lr: 0.5, trust_coefficient: 0.25, weight_decay: 0.5 };
  const [, { overrides }] = await planned({
    optimizer: { name: "lars" },
    values: { lr: [1] },
    exclude: ["bias"],
  });
  const { params } = await takeSteps(slope, given, 1, {
    optimizer: "lars",
    rules: [{ parameters: ["b"], overrides }],
  });
  // a: q = 0.25 1 / (3 + 0.5 1 + eps), d = q (3 + 0.5 1).
  assertClose(params.a, [1 - 0.5 * 0.25 / (3.5 + 1e-8) * 3.5], 1e-12);
  assert.deepEqual(params.b, [2 - 0.5 * 4]);
});

test("of an optimizer without decay and layer-wise scaling there is nothing to exclude parameters from", () => {
  const { weight_decay: _, ...hyperparameters } = getOptimizer("sgd").hyperparameters;
  const optimizer = { ...getOptimizer("sgd"), name: "plain", hyperparameters };
  assert.throws(
    () => groupParameters(slope, optimizer, { exclude: ["bias", "a"] }),
    new SpaceError(
      "Cannot exclude bias, a from what plain does not have: weight decay and layer-wise scaling",
    ),
  );
  assert.equal(groupParameters(slope, optimizer, {}).length, 1);
});

test("a rule holds for what is excluded, too", async () => {
  assert.deepEqual(
    await planned({ exclude: ["bias"], groupRules: rules("b1:weight_decay=0.5", "b2:lr=2x") }),
    [
      { parameters: ["w1", "w2"], overrides: {} },
      { parameters: ["b1"], overrides: { weight_decay: { value: 0.5 } } },
      { parameters: ["b2"], overrides: { weight_decay: { value: 0 }, lr: { times: 2 } } },
    ],
  );
});

const PROBLEM = "Cannot give parameters of digits_mlp hyper-parameters of their own: ";
const own = Object.keys(getOptimizer("sgd").hyperparameters)
  .filter((name) => !Object.hasOwn(sharedHyperparameters, name)).join(", ");

for (
  const [what, changes, problem] of [
    [
      "a parameter that does not exist",
      { groupRules: rules("w3:lr=1") },
      'No parameter is called or has the role "w3": there are w1, b1, w2, b2; roles: weight, bias',
    ],
    [
      "an excluded parameter that does not exist",
      { exclude: ["bias", "norm"] },
      'No parameter is called or has the role "norm": there are w1, b1, w2, b2; roles: weight, bias',
    ],
    [
      "an illegal value",
      { groupRules: rules("b1:lr=1,momentum=-1") },
      "momentum -1 is illegal; use a finite number >= 0",
    ],
    [
      "a multiple of a flag",
      { groupRules: rules("b1:nesterov=2x") },
      "2 times nesterov is no value; use true or false",
    ],
    [
      "what the optimizer does not have",
      { groupRules: rules("b1:beta1=0.5") },
      `parameters cannot have a beta1 of their own; use one of ${own}`,
    ],
    ...Object.keys(sharedHyperparameters).map((name) =>
      [
        `what holds for a step as a whole: ${name}`,
        { groupRules: rules(`b1:${name}=0`) },
        `parameters cannot have a ${name} of their own; use one of ${own}`,
      ] as const
    ),
  ] as const
) {
  test(`a study refuses to give parameters ${what}`, async () => {
    await assert.rejects(() => planStudy({ ...request, ...changes }), new SpaceError(`${PROBLEM}${problem}`));
  });
}

test("counts hold for a step as a whole, and cannot differ between parameters", async () => {
  const optimizer = { name: "sam" } as const;
  await assert.rejects(
    () => planStudy({ ...request, optimizer, groupRules: rules("b1:micro_batches=2") }),
    /: parameters cannot have a micro_batches of their own; use one of rho, adaptive, lr, /,
  );
  const [, { overrides }] = await planned({ optimizer, groupRules: rules("b1:rho=0.5x,adaptive=false") });
  assert.deepEqual(overrides, { rho: { times: 0.5 }, adaptive: { value: false } });
});

test("points that a group's overrides make illegal are left out, counted by reason", async () => {
  const settings = await planStudy({
    ...request,
    values: { ...request.values, momentum: [0, 0.5], dampening: [0, 0.5] },
    groupRules: rules("bias:nesterov=true"),
  });
  assert.deepEqual(configurationsOf(settings).map(({ values }) => [values.momentum, values.dampening]), [[
    0.5,
    0,
  ]]);
  assert.deepEqual(settings.leftOut, [
    {
      reason: "b1: Invalid hyper-parameters for sgd: nesterov true needs momentum > 0, got momentum 0",
      count: 2,
    },
    {
      reason: "b1: Invalid hyper-parameters for sgd: nesterov true needs dampening 0, got dampening 0.5",
      count: 1,
    },
  ]);
});

test("a multiple that leaves the legal range makes its point illegal", async () => {
  const settings = await planStudy({
    ...request,
    optimizer: { name: "adam" },
    values: { lr: [1], beta1: [0.25, 0.5, 0.75], beta2: [0.5] },
    groupRules: rules("w2:beta1=2x"),
  });
  assert.deepEqual(configurationsOf(settings).map(({ values }) => values.beta1), [0.25]);
  assert.deepEqual(settings.leftOut.map(({ reason }) => reason), [
    "w2: Invalid beta1 1 for adam: expected a finite number >= 0 and < 1",
    "w2: Invalid beta1 1.5 for adam: expected a finite number >= 0 and < 1",
  ]);
});

test("half the learning rate halves a parameter's steps", async () => {
  const { params } = await takeSteps(slope, { lr: 0.25 }, 3, { rules: rules("b:lr=0.5x") });
  assert.deepEqual(params, { a: [1 - 3 * 0.25 * 3], b: [2 - 3 * 0.125 * 4] });
});

test("each group decays, keeps a momentum and is scheduled by its own hyper-parameters", async () => {
  const { params } = await takeSteps(slope, { lr: 0.25, weight_decay: 0.5 }, 2, {
    rules: rules("bias:momentum=0.5,weight_decay=0,lr=0.125"),
    factors: [1, 0.5],
  });
  const a = 1 - 0.25 * (3 + 0.5);
  assert.deepEqual(params.a, [a - 0.125 * (3 + 0.5 * a)]);
  assert.deepEqual(params.b, [2 - 0.125 * 4 - 0.0625 * 4 * 1.5]);
});

test("trials of a group share the structure of their parameter groups, each with its own numbers", async () => {
  const settings = await planStudy({
    ...request,
    values: { ...request.values, lr: [1, 2] },
    groupRules: rules("bias:lr=0.5x,weight_decay=0"),
  });
  const [{ structure, coefficients, trials }, ...others] = groupsOf(settings);
  assert.deepEqual([trials.length, others.length], [2, 0]);
  assert.deepEqual(structure.map(({ parameters }) => parameters), [["w1", "w2"], ["b1", "b2"]]);
  assert.deepEqual(structure.map(({ literals }) => literals.weight_decay), [undefined, 0]);
  assert.deepEqual(coefficients.map((fed) => [fed["hyper/0/lr"], fed["hyper/1/lr"]]), [[1, 0.5], [2, 1]]);
});

test("a study trains by its parameter groups: with all rates zero but that of the biases, only they move", async () => {
  const study = async (changes: Partial<StudyRequest>) => {
    const [epochs] = await epochsOf(await planStudy({ ...request, epochs: 2, jobs: 1, ...changes }));
    return epochs.map(({ testLoss }) => testLoss);
  };
  const still = await study({ values: { lr: [0] } });
  assert.equal(still[0], still[1]);
  const biases = await study({ values: { lr: [0] }, groupRules: rules("bias:lr=0.5") });
  const alike = await study({ values: { lr: [0.5] }, groupRules: rules("weight:lr=0x") });
  assert.ok(biases[1] < biases[0] && biases[0] < still[0]);
  alike.forEach((loss, i) => assert.ok(Math.abs(loss - biases[i]) < 1e-6));
});
