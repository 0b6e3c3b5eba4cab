import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseExpression } from "../study/space/expression.ts";
import {
  evaluate,
  type Literal,
  type Operator,
  type Row,
  type Tree,
} from "../study/space/expression_tree.ts";
import { parseSort } from "../study/space/sort.ts";
import { SpaceError } from "../study/space/values.ts";

const names = ["lr", "momentum", "nesterov", "schedule", "test_accuracy"];
const kinds = { lr: "number", momentum: "number", nesterov: "flag", schedule: "text" } as const;

const holds = (text: string, row: Row) => parseExpression(text, names).holds(row);

function fails(action: () => unknown, message: string): void {
  assert.throws(action, new SpaceError(message));
}

const refused = (text: string, problem: string) =>
  fails(
    () => parseExpression(text, names, kinds),
    `Cannot parse condition ${JSON.stringify(text)}: ${problem}`,
  );

test("numbers are compared with every operator and its synonyms", () => {
  const cases: [string, boolean, boolean, boolean][] = [
    // The comparison, for lr 0.5, 1 and 2.
    ["lr<1", true, false, false],
    ["lr <= 1", true, true, false],
    ["lr>1e0", false, false, true],
    ["lr >= +1.", false, true, true],
    ["lr=1", false, true, false],
    ["lr == 1", false, true, false],
    ["lr!=1", true, false, true],
    ["lr<>1", true, false, true],
    ["lr>-1", true, true, true],
    ["lr in (0.5, 2)", true, false, true],
    ["lr in .5,1", true, true, false],
    ["lr not in (0.5)", false, true, true],
  ];
  for (const [text, ...expected] of cases) {
    assert.deepEqual([0.5, 1, 2].map((lr) => holds(text, { lr })), expected, text);
  }
});

test("and binds tighter than or, not tighter than both, and parentheses tightest", () => {
  const rows = [0, 1].flatMap((lr) => [0, 1].map((momentum) => ({ lr, momentum })));
  const truths = (text: string) => rows.map((row) => Number(holds(text, row))).join("");
  assert.equal(truths("lr=1 and momentum=1"), "0001");
  assert.equal(truths("lr=1 || momentum=1"), "0111");
  assert.equal(truths("lr=0 or lr=1 and momentum=1"), "1101");
  assert.equal(truths("(lr=0 or lr=1) && momentum=1"), "0101");
  assert.equal(truths("not lr=1 and momentum=1"), "0100");
  assert.equal(truths("!(lr=1 AND momentum=1)"), "1110");
  assert.equal(truths("NOT not lr=1 Or momentum IN (1)"), "0111");
});

test("a flag stands by itself or is compared", () => {
  for (const text of ["nesterov", "nesterov = true", "nesterov != FALSE", "not not nesterov"]) {
    assert.equal(holds(text, { nesterov: true }), true, text);
    assert.equal(holds(text, { nesterov: false }), false, text);
  }
});

test("texts are words or quoted, and a quoted number is a text", () => {
  const schedule = "warmup:5ep>cosine";
  assert.ok(holds('schedule = "warmup:5ep>cosine"', { schedule }));
  assert.ok(holds("schedule='warmup:5ep>cosine' and lr=1", { schedule, lr: 1 }));
  assert.ok(holds("schedule in constant, step:10ep", { schedule: "step:10ep" }));
  assert.ok(holds('schedule != "it\'s"', { schedule }));
  assert.ok(holds('schedule = "5"', { schedule: "5" }));
  assert.ok(holds('schedule = "and"', { schedule: "and" }));
  assert.ok(!holds("schedule = Constant", { schedule: "constant" }));
});

test("true and false may be in capitals where they are values, and are texts in quotes", () => {
  assert.ok(holds("nesterov = TRUE and nesterov != False", { nesterov: true }));
  assert.ok(holds('schedule = "true"', { schedule: "true" }));
});

test("names may be typed with dashes", () => {
  assert.deepEqual(parseExpression("test-accuracy>0.9 or lr<1 or lr>2", names).names, [
    "test_accuracy",
    "lr",
  ]);
});

test("what compares a missing value is neither true nor false, and neither is its negation", () => {
  for (const lr of [undefined, null, NaN]) {
    const row = { lr, momentum: 0.9 };
    for (const text of ["lr<1", "lr!=1", "not lr<1", "lr not in (1)", "lr<1 and momentum=0.9"]) {
      assert.equal(holds(text, row), false, text);
    }
    assert.equal(holds("lr<1 or momentum=0.9", row), true);
    assert.equal(holds("not (lr<1 and momentum=0)", row), true);
  }
});

