import { type ErrorCode, isMap, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { Content, Position, Reader } from "./content.ts";

/** What to say in place of the library's words, which are for programmers. */
const PROBLEMS: Readonly<Partial<Record<ErrorCode, string>>> = {
  DUPLICATE_KEY: "the key is given twice; drop one",
  MULTIPLE_DOCS: "a file holds one document; drop what follows ---",
  NON_STRING_KEY: "a key is a text; put it in quotes",
};

/** Reads YAML 1.2, and so JSON. */
export const readYaml: Reader = (text, fail): Content => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  for (const { code, message, pos: [start] } of document.errors) {
    fail(PROBLEMS[code] ?? message, at(start));
  }
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) {
        fail(`there is no anchor &${alias.source} before this; add it`, at(alias.range?.[0] ?? 0));
      }
    },
  });

  const offsetOf = (path: readonly string[]): number => {
    let node: unknown = document.contents;
    let offset = document.contents?.range?.[0] ?? 0;
    for (const name of path) {
      const pair = isMap(node)
        ? node.items.find(({ key }) => isScalar(key) && key.value === name)
        : undefined;
      if (pair === undefined || !isScalar(pair.key)) break;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    }
    return offset;
  };
  return { value: document.toJS(), at: (path) => at(offsetOf(path)) };
};
