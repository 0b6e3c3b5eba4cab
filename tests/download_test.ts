import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { ensureDataset, type FetchOptions } from "../datasets/files/fetch.ts";
import { idxSource } from "../datasets/idx_source.ts";
import { locate, readDataFile, verifyFiles } from "../datasets/files/files.ts";
import { setDataFolder } from "../datasets/files/folder.ts";
import {
  breaking,
  dataset,
  failing,
  gzippedFile,
  IDX_FILES,
  idxSettings,
  type Mirror,
  serveAll,
  serving,
  sum,
  withMirror,
} from "./_mirror.ts";
import { type Member, tar } from "./_tar.ts";

/** Content that gzip cannot make smaller, so that its pieces on the way are of a size that is known. */
const CONTENT = randomBytes(100_000);
const GZIPPED = gzipSync(CONTENT);
const HALF = 50_000;

/** The message of the error that a fetch ends with, in which the port of the mirror is 1. */
async function failureOf(fetch: Promise<unknown>): Promise<string> {
  const error = await fetch.then(() => undefined, (error: Error) => error);
  assert.ok(error !== undefined, "it succeeded");
  return error.message.replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:1");
}

/** What is in the data folder of the dataset, by name. */
function filesIn(dataDir: string): string[] {
  const folder = join(dataDir, "tiny");
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function assertWhole(dataDir: string, content: Uint8Array = CONTENT) {
  assert.deepEqual(filesIn(dataDir), ["data"]);
  assert.ok(readFileSync(join(dataDir, "tiny", "data")).equals(content));
}

/** Fetches the file `data` of `CONTENT` from one mirror. */
function fetchData({ url }: Mirror, dataDir: string, options: FetchOptions = {}): Promise<boolean> {
  return ensureDataset(dataset(gzippedFile("data", CONTENT, url)), { dataDir, ...options });
}

test("a file is fetched, decompressed and kept under its name", () =>
  withMirror(async (mirror, dataDir) => {
    mirror.paths["data.gz"] = serving(GZIPPED);
    assert.equal(await fetchData(mirror, dataDir), true);
    assertWhole(dataDir);
  }));

test("a mirror may serve a file decompressed", () =>
  withMirror(async (mirror, dataDir) => {
    mirror.paths["data.gz"] = serving(CONTENT);
    await fetchData(mirror, dataDir);
    assertWhole(dataDir);
  }));

test("what is there is not fetched again, plain or gzipped", () =>
  withMirror(async (mirror, dataDir) => {
    mkdirSync(join(dataDir, "tiny"));
    writeFileSync(join(dataDir, "tiny", "data.gz"), GZIPPED);
    assert.equal(await fetchData(mirror, dataDir), false);
    writeFileSync(join(dataDir, "tiny", "data"), CONTENT);
    assert.equal(await fetchData(mirror, dataDir), false);
    assert.deepEqual(mirror.requests, []);
  }));

test("only the files that are missing are fetched", () =>
  withMirror(async (mirror, dataDir) => {
    const set = dataset(gzippedFile("data", CONTENT, mirror.url), gzippedFile("more", CONTENT, mirror.url));
    mirror.paths["data.gz"] = mirror.paths["more.gz"] = serving(GZIPPED);
    await ensureDataset(set, { dataDir });
    writeFileSync(join(dataDir, "tiny", "more"), "short");
    await ensureDataset(set, { dataDir });
    assert.deepEqual(mirror.requests, ["data.gz", "more.gz", "more.gz"]);
  }));

test("a dataset of other folders is found there, and in any folder of its names", () =>
  withMirror((mirror, dataDir) => {
    const { files } = dataset(gzippedFile("data", CONTENT, mirror.url));
    for (const folder of ["named", "elsewhere"]) {
      mkdirSync(join(dataDir, folder));
      writeFileSync(join(dataDir, folder, "data"), CONTENT);
    }
    const pathOf = (set: typeof files) => locate(set, dataDir)?.[0].path;
    assert.equal(pathOf(files), undefined);
    const elsewhere = { ...files, elsewhere: () => [join(dataDir, "elsewhere")] };
    assert.equal(pathOf(elsewhere), join(dataDir, "elsewhere", "data"));
    assert.equal(pathOf({ ...elsewhere, folders: ["tiny", "named"] }), join(dataDir, "named", "data"));
  }));

test("progress counts up to the announced size", () =>
  withMirror(async (mirror, dataDir) => {
    mirror.paths["data.gz"] = serving(GZIPPED);
    const counts: number[] = [];
    await fetchData(mirror, dataDir, {
      onProgress({ file, received, total }) {
        assert.deepEqual([file, total], ["data.gz", GZIPPED.length]);
        counts.push(received);
      },
    });
    assert.deepEqual([counts[0], counts.at(-1)], [0, GZIPPED.length]);
    assert.deepEqual(counts, counts.toSorted((a, b) => a - b));
  }));

test("a connection that drops in the middle is taken up where it dropped", () =>
  withMirror(async (mirror, dataDir) => {
    let drop = () => {};
    mirror.paths["data.gz"] = (request, response) => {
      mirror.paths["data.gz"] = serving(GZIPPED);
      drop = () => response.destroy();
      breaking(GZIPPED, HALF, () => {})(request, response);
    };
    await fetchData(mirror, dataDir, { onProgress: ({ received }) => received === HALF && drop() });
    assertWhole(dataDir);
    assert.deepEqual(mirror.requests, ["data.gz", `data.gz bytes=${HALF}-`]);
  }));

test("a later call goes on where an earlier one was interrupted", () =>
  withMirror(async (mirror, dataDir) => {
    const stop = new AbortController();
    mirror.paths["data.gz"] = breaking(GZIPPED, HALF, () => {});
    const reason = new Error("stopped");
    const fetching = fetchData(mirror, dataDir, {
      signal: stop.signal,
      onProgress: ({ received }) => received === HALF && stop.abort(reason),
    });
    await assert.rejects(fetching, reason);
    assert.deepEqual(filesIn(dataDir), ["data.gz.part", "data.gz.part.json"]);

    mirror.paths["data.gz"] = serving(GZIPPED);
    await fetchData(mirror, dataDir);
    assertWhole(dataDir);
    assert.deepEqual(mirror.requests, ["data.gz", `data.gz bytes=${HALF}-`]);
  }));

/** Leaves half a download of something, as a process does that is killed. */
async function leaveHalf(mirror: Mirror, dataDir: string, of: Uint8Array): Promise<void> {
  const stop = new AbortController();
  mirror.paths["data.gz"] = breaking(of, HALF, () => {});
  const onProgress = ({ received }: { received: number }) => received === HALF && stop.abort();
  await assert.rejects(fetchData(mirror, dataDir, { signal: stop.signal, onProgress }));
  mirror.requests.length = 0;
}

test("a file that changed at the mirror is fetched from its start", () =>
  withMirror(async (mirror, dataDir) => {
    await leaveHalf(mirror, dataDir, randomBytes(GZIPPED.length));
    mirror.paths["data.gz"] = serving(GZIPPED, '"2"');
    await fetchData(mirror, dataDir);
    assertWhole(dataDir);
    assert.deepEqual(mirror.requests, [`data.gz bytes=${HALF}-`]);
  }));

test("a file that changed though the mirror says that it did not is fetched from its start", () =>
  withMirror(async (mirror, dataDir) => {
    await leaveHalf(mirror, dataDir, randomBytes(GZIPPED.length));
    mirror.paths["data.gz"] = serving(GZIPPED);
    await fetchData(mirror, dataDir);
    assertWhole(dataDir);
    assert.deepEqual(mirror.requests, [`data.gz bytes=${HALF}-`, "data.gz"]);
  }));

test("a mirror that ignores ranges is asked for one and read from the start", () =>
  withMirror(async (mirror, dataDir) => {
    await leaveHalf(mirror, dataDir, GZIPPED);
    mirror.paths["data.gz"] = (_, response) => response.end(GZIPPED);
    await fetchData(mirror, dataDir);
    assertWhole(dataDir);
  }));

test("a download that was whole but not yet unpacked is not repeated", () =>
  withMirror(async (mirror, dataDir) => {
    await leaveHalf(mirror, dataDir, GZIPPED);
    writeFileSync(join(dataDir, "tiny", "data.gz.part"), GZIPPED);
    mirror.paths["data.gz"] = serving(GZIPPED);
    await fetchData(mirror, dataDir);
    assertWhole(dataDir);
    assert.deepEqual(mirror.requests, [`data.gz bytes=${GZIPPED.length}-`]);
  }));

test("what is left of a longer file is fetched from its start", () =>
  withMirror(async (mirror, dataDir) => {
    await leaveHalf(mirror, dataDir, GZIPPED);
    writeFileSync(join(dataDir, "tiny", "data.gz.part"), Buffer.concat([GZIPPED, GZIPPED]));
    mirror.paths["data.gz"] = serving(GZIPPED);
    await fetchData(mirror, dataDir);
    assertWhole(dataDir);
    assert.deepEqual(mirror.requests, [`data.gz bytes=${2 * GZIPPED.length}-`, "data.gz"]);
  }));

const wrong = randomBytes(CONTENT.length);
const faults: Record<string, { served: Mirror["paths"][string]; says: RegExp; requests?: number }> = {
  "is not there": { served: failing(404), says: /HTTP 404 Not Found/ },
  "breaks the connection again and again": {
    served: breaking(GZIPPED, 0),
    says: /: \S/,
  },
  "is cut off": {
    served: serving(GZIPPED.subarray(0, HALF)),
    says: /its gzip data are damaged: unexpected end of file/,
  },
  "has another content": {
    served: serving(gzipSync(wrong)),
    says: new RegExp(`data has the checksum ${sum("sha256", wrong)}, expected ${sum("sha256", CONTENT)}`),
  },
  "is a page about something else": {
    served: serving(Buffer.from("<html>Please log in</html>")),
    says: /data has 26 bytes, expected 100000/,
  },
  "is too short": {
    served: serving(gzipSync(CONTENT.subarray(1))),
    says: /data has 99999 bytes, expected 100000/,
  },
  "expands without end": {
    served: serving(gzipSync(Buffer.alloc(50_000_000))),
    says: /data has more than the expected 100000 bytes/,
  },
  "is far too long": { served: serving(Buffer.alloc(200_000)), says: /it is larger than 102024 bytes/ },
  "goes on without end": {
    served(_, response) {
      const more = () => response.write(Buffer.alloc(10_000), (error) => error || more());
      more();
    },
    says: /it is larger than 102024 bytes/,
  },
  "answers with a range that nobody asked for": {
    served: (_, response) => response.writeHead(206, { "Content-Range": "bytes 5-9/10" }).end("12345"),
    says: /it answered with the range bytes 5-9\/10/,
  },
};

for (const [fault, { served, says }] of Object.entries(faults)) {
  test(`a file that ${fault} is an error that says so, and leaves no file`, () =>
    withMirror(async (mirror, dataDir) => {
      mirror.paths["data.gz"] = served;
      const message = await failureOf(fetchData(mirror, dataDir));
      assert.match(message, says);
      assert.match(
        message,
        /^Cannot fetch data\.gz from any mirror; fetch it by hand, as from http:\S+\/data\.gz, /,
      );
      assert.ok(message.includes(`put it into ${join(dataDir, "tiny")} (`), message);
      assert.ok(filesIn(dataDir).every((name) => name.includes(".part")), String(filesIn(dataDir)));
    }));

  test(`after a file that ${fault} the next mirror is tried, which a notice says`, () =>
    withMirror(async (mirror, dataDir) => {
      mirror.paths["bad/data.gz"] = served;
      mirror.paths["data.gz"] = serving(GZIPPED);
      const notices: string[] = [];
      const set = dataset(gzippedFile("data", CONTENT, `${mirror.url}bad/`, mirror.url));
      await ensureDataset(set, { dataDir, onNotice: (notice) => notices.push(notice) });
      assertWhole(dataDir);
      assert.equal(notices.length, 1);
      assert.match(notices[0], says);
      assert.match(notices[0], /^no data\.gz from http:\S+\/bad\/: .*; trying the next$/);
    }));
}

test("an error names what went wrong with each mirror", () =>
  withMirror(async (mirror, dataDir) => {
    mirror.paths["a/data.gz"] = failing(503);
    const set = dataset(gzippedFile("data", CONTENT, `${mirror.url}a/`, `${mirror.url}b/`));
    const message = await failureOf(ensureDataset(set, { dataDir }));
    assert.ok(
      message.endsWith(
        "(http://127.0.0.1:1/a/: HTTP 503 Service Unavailable; http://127.0.0.1:1/b/: HTTP 404 Not Found)",
      ),
      message,
    );
  }));

for (
  const [when, handler] of [
    ["does not answer", () => {}],
    ["falls silent in the middle", breaking(GZIPPED, HALF, () => {})],
  ] as const
) {
  test(`a mirror that ${when} is left for the next one`, () =>
    withMirror(async (mirror, dataDir) => {
      mirror.paths["silent/data.gz"] = handler;
      mirror.paths["data.gz"] = serving(GZIPPED);
      const set = dataset(gzippedFile("data", CONTENT, `${mirror.url}silent/`, mirror.url));
      const notices: string[] = [];
      await ensureDataset(set, { dataDir, patienceMs: 300, onNotice: (notice) => notices.push(notice) });
      assertWhole(dataDir);
      assert.match(notices.join(), /no answer for 0\.3 s; trying the next$/);
    }));
}

test("a mirror that nobody listens at is an error in one line", () =>
  withMirror(async (mirror, dataDir) => {
    const { port } = new URL(mirror.url);
    const closed = `http://127.0.0.1:${Number(port) === 65_535 ? 1024 : 65_535}/`;
    const message = await failureOf(
      ensureDataset(dataset(gzippedFile("data", CONTENT, closed)), { dataDir }),
    );
    assert.match(message, /\(http:\/\/127\.0\.0\.1:1\/: \S[^\n]*\)$/);
  }));

test("an interrupted wait for an answer ends at once, with the reason", () =>
  withMirror(async (mirror, dataDir) => {
    const stop = new AbortController();
    const reason = new Error("stopped");
    mirror.paths["data.gz"] = () => stop.abort(reason);
    await assert.rejects(fetchData(mirror, dataDir, { signal: stop.signal }), reason);
    assert.deepEqual(filesIn(dataDir), []);
  }));

test("a data folder that cannot be made is an error that names it and the fix", () =>
  withMirror(async (mirror, dataDir) => {
    const file = join(dataDir, "file");
    writeFileSync(file, "");
    const message = await failureOf(fetchData(mirror, file));
    assert.ok(message.startsWith(`Cannot write into ${join(file, "tiny")}: `), message);
    assert.ok(message.endsWith("; choose another with --data-dir or OPTBENCH_DATA"), message);
  }));

test("on request the content of what is there is looked at, and what is damaged is fetched again", () =>
  withMirror(async (mirror, dataDir) => {
    mirror.paths["data.gz"] = mirror.paths["more.gz"] = serving(GZIPPED);
    const set = dataset(gzippedFile("data", CONTENT, mirror.url), gzippedFile("more", CONTENT, mirror.url));
    await ensureDataset(set, { dataDir });
    assert.equal(await ensureDataset(set, { dataDir, verify: true }), false);
    writeFileSync(join(dataDir, "tiny", "more"), wrong);
    assert.equal(await ensureDataset(set, { dataDir }), false);
    assert.equal(await ensureDataset(set, { dataDir, verify: true }), true);
    assert.deepEqual(verifyFiles(set.files, dataDir), { folder: join(dataDir, "tiny"), problems: [] });
    assert.deepEqual(mirror.requests, ["data.gz", "more.gz", "more.gz"]);
  }));

test("verifying names each file that is damaged, of another size or missing", () =>
  withMirror((_, dataDir) => {
    const { files } = dataset(...["a", "b", "c", "d"].map((name) => gzippedFile(name, CONTENT)));
    assert.equal(verifyFiles(files, dataDir), undefined);
    const path = (name: string) => join(dataDir, "tiny", name);
    mkdirSync(join(dataDir, "tiny"));
    writeFileSync(path("a"), CONTENT);
    writeFileSync(path("b"), wrong);
    writeFileSync(path("c.gz"), gzipSync("short"));
    const { folder, problems } = verifyFiles(files, dataDir)!;
    assert.equal(folder, join(dataDir, "tiny"));
    assert.equal(problems.length, 3);
    assert.match(problems[0], /^Invalid \S+b: it has the checksum /);
    assert.match(problems[1], /^Invalid \S+c\.gz: it has 5 bytes, expected 100000; delete it /);
    assert.equal(problems[2], `Cannot find ${path("d")}`);
  }));

test("of two that want the same file one fetches it, and the other is told once that it waits", () =>
  withMirror(async (mirror, dataDir) => {
    const waiting = Promise.withResolvers<void>();
    mirror.paths["data.gz"] = (...exchange) => waiting.promise.then(() => serving(GZIPPED)(...exchange));
    const notices: string[] = [];
    const onNotice = (notice: string) => {
      notices.push(notice);
      waiting.resolve();
    };
    const both = [fetchData(mirror, dataDir, { onNotice }), fetchData(mirror, dataDir, { onNotice })];
    assert.deepEqual((await Promise.all(both)).sort(), [false, true]);
    assertWhole(dataDir);
    assert.deepEqual(mirror.requests, ["data.gz"]);
    assert.equal(notices.length, 1);
    assert.match(notices[0], /^waiting for process \d+ on .+, which fetches tiny$/);
  }));

/** A dataset of two files in an archive. */
function archived(mirror: Mirror, archive: Uint8Array, contents = { one: CONTENT, two: wrong }) {
  const files = Object.entries(contents).map(([name, content]) => ({
    name,
    bytes: content.length,
    sum: sum("md5", content),
  }));
  mirror.paths["all.tar.gz"] = serving(archive);
  return dataset({
    name: "all.tar.gz",
    mirrors: [mirror.url],
    files,
    archive: { bytes: archive.length, sum: sum("sha256", archive), folder: "in" },
  });
}

const MEMBERS: readonly Member[] = [
  { name: "in/", content: new Uint8Array(), type: "5" },
  { name: "in/two", content: wrong },
  { name: "in/README", content: Buffer.from("hello") },
  { name: "in/one", content: CONTENT },
  { name: "one", content: Buffer.from("of another folder") },
];

test("the expected files of an archive are unpacked, and no others", () =>
  withMirror(async (mirror, dataDir) => {
    const set = archived(mirror, gzipSync(tar(...MEMBERS)));
    assert.equal(await ensureDataset(set, { dataDir }), true);
    assert.deepEqual(filesIn(dataDir), ["one", "two"]);
    const [one, two] = locate(set.files, dataDir)!.map(readDataFile);
    assert.ok(CONTENT.equals(one) && wrong.equals(two));
    assert.equal(await ensureDataset(set, { dataDir }), false);
  }));

const outside = (name: string): Member => ({ name, content: Buffer.from("evil") });
const archives: Record<string, { archive: Uint8Array; says: RegExp }> = {
  "a name that leads out of it": {
    archive: tar(outside("in/../../evil")),
    says: /names a file outside its folder: "in\/\.\.\/\.\.\/evil"/,
  },
  "an absolute name": { archive: tar(outside("/evil")), says: /names a file outside its folder: "\/evil"/ },
  "a file of another size": {
    archive: tar({ name: "in/one", content: CONTENT.subarray(1) }),
    says: /one has 99999 bytes, expected 100000/,
  },
  "a file of another content": {
    archive: tar({ name: "in/one", content: wrong }),
    says: /one has the checksum md5:/,
  },
  "a link in place of a file": {
    archive: tar({ name: "in/one", content: new Uint8Array(), type: "2" }),
    says: /the archive lacks in\/one, in\/two/,
  },
  "a file missing": { archive: tar(MEMBERS[1]), says: /the archive lacks in\/one$/m },
  "its end missing": { archive: tar(...MEMBERS).subarray(0, 100_000), says: /the tar archive is cut off/ },
  "a damaged header": { archive: tar(...MEMBERS).fill(7, 0, 10), says: /has a header with a wrong sum/ },
};

for (const [fault, { archive, says }] of Object.entries(archives)) {
  test(`an archive with ${fault} is an error that says so`, () =>
    withMirror(async (mirror, dataDir) => {
      const set = archived(mirror, gzipSync(archive));
      const message = await failureOf(ensureDataset(set, { dataDir }));
      assert.match(message.replace(/\)$/, ""), says);
      assert.ok(message.includes(`put it into ${join(dataDir, "tiny")} (`), message);
      assert.ok(!filesIn(dataDir).includes("one"));
      assert.deepEqual(readdirSync(dataDir), ["tiny"]);
      assert.equal(locate(set.files, dataDir), undefined);
    }));
}