test("an error names the place and what would fit there", () => {
  refused("lr<1 adn momentum=0.9", 'expected and, or or the end at "adn" (column 6)');
  refused("lr<", "expected a value at the end (column 4)");
  refused("lr < and", 'expected a value at "and" (column 6)');
  refused("", "expected a name at the end (column 1)");
  refused("lr<1 and  ", "expected a name at the end (column 9)");
  refused("lr<1 or or", 'expected a name at "or" (column 9)');
  refused('"lr"<1', 'expected a name at "\\"lr\\"" (column 1)');
  refused("(lr<1 or nesterov", "expected and, or or ) at the end (column 18)");
  refused("lr<1)", 'expected and, or or the end at ")" (column 5)');
  refused("lr in (1 2)", 'expected a comma or ) at "2" (column 10)');
  refused("lr in ()", 'expected a value at ")" (column 8)');
  refused("lr not 1", 'expected in at "1" (column 8)');
  refused("nesterov & lr=1", "write &&, or and, for the one & (column 10)");
  refused("nesterov | lr=1", "write ||, or or, for the one | (column 10)");
  refused('schedule = "cosine', 'the quotation mark " is never closed; add the second (column 12)');
});

test("an unknown name comes with the nearest one, or with all", () => {
  refused("lr<1 and momentun=0", 'there is no "momentun"; did you mean momentum? (column 10)');
  refused("0.1 < lr", `there is no "0.1"; expected one of ${names.join(", ")} (column 1)`);
  refused("constructor = 1", `there is no "constructor"; expected one of ${names.join(", ")} (column 1)`);
});

test("a value of another kind than the name's is an error", () => {
  refused("lr = abc", "lr is a number; compare it with one, as in lr<1 (column 6)");
  refused("momentum=0 or lr", "lr is a number; compare it with one, as in lr<1 (column 15)");
  refused(
    "nesterov in (true, 1)",
    "nesterov is true or false; write nesterov, not nesterov or nesterov=true (column 20)",
  );
  refused(
    "nesterov < true",
    "nesterov is true or false; write nesterov, not nesterov or nesterov=true (column 12)",
  );
  refused("schedule = 5", 'schedule is a text; compare it with one, as in schedule="5" (column 12)');
});

test("where the kind is not known, a row with a value of another kind is an error", () => {
  const expression = parseExpression("lr = abc", names);
  assert.equal(expression.holds({}), false);
  fails(
    () => expression.holds({ lr: 1 }),
    'Cannot parse condition "lr = abc": lr is a number; compare it with one, as in lr<1',
  );
});

test("a printed expression is read as what it was", () => {
  fc.assert(fc.property(trees, fc.infiniteStream(fc.nat()), rows, (tree, choices, row) => {
    const text = print(tree, () => choices.next().value);
    const fail = (problem: string): never => assert.fail(problem);
    assert.equal(parseExpression(text, names, kinds).holds(row), evaluate(tree, row, fail) === true, text);
  }));
});

test("any text is read or refused with one line", () => {
  const pieces = fc.constantFrom(
    ...names,
    "<",
    "=",
    "!",
    "&&",
    "or",
    "not",
    "in",
    "(",
    ")",
    ",",
    '"',
    "'",
    "1",
    "a b",
  );
  const texts = fc.oneof(fc.string(), fc.array(pieces).map((all) => all.join(" ")));
  fc.assert(fc.property(texts, (text) => {
    try {
      parseExpression(text, names, kinds);
    } catch (error) {
      assert.ok(error instanceof SpaceError);
      assert.match(error.message, /^Cannot parse condition ".*": .+ \(column \d+\)$/);
    }
  }));
});

test("rows are sorted by the first name, then by the second, either way", () => {
  const rows = [[1, 0.5], [0.1, 0.7], [1, 0.9], [0.1, 0.7]].map(([lr, test_accuracy], id) => ({
    lr,
    test_accuracy,
    id,
  }));
  const sorted = (text: string) => rows.toSorted(parseSort(text, names).compare).map(({ id }) => id);
  assert.deepEqual(sorted("lr, -test-accuracy"), [1, 3, 2, 0]);
  assert.deepEqual(sorted("-lr,test_accuracy"), [0, 2, 1, 3]);
  assert.deepEqual(sorted("momentum"), [0, 1, 2, 3]);
  const mixed = ["b", 2, true, "a", 10, false].map((lr) => ({ lr })).toSorted(parseSort("lr", names).compare);
  assert.deepEqual(mixed.map(({ lr }) => lr), [false, true, 2, 10, "a", "b"]);
});

