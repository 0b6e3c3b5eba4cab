import { type AST, getStaticTOMLValue, ParseError, parseTOML } from "toml-eslint-parser";
import { type Position, type Reader, START } from "./content.ts";

/** By path of keys, as JSON. */
type Positions = Map<string, Position>;

/** Reads TOML 1.0. */
export const readToml: Reader = (text, fail) => {
  const program = parse(text, fail);
  const positions: Positions = new Map();
  for (const item of program.body[0].body) {
    if (item.type === "TOMLKeyValue") noteField(item, [], positions);
    else {
      note(item.key, [], positions);
      for (const field of item.body) noteField(field, namesOf(item.key), positions);
    }
  }
  const at = (path: readonly string[]): Position => {
    const known = path.map((_, i) => path.slice(0, path.length - i)).find((part) => positions.has(id(part)));
    return known === undefined ? START : positions.get(id(known))!;
  };
  return { value: getStaticTOMLValue(program), at };
};

function parse(text: string, fail: Parameters<Reader>[1]): AST.TOMLProgram {
  try {
    return parseTOML(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return fail(error.message, { line: error.lineNumber, column: error.column + 1 });
  }
}

/** Notes where a key stands, and the keys of an inline table that is its value. */
function noteField({ key, value }: AST.TOMLKeyValue, outer: readonly string[], positions: Positions): void {
  note(key, outer, positions);
  if (value.type !== "TOMLInlineTable") return;
  for (const field of value.body) noteField(field, [...outer, ...namesOf(key)], positions);
}

/** Notes each part of a dotted key. */
function note(key: AST.TOMLKey, outer: readonly string[], positions: Positions): void {
  const { line, column } = key.loc.start;
  namesOf(key).forEach((_, i, names) => {
    positions.set(id([...outer, ...names.slice(0, i + 1)]), { line, column: column + 1 });
  });
}

function namesOf(key: AST.TOMLKey): string[] {
  return key.keys.map((part) => part.type === "TOMLBare" ? part.name : part.value);
}

function id(path: readonly string[]): string {
  return JSON.stringify(path);
}