test("an archive that was put into the folder by hand is unpacked, if it is the right one", () =>
  withMirror(async (mirror, dataDir) => {
    const archive = gzipSync(tar(...MEMBERS));
    const set = archived(mirror, archive);
    const byHand = join(dataDir, "tiny", "all.tar.gz");
    mkdirSync(join(dataDir, "tiny"));
    const notices: string[] = [];
    const onNotice = (notice: string) => notices.push(notice);

    writeFileSync(byHand, archive);
    await ensureDataset(set, { dataDir, onNotice });
    assert.deepEqual(verifyFiles(set.files, dataDir)!.problems, []);
    assert.deepEqual([mirror.requests, notices], [[], []]);

    rmSync(join(dataDir, "tiny", "one"));
    writeFileSync(byHand, archive.subarray(1));
    await ensureDataset(set, { dataDir, onNotice });
    assert.deepEqual(verifyFiles(set.files, dataDir)!.problems, []);
    assert.deepEqual(mirror.requests, ["all.tar.gz"]);
    assert.match(notices.join(), /^no all\.tar\.gz from .*: the archive has \d+ bytes, expected \d+; trying/);
  }));

test("an archive that is not the published one is an error, and is not unpacked", () =>
  withMirror(async (mirror, dataDir) => {
    const archive = gzipSync(tar(...MEMBERS));
    const set = archived(mirror, archive);
    const other = Buffer.from(archive).fill(1, 4, 8);
    mirror.paths["all.tar.gz"] = serving(other);
    const message = await failureOf(ensureDataset(set, { dataDir }));
    assert.ok(message.includes(`the archive has the checksum ${sum("sha256", other)}, expected`), message);
    assert.equal(locate(set.files, dataDir), undefined);
  }));

