/**
 * What an expression means: a tree of comparisons, and its value for a row.
 *
 * Logic has three values, as in SQL: what compares a missing value is neither true nor false, and so is the negation
 * of it. Thus `not lr<1` is `lr>=1` for every row, and neither holds where there is no `lr`.
 */

export type Operator = "<" | "<=" | ">" | ">=" | "=" | "!=";
export type Literal = number | boolean | string;

/** A part of an expression. A flag by itself is the comparison `= true`, and `in` is any of several `=`. */
export type Tree =
  | {
    readonly kind: "comparison";
    readonly name: string;
    readonly operator: Operator;
    readonly value: Literal;
  }
  | { readonly kind: "all" | "any"; readonly parts: readonly Tree[] }
  | { readonly kind: "not"; readonly part: Tree };

/** Rows as they are read from a study: by the names of the columns. Undefined, null and NaN are missing values. */
export type Row = Readonly<Record<string, unknown>>;

/** What a column holds. */
export type Kind = "number" | "flag" | "text";

/** Called where a value cannot be compared with what the expression compares it with; throws. */
export type Fail = (problem: string) => never;

/** Whether the tree is true of a row; undefined where missing values leave it open. */
export function evaluate(tree: Tree, row: Row, fail: Fail): boolean | undefined {
  switch (tree.kind) {
    case "comparison":
      return compare(tree.name, present(row[tree.name]), tree.operator, tree.value, fail);
    case "not": {
      const truth = evaluate(tree.part, row, fail);
      return truth === undefined ? undefined : !truth;
    }
    case "all":
    case "any": {
      // One false part decides for all, one true part for any, whatever is open.
      const decisive = tree.kind === "any";
      const truths = tree.parts.map((part) => evaluate(part, row, fail));
      if (truths.includes(decisive)) return decisive;
      return truths.includes(undefined) ? undefined : !decisive;
    }
  }
}

/** The value, or undefined for one that is missing. */
export function present(value: unknown): unknown {
  return value === null || Number.isNaN(value) ? undefined : value;
}

/** The names that a tree looks up, each once, in order of appearance. */
export function namesIn(tree: Tree): string[] {
  if (tree.kind === "comparison") return [tree.name];
  const parts = tree.kind === "not" ? [tree.part] : tree.parts;
  return [...new Set(parts.flatMap(namesIn))];
}

/** What is wrong with comparing a column of a kind with a literal; undefined where nothing is. */
export function mismatch(name: string, kind: Kind, operator: Operator, value: Literal): string | undefined {
  if (kindOf(value) !== kind) return `${name} is ${ADVICE[kind](name, value)}`;
  const isOrder = operator !== "=" && operator !== "!=";
  return kind === "flag" && isOrder ? `${name} is ${ADVICE.flag(name)}` : undefined;
}

const ADVICE: Readonly<Record<Kind, (name: string, value?: Literal) => string>> = {
  number: (name) => `a number; compare it with one, as in ${name}<1`,
  flag: (name) => `true or false; write ${name}, not ${name} or ${name}=true`,
  text: (name, value) => `a text; compare it with one, as in ${name}="${value}"`,
};

function compare(name: string, left: unknown, operator: Operator, right: Literal, fail: Fail) {
  if (left === undefined) return undefined;
  const problem = mismatch(name, kindOf(left), operator, right);
  if (problem !== undefined) fail(problem);
  const value = left as Literal;
  switch (operator) {
    case "<":
      return value < right;
    case "<=":
      return value <= right;
    case ">":
      return value > right;
    case ">=":
      return value >= right;
    case "=":
      return value === right;
    case "!=":
      return value !== right;
  }
}

function kindOf(value: unknown): Kind {
  return typeof value === "number" ? "number" : typeof value === "boolean" ? "flag" : "text";
}
