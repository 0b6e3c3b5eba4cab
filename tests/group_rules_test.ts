import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { GroupRule, Override } from "../optim/groups.ts";
import { describeGroup, parseGroupRule } from "../study/settings/group_rules.ts";
import { SpaceError } from "../study/space/values.ts";

test("a rule says whose and which: values, multiples, and what switches on and off", () => {
  assert.deepEqual(parseGroupRule("bias,norm:weight_decay=0"), {
    parameters: ["bias", "norm"],
    overrides: { weight_decay: { value: 0 } },
  });
  assert.deepEqual(parseGroupRule(" conv*_w , w1 : lr = 0.1x , nesterov = true, eps=1E-8,rho=.5 "), {
    parameters: ["conv*_w", "w1"],
    overrides: { lr: { times: 0.1 }, nesterov: { value: true }, eps: { value: 1e-8 }, rho: { value: 0.5 } },
  });
});

test("a hyper-parameter may be called as its option is", () => {
  assert.deepEqual(parseGroupRule("w:trust-coefficient=0.02"), parseGroupRule("w:trust_coefficient=0.02"));
});

test("of one hyper-parameter in a rule, the last setting holds", () => {
  assert.deepEqual(parseGroupRule("w:lr=1,lr=2x").overrides, { lr: { times: 2 } });
});

test("minus zero is the zero that switches a term off", () => {
  assert.ok(Object.is((parseGroupRule("w:momentum=-0").overrides.momentum as { value: number }).value, 0));
});

for (
  const [text, problem] of [
    ["", "write whose and which, as in bias,norm:weight_decay=0"],
    ["bias", "write whose and which, as in bias,norm:weight_decay=0"],
    [":lr=1", "a parameter is missing before the colon or beside a comma"],
    ["bias,:lr=1", "a parameter is missing before the colon or beside a comma"],
    ["bias:", '"" is no setting; write it as lr=0.1 or lr=0.1x'],
    ["bias:lr", '"lr" is no setting; write it as lr=0.1 or lr=0.1x'],
    ["bias:lr=", '"lr=" is no setting; write it as lr=0.1 or lr=0.1x'],
    ["bias:lr=1,", '"" is no setting; write it as lr=0.1 or lr=0.1x'],
    ["bias:Lr=1", '"Lr=1" is no setting; write it as lr=0.1 or lr=0.1x'],
    ["bias:lr=1\nx", '"lr=1\\nx" is no setting; write it as lr=0.1 or lr=0.1x'],
    ["bias:lr=x", '"x" is no value for lr; write a number, a multiple such as 0.1x, true or false'],
    ["bias:lr=1 x", '"1 x" is no value for lr; write a number, a multiple such as 0.1x, true or false'],
    ["bias:lr=0x10", '"0x10" is no value for lr; write a number, a multiple such as 0.1x, true or false'],
    ["bias:lr=inf", '"inf" is no value for lr; write a number, a multiple such as 0.1x, true or false'],
    ["bias:lr=1:2", '"1:2" is no value for lr; write a number, a multiple such as 0.1x, true or false'],
    [
      "w:nesterov=yes",
      '"yes" is no value for nesterov; write a number, a multiple such as 0.1x, true or false',
    ],
  ]
) {
  test(`the parameter group ${JSON.stringify(text)} is refused`, () => {
    assert.throws(
      () => parseGroupRule(text),
      new SpaceError(`Cannot parse parameter group ${JSON.stringify(text)}: ${problem}`),
    );
  });
}

const parameter = fc.stringMatching(/^[A-Za-z0-9_*.\/-]{1,8}$/);
const hyperparameter = fc.stringMatching(/^[a-z0-9_]{1,8}$/);
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0);
const override: fc.Arbitrary<Override> = fc.oneof(
  number.map((value) => ({ value })),
  fc.boolean().map((value) => ({ value })),
  number.map((times) => ({ times })),
);
const rule: fc.Arbitrary<GroupRule> = fc.record({
  parameters: fc.array(parameter, { minLength: 1, maxLength: 4 }),
  overrides: fc.array(fc.tuple(hyperparameter, override), { minLength: 1, maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
});
const space = fc.constantFrom("", " ", "  ");

test("what a text means, written as a text, means the same", () => {
  fc.assert(fc.property(rule, space, space, ({ parameters, overrides }, before, after) => {
    const list = (items: string[]) => items.map((item) => `${before}${item}${after}`).join(",");
    const settings = Object.entries(overrides).map(([name, override]) =>
      `${name}${before}=${after}${"value" in override ? override.value : `${override.times}x`}`
    );
    assert.deepEqual(parseGroupRule(`${list([...parameters])}:${list(settings)}`), { parameters, overrides });
  }));
});

test("no text does anything but parse or throw a SpaceError of one line, without a full stop", () => {
  const nearly = fc.stringMatching(/^(bias|w\*|lr|nesterov|true|[=:,x.0-9 e\n_-]){0,10}$/);
  fc.assert(fc.property(fc.oneof(nearly, fc.string()), (text) => {
    try {
      const { parameters, overrides } = parseGroupRule(text);
      assert.ok(parameters.length > 0 && Object.keys(overrides).length > 0);
    } catch (error) {
      assert.ok(error instanceof SpaceError);
      assert.match(error.message, /^Cannot parse parameter group ".*[^.\n]$/);
    }
  }));
});

test("a group reads as a list of its parameters, and of what they have", () => {
  const { parameters, overrides } = parseGroupRule("b1,b2:weight_decay=0,lr=0.1x,nesterov=true");
  assert.equal(describeGroup({ parameters, overrides }), "b1, b2: weight_decay 0, lr 0.1x, nesterov true");
});