/** The tiny dataset of IDX files, some of them changed, as its mirror serves it. */
function tinySource(mirror: Mirror, changed: Record<string, Uint8Array> = {}) {
  const contents = { ...IDX_FILES, ...changed };
  serveAll(mirror, contents);
  return idxSource(idxSettings(mirror.url, contents));
}

test("a dataset of IDX files is fetched and read, as bytes", () =>
  withMirror(async (mirror, dataDir) => {
    const source = tinySource(mirror);
    setDataFolder(dataDir);
    assert.throws(() => source.load(), (error: Error) => {
      assert.ok(
        error.message.startsWith(
          "Cannot find the files of tiny: run optbench data fetch tiny, or put train-images-idx3-ubyte, ",
        ) && error.message.endsWith(` into ${join(dataDir, "tiny")}`),
        error.message,
      );
      return true;
    });
    await ensureDataset(source);
    const { train, test } = source.load();
    const bytes = (...values: number[]) => new Uint8Array(Buffer.from(values));
    assert.deepEqual([train.rows, test.rows], [3, 1]);
    assert.deepEqual(Uint8Array.from(train.columns.labels), bytes(2, 0, 1));
    assert.deepEqual(Uint8Array.from(train.columns.inputs).subarray(8), bytes(9, 10, 11, 255));
    assert.deepEqual(Uint8Array.from(test.columns.inputs), bytes(0, 0, 0, 1));
    assert.ok(train.columns.inputs instanceof Uint8Array);
  }));