test("missing values come last in either direction", () => {
  const values = [undefined, 2, NaN, 1, null, 3];
  const sorted = (text: string) =>
    values.map((lr) => ({ lr })).toSorted(parseSort(text, names).compare).map(({ lr }) => lr);
  assert.deepEqual(sorted("lr").slice(0, 3), [1, 2, 3]);
  assert.deepEqual(sorted("-lr").slice(0, 3), [3, 2, 1]);
});

test("an order holds between any rows, whatever their types", () => {
  const { compare } = parseSort("lr,-momentum", names);
  fc.assert(fc.property(mixed, mixed, mixed, (a, b, c) => {
    assert.equal(compare(a, b) + compare(b, a), 0);
    if (compare(a, b) <= 0 && compare(b, c) <= 0) assert.ok(compare(a, c) <= 0);
  }));
});

test("an order that cannot be read is refused", () => {
  const bad = (text: string, problem: string) =>
    fails(() => parseSort(text, names), `Cannot parse sort ${JSON.stringify(text)}: ${problem}`);
  bad("lrr", 'there is no "lrr"; did you mean lr?');
  bad("lr,", "a name is missing; write it as lr or lr,-test_accuracy");
  bad("-", "a name is missing; write it as lr or lr,-test_accuracy");
  bad("lr,-lr", "lr is given twice; drop one");
});

const numbers = fc.oneof(fc.constantFrom(0, 0.1, 1, 2), fc.double({ noNaN: true, noDefaultInfinity: true }));
const words = fc.oneof(
  fc.constantFrom("a", "true", "1", "not"),
  fc.string().filter((text) => !/["']/.test(text)),
);
const missing = fc.constantFrom(undefined, null, NaN);
const mixed: fc.Arbitrary<Row> = fc.record({
  lr: fc.oneof(numbers, fc.boolean(), words, missing),
  momentum: fc.oneof(numbers, words, missing),
});
const rows: fc.Arbitrary<Row> = fc.record({
  lr: fc.oneof(numbers, missing),
  momentum: fc.oneof(numbers, missing),
  nesterov: fc.oneof(fc.boolean(), missing),
  schedule: fc.oneof(words, missing),
});

const orders = ["<", "<=", ">", ">=", "=", "!="] as const satisfies readonly Operator[];
const comparison = (name: string, operators: readonly Operator[], values: fc.Arbitrary<Literal>) =>
  fc.record({
    kind: fc.constant("comparison" as const),
    name: fc.constant(name),
    operator: fc.constantFrom(...operators),
    value: values,
  });
const trees = fc.letrec<{ tree: Tree }>((tie) => {
  const parts = fc.array(tie("tree"), { minLength: 1, maxLength: 4 });
  return {
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(
        comparison("lr", orders, numbers),
        comparison("momentum", orders, numbers),
        comparison("nesterov", ["=", "!="], fc.boolean()),
        comparison("schedule", orders, words),
      ),
      fc.record({ kind: fc.constantFrom("all" as const, "any" as const), parts }),
      fc.record({ kind: fc.constant("not" as const), part: tie("tree") }),
    ),
  };
}).tree;

/** Writes a tree with the fewest parentheses and, as `choose` decides, with any of its spellings. */
function print(tree: Tree, choose: () => number, isLoose = true): string {
  const one = (...spellings: string[]) => spellings[choose() % spellings.length];
  switch (tree.kind) {
    case "comparison": {
      const { name, operator, value } = tree;
      if (value === true && operator === "=" && choose() % 2 === 0) return name;
      const sign = { "=": one("=", "=="), "!=": one("!=", "<>") }[operator as string] ?? operator;
      return name + one("", " ") + sign + one("", " ") +
        (typeof value === "string" ? `"${value}"` : String(value));
    }
    case "not":
      return one("not ", "!", "NOT ") + print(tree.part, choose, false);
    case "all":
    case "any": {
      const word = tree.kind === "all" ? one(" and ", "&&", " AND ") : one(" or ", "||", " Or ");
      // Only an `all` may stand bare, and only within an `any` or alone.
      const text = tree.parts.map((part) => print(part, choose, tree.kind === "any" && part.kind === "all"))
        .join(word);
      return isLoose ? text : `(${text})`;
    }
  }
}
