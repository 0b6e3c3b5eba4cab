/**
 * The grammar of expressions: what `--where "lr<1 and momentum=0.9"` means.
 *
 *     expression  = conjunction { ( "or" | "||" ) conjunction }
 *     conjunction = negation { ( "and" | "&&" ) negation }
 *     negation    = ( "not" | "!" ) negation | "(" expression ")" | comparison
 *     comparison  = name | name operator value | name [ "not" ] "in" list
 *     operator    = "<" | "<=" | ">" | ">=" | "=" | "==" | "!=" | "<>"
 *     list        = "(" value { "," value } ")" | value { "," value }
 *     value       = number | "true" | "false" | word | text in double or single quotes
 *
 * A name by itself is a flag. Words such as `and` and `true` may be written in capitals; names and texts may not, and a
 * dash in a name stands for an underscore. `not` binds tighter than `and`, and `and` tighter than `or`. Missing values
 * are those of expression_tree.ts.
 */
import { findSimilar } from "@optique/core/suggestion";
import { type Token, tokenize } from "./expression_tokens.ts";
import {
  evaluate,
  type Kind,
  type Literal,
  mismatch,
  namesIn,
  type Operator,
  type Row,
  type Tree,
} from "./expression_tree.ts";
import { SpaceError } from "./values.ts";

/** A condition on rows. */
export interface Expression {
  /** As it was typed. */
  readonly text: string;
  /** The names in it, each once. */
  readonly names: readonly string[];
  /**
   * Whether a row meets the condition; false where missing values leave that open.
   *
   * @throws {SpaceError} for a value of another kind than the one it is compared with.
   */
  holds(row: Row): boolean;
}

/**
 * Reads an expression.
 *
 * @param names that may stand in it.
 * @param kinds of the names where they are known: comparing them with another kind is an error at once, and not when a
 * row has such a value.
 * @throws {SpaceError} for text outside the grammar, an unknown name, or a value of another kind; with the column.
 */
export function parseExpression(
  text: string,
  names: readonly string[],
  kinds: Readonly<Record<string, Kind>> = {},
): Expression {
  const tree = new Parser(text, names, kinds).parse();
  const fail = (problem: string) => refuse(text, problem);
  return { text, names: namesIn(tree), holds: (row) => evaluate(tree, row, fail) === true };
}

/** The name of a column, which may be typed with dashes; undefined where there is none. */
export function findName(typed: string, names: readonly string[]): string | undefined {
  return names.find((name) => name === typed) ?? names.find((name) => name === typed.replaceAll("-", "_"));
}

/** `there is no "lrr"; did you mean lr?` */
export function unknownName(typed: string, names: readonly string[]): string {
  const [meant] = findSimilar(typed, names);
  return `there is no "${typed}"; ${
    meant === undefined ? `expected one of ${names.join(", ")}` : `did you mean ${meant}?`
  }`;
}

const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ...(["<", "<=", ">", ">=", "=", "!="] as const).map((sign) => [sign, sign] as const),
  ["==", "="],
  ["<>", "!="],
]);

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Recursive descent: a method for each rule of the grammar. */
class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(
    readonly text: string,
    readonly names: readonly string[],
    readonly kinds: Readonly<Record<string, Kind>>,
  ) {
    this.#tokens = tokenize(text, (problem, column) => this.#fail(problem, column));
  }

  parse(): Tree {
    const tree = this.#expression();
    if (this.#token.kind !== "end") this.#expected("and, or or the end");
    return tree;
  }

  #expression(): Tree {
    const parts = [this.#conjunction()];
    while (this.#take("or", "||")) parts.push(this.#conjunction());
    return parts.length === 1 ? parts[0] : { kind: "any", parts };
  }

  #conjunction(): Tree {
    const parts = [this.#negation()];
    while (this.#take("and", "&&")) parts.push(this.#negation());
    return parts.length === 1 ? parts[0] : { kind: "all", parts };
  }

  #negation(): Tree {
    if (this.#take("not", "!")) return { kind: "not", part: this.#negation() };
    if (!this.#take("(")) return this.#comparison();
    const inner = this.#expression();
    if (!this.#take(")")) this.#expected("and, or or )");
    return inner;
  }

  #comparison(): Tree {
    const start = this.#token;
    const name = this.#name();
    const operator = OPERATORS.get(this.#token.typed);
    if (operator !== undefined) {
      this.#next++;
      return this.#compare(name, operator, this.#token);
    }
    if (this.#take("in")) return this.#list(name);
    if (this.#take("not")) {
      if (!this.#take("in")) this.#expected("in");
      return { kind: "not", part: this.#list(name) };
    }
    return this.#checked({ kind: "comparison", name, operator: "=", value: true }, start);
  }

  #list(name: string): Tree {
    const isClosed = this.#take("(");
    const parts: Tree[] = [];
    do parts.push(this.#compare(name, "=", this.#token)); while (this.#take(","));
    if (isClosed && !this.#take(")")) this.#expected("a comma or )");
    return { kind: "any", parts };
  }

  #compare(name: string, operator: Operator, at: Token): Tree {
    return this.#checked({ kind: "comparison", name, operator, value: this.#value() }, at);
  }

  #checked(tree: Extract<Tree, { kind: "comparison" }>, at: Token): Tree {
    const { name, operator, value } = tree;
    const kind = Object.hasOwn(this.kinds, name) ? this.kinds[name] : undefined;
    const problem = kind && mismatch(name, kind, operator, value);
    if (problem !== undefined) this.#fail(problem, at.column);
    return tree;
  }

  #name(): string {
    const { kind, typed, column } = this.#token;
    if (kind !== "word" || this.#isKeyword()) this.#expected("a name");
    const name = findName(typed, this.names);
    if (name === undefined) this.#fail(unknownName(typed, this.names), column);
    this.#next++;
    return name;
  }

  #value(): Literal {
    const { kind, typed } = this.#token;
    if (kind !== "quoted" && kind !== "word" || this.#isKeyword()) this.#expected("a value");
    this.#next++;
    if (kind === "quoted") return typed.slice(1, -1);
    if (NUMBER.test(typed)) return Number(typed);
    return /^(true|false)$/i.test(typed) ? typed.toLowerCase() === "true" : typed;
  }

  get #token(): Token {
    return this.#tokens[this.#next];
  }

  #isKeyword(): boolean {
    return /^(and|or|not|in)$/i.test(this.#token.typed);
  }

  /** Goes past the next token if it is one of these. */
  #take(...typed: string[]): boolean {
    const isTaken = typed.includes(this.#token.typed.toLowerCase());
    if (isTaken) this.#next++;
    return isTaken;
  }

  #expected(what: string): never {
    const { kind, typed, column } = this.#token;
    this.#fail(`expected ${what} at ${kind === "end" ? "the end" : JSON.stringify(typed)}`, column);
  }

  #fail(problem: string, column: number): never {
    refuse(this.text, `${problem} (column ${column})`);
  }
}

function refuse(text: string, problem: string): never {
  throw new SpaceError(`Cannot parse condition ${JSON.stringify(text)}: ${problem}`);
}