for (
  const [fault, name, content, says] of [
    [
      "a wrong magic number",
      "train-labels-idx1-ubyte",
      [0, 0, 9, 1, 0, 0, 0, 3, 2, 0, 1],
      "the magic number is 0x00000901, expected 0x00000801",
    ],
    [
      "wrong dimensions",
      "t10k-images-idx3-ubyte",
      [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1],
      "the shape is [1,4,1], expected [1,2,2]",
    ],
  ] as const
) {
  test(`a dataset with ${fault} is an error that names the file`, () =>
    withMirror(async (mirror, dataDir) => {
      const source = tinySource(mirror, { [name]: Uint8Array.from(content) });
      setDataFolder(dataDir);
      await ensureDataset(source);
      assert.throws(() => source.load(), {
        message: `Invalid IDX file ${join(dataDir, "tiny", name)}: ${says}`,
      });
    }));
}

test("a label that is no class is an error that names the file", () =>
  withMirror(async (mirror, dataDir) => {
    const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 3);
    const source = tinySource(mirror, { "t10k-labels-idx1-ubyte": labels });
    setDataFolder(dataDir);
    await ensureDataset(source);
    assert.throws(() => source.load(), {
      message: `Invalid label 3 in ${join(dataDir, "tiny", "t10k-labels-idx1-ubyte")}: expected 0 to 2`,
    });
  }));

