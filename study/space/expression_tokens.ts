/** The pieces of an expression: signs, quoted texts, and words, which may be numbers or names. */

/** What stands in an expression, and where. */
export interface Token {
  readonly kind: "sign" | "quoted" | "word" | "end";
  /** As it was typed, quotation marks included; empty at the end. */
  readonly typed: string;
  /** Where it starts; the first character is 1. */
  readonly column: number;
}

/** Longer signs before those that they start with. A word is whatever is no sign and no space: `warmup:5ep`, `-1e-4`. */
const PIECE =
  /\s*(?:(?<sign><=|>=|<>|!=|==|&&|\|\||[<>=!(),])|(?<quoted>"[^"]*"|'[^']*')|(?<word>[^\s<>=!(),"'&|]+))/y;

/**
 * Splits a text; the last token is of the kind `end`.
 *
 * @param fail is called with the problem and its column, and throws.
 */
export function tokenize(text: string, fail: (problem: string, column: number) => never): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  const pieces = new RegExp(PIECE);
  while (pieces.lastIndex < end) {
    const start = pieces.lastIndex;
    const groups = pieces.exec(text)?.groups;
    if (groups === undefined) return failAt(text, start, fail);
    const kind = (["sign", "quoted", "word"] as const).find((kind) => groups[kind] !== undefined)!;
    const typed = groups[kind];
    tokens.push({ kind, typed, column: pieces.lastIndex - typed.length + 1 });
  }
  return [...tokens, { kind: "end", typed: "", column: end + 1 }];
}

function failAt(text: string, start: number, fail: (problem: string, column: number) => never): never {
  const index = start + text.slice(start).search(/\S/);
  const sign = text[index];
  const problem = sign === "&" || sign === "|"
    ? `write ${sign}${sign}, or ${sign === "&" ? "and" : "or"}, for the one ${sign}`
    : `the quotation mark ${sign} is never closed; add the second`;
  return fail(problem, index + 1);
}
