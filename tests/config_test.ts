import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { parseWithConfig } from "../cli/config/command_line.ts";
import { entriesOf } from "../cli/config/entries.ts";
import { readConfig } from "../cli/config/read.ts";
import { studySchema } from "../cli/config/schema.ts";
import { allSettings } from "../cli/config/settings.ts";
import { UsageError } from "../cli/errors.ts";
import { parse } from "../cli/options.ts";
import { getOptimizer, optimizerNames } from "../optim/registry.ts";
import { defaultSpace } from "../study/space/values.ts";

let folder: string;
before(() => folder = mkdtempSync(join(tmpdir(), "optbench-")));
after(() => rmSync(folder, { recursive: true }));

type Ending = "yaml" | "yml" | "json" | "toml";

function write(text: string, ending: Ending): string {
  const path = join(folder, `study.${ending}`);
  writeFileSync(path, text);
  return path;
}

/** What comes of a file, with words before it and after it. */
function read(text: string, ending: Ending = "yaml", after: readonly string[] = []) {
  return parseWithConfig(["sweep", write(text, ending), ...after]);
}

/** @param message after the path of the file. */
async function fails(text: string, message: string, ending: Ending = "yaml", after: readonly string[] = []) {
  await assert.rejects(
    read(text, ending, after),
    new UsageError(`${join(folder, `study.${ending}`)}:${message}`),
  );
}

const yaml = `# yaml-language-server: $schema=study.schema.json
opt: sam
base: adam
seeds: [1, 2, 42]
batch-size: 32
for:
  - bias:weight_decay=0
  - w1:lr=2x
quiet: true
json: false
space:
  lr: log:0.01..1:3
  rho: [0.02, 0.05]
  adaptive: [true, false]
  weight_decay: 1e-4
  schedule: warmup:5ep>cosine
`;
const json = `\uFEFF{
\t"$schema": "study.schema.json",
\t"opt": "sam", "base": "adam", "seeds": [1, 2, 42], "batch-size": 32,
\t"for": ["bias:weight_decay=0", "w1:lr=2x"], "quiet": true, "json": false,
\t"space": {
\t\t"lr": "log:0.01..1:3", "rho": [0.02, 0.05], "adaptive": [true, false], "weight_decay": 1e-4,
\t\t"schedule": "warmup:5ep>cosine"
\t}
}`;
const toml = `opt = "sam"
base = "adam"
seeds = [1, 2, 42]
batch-size = 32
for = ["bias:weight_decay=0", "w1:lr=2x"]
quiet = true
json = false
[space]
lr = "log:0.01..1:3"
rho = [0.02, 0.05]
adaptive = [true, false]
weight_decay = 1e-4
schedule = "warmup:5ep>cosine"
`;
const words =
  "sweep --opt sam --base adam --seeds 1,2,42 --batch-size 32 --for bias:weight_decay=0 --for w1:lr=2x " +
  "--quiet --lr log:0.01..1:3 --rho 0.02,0.05 --adaptive true,false --weight-decay 1e-4 --schedule warmup:5ep>cosine";

test("a file means what the same settings mean on the command line, in each format", async () => {
  const expected = parse(words.split(" "));
  for (const [text, ending] of [[yaml, "yaml"], [yaml, "yml"], [json, "json"], [toml, "toml"]] as const) {
    assert.deepEqual(await read(text, ending), expected, ending);
  }
});

test("the documented files are read, and mean the same", async () => {
  const documented = readFileSync(new URL("../docs/config.md", import.meta.url), "utf8");
  const [yaml, toml] = ["yaml", "toml"].map((kind) => documented.match(`\`\`\`${kind}\n([^]*?)\`\`\``)![1]);
  assert.deepEqual(await read(toml, "toml"), await read(yaml));
});