test("a file that is damaged on the disk is an error that names it, when it is read", () =>
  withMirror(async (mirror, dataDir) => {
    mirror.paths["data.gz"] = serving(GZIPPED);
    await fetchData(mirror, dataDir);
    const { files } = dataset(gzippedFile("data", CONTENT, mirror.url));
    const path = join(dataDir, "tiny", "data");
    writeFileSync(path, wrong);
    assert.throws(() => locate(files, dataDir)!.map(readDataFile), {
      message: `Invalid ${path}: it has the checksum ${sum("sha256", wrong)}, expected ` +
        `${sum("sha256", CONTENT)}; delete it and fetch it again`,
    });
  }));

test("a gzipped file that is damaged on the disk or expands without end is an error that names it", () =>
  withMirror((mirror, dataDir) => {
    const { files } = dataset(gzippedFile("data", CONTENT, mirror.url));
    mkdirSync(join(dataDir, "tiny"));
    const path = join(dataDir, "tiny", "data.gz");
    const length = GZIPPED.subarray(-4);
    for (const bytes of [gzipSync(Buffer.alloc(50_000_000)), Buffer.from(GZIPPED).fill(0, 0, 10)]) {
      writeFileSync(path, Buffer.concat([bytes.subarray(0, -4), length]));
      assert.throws(() => locate(files, dataDir)!.map(readDataFile), (error: Error) => {
        assert.ok(error.message.startsWith(`Cannot decompress ${path}: `), error.message);
        return true;
      });
    }
  }));
