import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import type { Split } from "../datasets/dataset.ts";
import { readShakespeare, shakespeare, type TextSource, textSource } from "../datasets/text.ts";

const PLAYS = gunzipSync(readFileSync(new URL("../datasets/shakespeare.txt.gz", import.meta.url)));

function withFile(content: string | Uint8Array, use: (file: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    const file = join(folder, "text.txt");
    writeFileSync(file, content);
    use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The text of which the windows were cut: the first, and all but the first character of those after it. */
function joined({ vocabulary, context }: TextSource, { rows, columns }: Split): string {
  const characters = Array.from(columns.tokens, (token) => vocabulary[token]);
  let text = "";
  for (let row = 0; row < rows; row++) {
    const start = row * (context + 1);
    text += characters.slice(row === 0 ? start : start + 1, start + context + 1).join("");
  }
  return text;
}

test("shakespeare is the four plays, unchanged", () => {
  const sha256 = createHash("sha256").update(PLAYS).digest("hex");
  assert.equal(sha256, "5efe851a413a573b4e3a4621b0cd7f581cd2343aad833331f213b6600a870c17");
  const text = PLAYS.toString("latin1");
  const titles = [
    "HAMLET, PRINCE OF DENMARK",
    "OTHELLO, THE MOOR OF VENICE",
    "THE TRAGEDY OF KING LEAR",
    "MACBETH",
  ];
  const places = titles.map((title) => text.indexOf(`${title}\n\nby William Shakespeare`));
  assert.equal(places[0], 0);
  assert.deepEqual(places, places.toSorted((a, b) => a - b));
});

test("shakespeare has the rows that it declares, and no others", () => {
  const { train, test } = shakespeare.load();
  assert.deepEqual([train.rows, test.rows], [shakespeare.trainRows, shakespeare.testRows]);
  assert.deepEqual([train.rows, test.rows], [8209, 912]);
  assert.equal(train.columns.tokens.length, 8209 * 65);
  assert.equal(test.columns.tokens.length, 912 * 65);
});

test("shakespeare trains on the first nine tenths of the plays and is tested on the rest", () => {
  const text = PLAYS.toString("latin1");
  const { train, test } = shakespeare.load();
  const [before, after] = [joined(shakespeare, train), joined(shakespeare, test)];
  assert.ok(text.startsWith(before));
  assert.equal(text.indexOf(after), 525_438);
});

test("shakespeare is read once in a process", () => {
  assert.equal(shakespeare.load(), shakespeare.load());
});

test("a file of plays that is missing or is something else is an error that names it", () => {
  assert.throws(() => readShakespeare("/nowhere/plays.gz"), /^Error: Cannot read \/nowhere\/plays.gz: /);
  withFile(
    "no gzip",
    (file) => assert.throws(() => readShakespeare(file), /^Error: Cannot read .*text.txt: /),
  );
  withFile(gzipSync(PLAYS).subarray(0, 1000), (file) => {
    assert.throws(() => readShakespeare(file), /^Error: Cannot read .*text.txt: /);
  });
  withFile(gzipSync(PLAYS.subarray(1)), (file) => {
    assert.throws(
      () => readShakespeare(file),
      /^Error: Invalid .*text.txt: it has 583819 characters, 70 of them distinct; expected 583820, and the 70 of the plays$/,
    );
  });
});

test("windows of any text join to the text, but for less than a window at the end of each part", () => {
  const character = fc.constantFrom("a", "b", "\n", "é", "漢", "😀");
  const texts = fc.array(character, { minLength: 641, maxLength: 3000 });
  fc.assert(
    fc.property(texts, (characters) =>
      withFile(characters.join(""), (file) => {
        const source = textSource(file, 1);
        const { train, test } = source.load();
        const [before, after] = [Array.from(joined(source, train)), Array.from(joined(source, test))];
        const boundary = Math.floor(characters.length * 0.9);
        assert.deepEqual(before, characters.slice(0, before.length));
        assert.deepEqual(after, characters.slice(boundary, boundary + after.length));
        assert.ok(boundary - before.length < 64, `${before.length} of ${boundary} characters are in windows`);
        assert.ok(characters.length - boundary - after.length < 64);
        assert.deepEqual([train.rows, test.rows], [source.trainRows, source.testRows]);
      })),
    { numRuns: 30 },
  );
});

test("a text's vocabulary is its distinct characters by code point, whether one unit of UTF-16 or two", () => {
  withFile("b😀aﬀ漢\n".repeat(200), (file) => {
    assert.deepEqual(textSource(file, 1).vocabulary, ["\n", "a", "b", "漢", "ﬀ", "😀"]);
  });
});

test("a text's mark of its byte order is none of its characters", () => {
  withFile("\uFEFF" + "ab".repeat(400), (file) => {
    assert.deepEqual(textSource(file, 1).vocabulary, ["a", "b"]);
  });
});

test("a missing text is an error that names the file", () => {
  assert.throws(
    () => textSource("/nowhere/my.txt", 1),
    /^DatasetError: Cannot find \/nowhere\/my.txt: expected a text in UTF-8$/,
  );
});

test("a folder for a text is an error that names it", () => {
  assert.throws(
    () => textSource(tmpdir(), 1),
    (error: Error) => error.message.startsWith(`Cannot read ${tmpdir()}: `),
  );
});

test("a text that is not in UTF-8 is an error that names the file", () => {
  withFile(Buffer.from("caf\u00e9 ".repeat(200), "latin1"), (file) => {
    assert.throws(
      () => textSource(file, 1),
      /^DatasetError: Cannot use .*text.txt as a text: it is not in UTF-8; /,
    );
  });
});

test("a text of 256 distinct characters is taken, one of 257 is an error that says so", () => {
  const text = (distinct: number) =>
    Array.from({ length: 1000 }, (_, i) => String.fromCodePoint(0x4e00 + i % distinct)).join("");
  withFile(text(256), (file) => {
    const source = textSource(file, 1);
    assert.equal(source.vocabulary.length, 256);
    assert.equal(Math.max(...source.load().train.columns.tokens), 255);
  });
  withFile(text(257), (file) => {
    assert.throws(
      () => textSource(file, 1),
      /^DatasetError: Cannot use .*text.txt as a text: it has 257 distinct characters, expected at most 256$/,
    );
  });
});

test("the shortest text that makes a batch of test windows is taken, a shorter one is an error that says so", () => {
  withFile("x".repeat(20_481), (file) => assert.equal(textSource(file, 32).testRows, 32));
  withFile("x".repeat(20_480), (file) => {
    assert.throws(
      () => textSource(file, 32),
      /^DatasetError: Cannot use .*text.txt as a text: it has 20480 characters, expected at least 20481, so that /,
    );
  });
  withFile(
    "",
    (file) => assert.throws(() => textSource(file, 32), /it has 0 characters, expected at least 20481/),
  );
});