test("any values mean the same in a file and on the command line", async () => {
  const numbers = fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => value + 0);
  const list = <T>(item: fc.Arbitrary<T>) => fc.oneof(item, fc.array(item, { minLength: 1, maxLength: 3 }));
  const space = fc.record({
    lr: list(numbers),
    nesterov: list(fc.boolean()),
    schedule: list(fc.constantFrom("cosine", "constant")),
  });
  const settings = fc.record({
    epochs: fc.integer({ min: 1, max: 99 }),
    seeds: fc.uniqueArray(fc.nat(99), { minLength: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(settings, space, async (settings, space) => {
      const words = Object.entries({ ...settings, ...space }).map(([key, value]) => `--${key}=${value}`);
      const expected = parse(["sweep", ...words]);
      const text = JSON.stringify({ ...settings, space });
      const tomlLines = (fields: object) =>
        Object.entries(fields).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
      assert.deepEqual(await read(text), expected);
      assert.deepEqual(
        await read([...tomlLines(settings), "[space]", ...tomlLines(space)].join("\n"), "toml"),
        expected,
      );
    }),
    { numRuns: 10 },
  );
});

test("keys may be written with dashes or underscores", async () => {
  assert.deepEqual(
    await read("batch_size: 32\nspace:\n  weight-decay: 0"),
    parse(["sweep", "--batch-size", "32", "--weight-decay", "0"]),
  );
});

test("a list of one seed is that seed, and a number is how many", async () => {
  const seeds = async (text: string) => {
    const request = await read(text);
    return request.command === "sweep" && request.seeds;
  };
  assert.deepEqual(await seeds("seeds: [42]"), [42]);
  assert.deepEqual(await seeds("seeds: 2"), [1, 2]);
});

test("a byte-order mark is no part of a file", async () => {
  const expected = parse(["sweep", "--opt", "sam"]);
  assert.deepEqual(await read("\uFEFFopt: sam"), expected);
  assert.deepEqual(await read("\uFEFFopt = 'sam'", "toml"), expected);
});

test("an empty file sets nothing", async () => {
  for (const ending of ["yaml", "toml"] as const) assert.deepEqual(await read("", ending), parse(["sweep"]));
  assert.deepEqual(await read("space:\n"), parse(["sweep"]));
});

test("what the command line gives replaces what the file gives", async () => {
  const after = ["-q", "--lr", "7", "--seeds=3", "--for", "w2:lr=3x"];
  const file = yaml.replace("adaptive: [true, false]", "adaptive: true");
  const expected =
    "sweep --opt sam --base adam --batch-size 32 --rho 0.02,0.05 --adaptive true --weight-decay 1e-4 " +
    "--schedule warmup:5ep>cosine";
  assert.deepEqual(await read(file, "yaml", after), parse([...expected.split(" "), ...after]));
  assert.deepEqual(await read("opt: sam", "yaml", ["--opt", "sgd"]), parse(["sweep", "--opt", "sgd"]));
});

test("the file may stand after options, and an option's value is no file", async () => {
  const path = write('{"epochs": 3}', "json");
  const expected = parse(["sweep", "--epochs", "3", "--quiet", "--jobs", "2"]);
  assert.deepEqual(await parseWithConfig(["sweep", "--quiet", "--jobs", "2", path]), expected);
  assert.deepEqual(await parseWithConfig(["sweep", "--jobs=2", path, "-q"]), expected);
  assert.deepEqual(await parseWithConfig(["sweep", "--out", path]), parse(["sweep", "--out", path]));
});

test("a text with a colon may be given as a key and its value", async () => {
  const conditions = "when:\n  nesterov: momentum>0\n  dampening: not nesterov\nlr-scaling: {linear: 256}\n";
  const expected = ["--when=nesterov:momentum>0", "--when=dampening:not nesterov", "--lr-scaling=linear:256"];
  assert.deepEqual(await read(conditions), parse(["sweep", ...expected]));
  assert.deepEqual(
    await read('for: [bias: "lr=2x", "w1:lr=3x"]'),
    parse(["sweep", "--for=bias:lr=2x", "--for=w1:lr=3x"]),
  );
});

test("a file for one command may be given to another, but for what that does not have", async () => {
  const path = write("sampler: random\ntrials: 5\nspace:\n  lr: loguniform:0.01..1", "yaml");
  const words = ["--sampler", "random", "--trials", "5", "--lr", "loguniform:0.01..1"];
  assert.deepEqual(await parseWithConfig(["tune", path]), parse(["tune", ...words]));
  await assert.rejects(
    parseWithConfig(["sweep", path]),
    /study\.yaml:1:1: sampler: .*--sampler/,
  );
});

test("only commands that search take a file, and only one", async () => {
  const path = write("epochs: 3", "yaml");
  await assert.rejects(parseWithConfig(["run", path]), /^UsageError: unexpected ".*study\.yaml"/);
  await assert.rejects(parseWithConfig(["sweep", path, path]), /^UsageError: unexpected ".*study\.yaml"/);
});

test("help with a file is that of its optimizer", async () => {
  const help = await read("opt: sam", "yaml", ["--help"]);
  assert.ok(help.command === "print" && help.text.includes("--rho"));
});

test("a key that is unknown or misplaced is named with its line, and what was meant", async () => {
  await fails("opt: sgd\nepcohs: 3", "2:1: epcohs: unknown key: did you mean epochs?");
  await fails("space:\n  lr: 1\n  momentun: 0", "3:3: space.momentun: unknown key: did you mean momentum?");
  await fails("lr: 1", "1:1: lr: it is a hyper-parameter; move it into space");
  await fails(
    "space: {lr: 1, epochs: 3}",
    "1:16: space.epochs: it is no hyper-parameter; move it out of space",
  );
  await fails(
    "epochs = 3\n[space]\nmomentun = 0",
    "3:1: space.momentun: unknown key: did you mean momentum?",
    "toml",
  );
  await fails("batch-size: 1\n\nbatch_size: 2", "3:1: batch_size: it is the same as batch-size; drop one");
});

test("a value that no option could have is named with its line", async () => {
  await fails("epochs:", "1:1: epochs: it has no value; give one or drop the key");
  await fails("epochs: {a: 1}", "1:1: epochs: expected a value or a list of values, got a map");
  await fails("seeds: [[1]]", "1:1: seeds: expected a value or a list of values, got a list");
  await fails("seeds: []", "1:1: seeds: it is empty; give at least one value");
  await fails("quiet: 'yes'", '1:1: quiet: expected true or false, got "yes"');
  await fails("space: 1", "1:1: space: expected keys with values, as in lr: 0.1, got a value");
  await fails("- opt: sam", "1:1: expected keys with values, as in lr: 0.1, got a list");
  await fails(
    "[space]\nlr = 2026-11-01",
    "2:1: space.lr: expected a value or a list of values, got a date",
    "toml",
  );
});

test("a value that the command line would refuse is named with its line", async () => {
  const bad = '"abc" is not a number; write it as 0.1 or 1e-4';
  await fails(
    "epochs: 3\nspace:\n  momentum: 0\n  lr: abc",
    `4:3: space.lr: Cannot parse --lr "abc": ${bad}`,
  );
  await fails("epochs = 3\nspace.lr = 'abc'", `2:1: space.lr: Cannot parse --lr "abc": ${bad}`, "toml");
  await fails(
    "space = { momentum = 0, lr = 'abc' }",
    `1:25: space.lr: Cannot parse --lr "abc": ${bad}`,
    "toml",
  );
  await fails('{"epochs": 0.5}', '1:2: epochs: --epochs "0.5": expected a positive integer', "json");
  await assert.rejects(
    read("opt: sgd\nspace:\n  rho: 1"),
    /study\.yaml:3:3: space\.rho: --rho is not an option of sgd: it belongs to .*sam/,
  );
});

test("a value is refused as the optimizer on the command line has it", async () => {
  for (const after of [["--opt", "sgd"], ["--opt=sgd"]]) {
    const problem = "study.yaml:1:9: space.rho: --rho is not an option of sgd";
    await assert.rejects(
      read("space: {rho: 1}", "yaml", after),
      ({ message }: Error) => message.includes(problem),
    );
  }
});

test("a wrong optimizer or base is named, and not what depends on it", async () => {
  await assert.rejects(
    read("space: {rho: 1}\nopt: smm"),
    /study\.yaml:2:1: opt: unknown optimizer "smm": did you mean sam/,
  );
  await assert.rejects(
    read("opt: sam\nbase: sgdd"),
    /study\.yaml:2:1: base: unknown base "sgdd": did you mean sgd/,
  );
  await assert.rejects(
    read("epochs: 3\nbase: sgd\nopt: lars"),
    /study\.yaml:2:1: base: --base is not an option of lars/,
  );
});

test("a mistake of the command line is not blamed on the file", async () => {
  for (const after of [["--epochs", "x"], ["--opt", "smm"], ["--bogus", "1"], ["--rho", "-1"], ["extra"]]) {
    const alone = ["sweep", ...after[0] === "--opt" ? [] : ["--opt", "sam"], ...after];
    const { message } = problemOf(alone);
    await assert.rejects(read("opt: sam\nspace: {lr: 1}", "yaml", after), new UsageError(message));
  }
});

test("what is not in the format is named with its place", async () => {
  await fails("opt: sam\n\tbase: sgd", "2:1: Tabs are not allowed as indentation");
  await fails("opt: sam\nopt: lars", "2:1: the key is given twice; drop one");
  await fails("opt: sam\n---\nopt: lars", "2:1: a file holds one document; drop what follows ---");
  await fails("[opt]: sam", "1:1: a key is a text; put it in quotes");
  await fails("opt: *which", "1:6: there is no anchor &which before this; add it");
  await fails('{"opt": "sam",\n "epochs": 3', "2:13: Flow map must end with a }", "json");
  await fails('opt = "sam', "1:11: Unterminated string constant", "toml");
  await fails("a = 1\na = 2", "2:1: Defining a key multiple times is invalid", "toml");
});

test("a file that is not there, or is a folder, is an error that says so", async () => {
  const path = join(folder, "none.yaml");
  await assert.rejects(
    parseWithConfig(["sweep", path]),
    new UsageError(`Cannot read ${path}: there is no such file`),
  );
});

test("any text is read or refused with the place", async () => {
  const pieces = fc.constantFrom(
    ..."opt sam space lr 1 0.1 : = [ ] { } \" ' , # & * - > | \n \t ! ? % @ .".split(" "),
    " ",
  );
  const texts = fc.oneof(fc.string({ unit: "binary" }), fc.array(pieces).map((all) => all.join("")));
  const endings = fc.constantFrom("yaml", "toml");
  await fc.assert(
    fc.asyncProperty(texts, endings, async (text, ending) => {
      const path = write(text, ending as Ending);
      try {
        entriesOf(path, await readConfig(path));
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, /study\.(yaml|toml):\d+:\d+: /);
      }
    }),
    { numRuns: 100 },
  );
});

const schemaFile = new URL("../docs/study.schema.json", import.meta.url);
const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(studySchema());

test("the published schema is that of the declarations", () => {
  assert.deepEqual(JSON.parse(readFileSync(schemaFile, "utf8")), studySchema());
});

test("the schema takes what optbench takes", () => {
  const good = [
    {},
    { $schema: "study.schema.json", space: null },
    { opt: "sam", base: "adam", space: { rho: [0.1, "log:0.01..1:3"], "beta1": 0.9, ema: "0,0.9" } },
    {
      batch_size: 32,
      for: "bias:lr=2x",
      when: { nesterov: "momentum>0" },
      trials: 3,
      seeds: [1, 2],
      quiet: true,
      label: 3,
    },
    { space: { trust_coefficient: "lin:0.001..0.1:3", "weight-decay": 0, nesterov: "true,false" } },
  ];
  for (const file of good) assert.ok(validate(file), JSON.stringify([file, validate.errors]));
  for (const opt of optimizerNames) {
    const file = { opt, space: defaultSpace(getOptimizer(opt)) };
    assert.ok(validate(file), JSON.stringify([file, validate.errors]));
  }
});

test("the schema refuses what optbench refuses", async () => {
  const bad = [
    { epcohs: 3 },
    { lr: 1 },
    { opt: "smm" },
    { opt: "lars", base: "sgd" },
    { base: "sgd" },
    { epochs: "three" },
    { quiet: 1 },
    { space: { lr: -1 } },
    { space: { lr: "abc" } },
    { space: { momentum: [] } },
    { space: { nesterov: 1 } },
    { opt: "sgd", space: { rho: 1 } },
    { opt: "sam", space: { beta1: 0.9 } },
    { opt: "sam", base: "adam", space: { momentum: 0.9 } },
  ];
  for (const file of bad) {
    assert.ok(!validate(file), JSON.stringify(file));
    await assert.rejects(read(JSON.stringify(file), "json"), UsageError);
  }
});

test("the names that the schema closes are all that an option takes", () => {
  const { properties } = studySchema() as { properties: Record<string, { enum?: string[] }> };
  const closed = allSettings().filter(({ key }) => properties[key].enum !== undefined);
  assert.ok(closed.length >= 3);
  for (const { key, command } of closed) {
    const words = (value: string) => [command, ...key === "base" ? ["--opt=sam"] : [], `--${key}=${value}`];
    for (const name of properties[key].enum!) parse(words(name));
    problemOf(words("no-such-name"));
  }
});

test("every option but those of hyper-parameters is a setting", () => {
  const keys = allSettings().map(({ key }) => key);
  for (const key of ["opt", "base", "task", "for", "quiet", "data", "out"]) {
    assert.ok(keys.includes(key), key);
  }
  for (const key of ["lr", "rho", "schedule", "help"]) assert.ok(!keys.includes(key), key);
});

function problemOf(words: readonly string[]): Error {
  try {
    parse(words);
  } catch (error) {
    return error as Error;
  }
  return assert.fail(`${words.join(" ")} was taken`);
}
