import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { filesOf } from "../datasets/files/files.ts";
import { datasetNames, datasets } from "../datasets/registry.ts";
import { optbench } from "./cli.ts";
import {
  breaking,
  failing,
  IDX_FILES,
  idxSettings,
  type Mirror,
  serveAll,
  serving,
  withMirror,
} from "./_mirror.ts";
import { endWith, start, until } from "./_running.ts";

const timeout = { timeout: 120_000 };

function inTemporaryFolder(use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "optbench-"));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Files of the names and sizes of CIFAR-10's, of zeros, which take no place on the disk. */
function makeHollowCifar10(folder: string): void {
  mkdirSync(folder);
  for (const { name, bytes } of filesOf(datasets.cifar10.files)) {
    writeFileSync(join(folder, name), "");
    truncateSync(join(folder, name), bytes);
  }
}

test("data list tells of every dataset whether it is there, where, its size and its source", () => {
  inTemporaryFolder((folder) => {
    const { code, stdout, stderr } = optbench(["data", "list", "--data-dir", folder]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    for (const name of datasetNames) {
      assert.match(stdout, new RegExp(`^${name} .*(built in|present|missing)`, "m"));
    }
    assert.match(stdout, /^cifar10 +missing +184\.4 MB$/m);
    assert.ok(stdout.includes(`\n    ${join(folder, "cifar10")}\n`));
  });
});

test("data list --json has the same, for programs", () => {
  inTemporaryFolder((folder) => {
    makeHollowCifar10(join(folder, "cifar-10-batches-bin"));
    const { stdout } = optbench(["data", "list", "--json", "--data-dir", folder]);
    const all: { name: string }[] = JSON.parse(stdout);
    assert.deepEqual(all.map(({ name }) => name), datasetNames);
    assert.deepEqual(all.find(({ name }) => name === "cifar10"), {
      name: "cifar10",
      state: "present",
      folder: join(folder, "cifar-10-batches-bin"),
      bytes: 184_380_000,
      source: datasets.cifar10.source,
    });
    assert.deepEqual(all.find(({ name }) => name === "digits"), {
      name: "digits",
      state: "built in",
      folder: null,
      bytes: null,
      source: datasets.digits.source,
    });
  });
});

test("data path is the data folder, or that of a dataset; --data-dir precedes OPTBENCH_DATA", () => {
  inTemporaryFolder((folder) => {
    const path = (...words: string[]) =>
      optbench(["data", "path", ...words], { OPTBENCH_DATA: folder }).stdout;
    assert.equal(path(), `${folder}\n`);
    assert.equal(path("cifar10"), `${join(folder, "cifar10")}\n`);
    assert.equal(path("--data-dir", join(folder, "other")), `${join(folder, "other")}\n`);
  });
});

test("data verify finds what is as published", () => {
  const { code, stdout } = optbench(["data", "verify", "mnist"]);
  assert.equal(code, 0);
  assert.match(stdout, /^mnist: as published, in \S.*\n$/);
});

test("data verify names every damaged file, with exit code 1", () => {
  inTemporaryFolder((folder) => {
    makeHollowCifar10(join(folder, "cifar10"));
    const { code, stdout, stderr } = optbench(["data", "verify", "cifar10", "digits", "--data-dir", folder]);
    assert.deepEqual({ code, stderr }, { code: 1, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    assert.equal(lines.length, 7);
    for (const [i, { name, sum }] of filesOf(datasets.cifar10.files).entries()) {
      assert.ok(
        lines[i].startsWith(`cifar10: Invalid ${join(folder, "cifar10", name)}: it has the checksum `),
      );
      assert.ok(lines[i].includes(`expected ${sum}`));
    }
    assert.equal(lines[6], "digits: built in");
  });
});

test("data verify takes what is missing for wrong only where it is named", () => {
  inTemporaryFolder((folder) => {
    const named = optbench(["data", "verify", "cifar10"], { OPTBENCH_DATA: folder });
    assert.deepEqual(named, { code: 1, stdout: "cifar10: missing\n", stderr: "" });
    const all = optbench(["data", "verify"], { OPTBENCH_DATA: folder });
    assert.equal(all.code, 0);
    assert.match(all.stdout, /^cifar10: missing$/m);
  });
});

test("data fetch of what is there says where", () => {
  const { code, stdout, stderr } = optbench(["data", "fetch", "mnist", "digits"]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.match(stdout, /^mnist: already in \S.*\ndigits: built in\n$/);
});

test("a mistake is one line that says what was meant, with exit code 2", () => {
  const names = datasetNames.toSorted().join(", ");
  const mistakes: [string, string][] = [
    ["data", "data what? list, fetch, verify, path"],
    ["data fech", 'unknown data command "fech": did you mean fetch? (fetch, list, path, verify)'],
    ["data fetch", `fetch what? ${datasetNames.join(", ")}, or --all`],
    ["data fetch --all mnist", "--all takes no names"],
    ["data fetch mnst", `unknown dataset "mnst": did you mean mnist? (${names})`],
    ["data path --all", "--all is not an option of data path"],
    ["data path digits", "digits is built in: it has no folder"],
    ["data list --jsn", "unknown option --jsn for data: did you mean --json?"],
    ["data list --data-dir", "--data-dir needs a value"],
  ];
  for (const [line, message] of mistakes) {
    assert.deepEqual(
      optbench(line.split(" ")),
      { code: 2, stdout: "", stderr: `optbench: ${message}\n` },
      line,
    );
  }
});

test("the help of data and of each of its commands fits 80 columns", () => {
  for (const command of ["", "list", "fetch", "verify", "path"]) {
    const words = ["data", command, "--help"].filter((word) => word !== "");
    const { code, stdout } = optbench(words);
    assert.equal(code, 0);
    for (const row of stdout.split("\n")) assert.ok(row.length <= 80, row);
  }
});

/** A module with a task on the tiny dataset of a mirror: softmax regression. */
function writeTask(mirror: Mirror, folder: string): string {
  const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const path = join(folder, "task.ts");
  writeFileSync(
    path,
    `import { idxSource } from ${at("../datasets/idx_source.ts")};
    import { initializers } from ${at("../mod.ts")};
    const scores = ({ w }, { inputs }) => inputs.toFloat().reshape([1, 4]).matMul(w).logSoftmax();
    const loss = (params, batch) =>
      batch.labels.oneHot(3, 1, 0).toFloat().mul(scores(params, batch)).sum().neg();
    export default {
      name: "tiny", summary: "a task", batchSize: 1, epochs: 1, metric: "accuracy", target: 1, loss,
      data: idxSource(${JSON.stringify(idxSettings(mirror.url))}),
      parameters: { w: { shape: [4, 3], init: initializers.zeros() } },
      evaluate: (params, batch) => ({
        loss: loss(params, batch),
        accuracy: scores(params, batch).argMax(1).equal(batch.labels).toFloat().mean(),
      }),
    };`,
  );
  return path;
}

/** A training on the data of a mirror, as a process. */
function train(command: "run" | "sweep", mirror: Mirror, dataDir: string, ...more: string[]) {
  const task = writeTask(mirror, dataDir);
  const options = ["--opt", "sgd", "--lr", "0.1", "--json", "--data-dir", dataDir, ...more];
  return start([command, "--task", task, ...options], dataDir);
}

test(
  "run and sweep fetch the data that they need, once",
  timeout,
  () =>
    withMirror(async (mirror, dataDir) => {
      serveAll(mirror);
      const first = await train("run", mirror, dataDir).ended;
      assert.equal(first.code, 0, first.stderr);
      assert.equal(JSON.parse(first.stdout).status, "completed");
      assert.match(first.stderr, /^train-images-idx3-ubyte\.gz: \d\.\d of \d\.\d MB\n/);
      assert.deepEqual(readdirSync(join(dataDir, "tiny")).sort(), Object.keys(IDX_FILES).sort());

      const second = await train("sweep", mirror, dataDir, "--quiet").ended;
      assert.deepEqual([second.code, second.stderr], [0, ""]);
      assert.equal(mirror.requests.length, 4);
    }),
);

test("run --quiet fetches in silence", timeout, () =>
  withMirror(async (mirror, dataDir) => {
    serveAll(mirror);
    const { code, stderr } = await train("run", mirror, dataDir, "--quiet").ended;
    assert.deepEqual([code, stderr], [0, ""]);
  }));

test(
  "a sweep whose data cannot be fetched is one line, with exit code 1, and writes nothing",
  timeout,
  () =>
    withMirror(async (mirror, dataDir) => {
      serveAll(mirror);
      mirror.paths["t10k-labels-idx1-ubyte.gz"] = failing(500);
      const { code, stdout, stderr } = await train("sweep", mirror, dataDir, "--quiet").ended;
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /^optbench: Cannot fetch t10k-labels-idx1-ubyte\.gz [^\n]*HTTP 500[^\n]*\n$/);
      assert.ok(!existsSync(join(dataDir, "optbench-results")));
    }),
);

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(
    `${signal} during a download ends with exit code ${code}, and leaves no lock`,
    timeout,
    () =>
      withMirror(async (mirror, dataDir) => {
        const bytes = new Uint8Array(1000);
        mirror.paths["train-images-idx3-ubyte.gz"] = breaking(bytes, 20, () => {});
        const running = train("run", mirror, dataDir);
        const part = join(dataDir, "tiny", "train-images-idx3-ubyte.gz.part");
        await until("the download began", running, () => existsSync(part));
        const ending = await endWith(signal, running);
        assert.deepEqual([ending.code, ending.stdout], [code, ""]);
        assert.match(
          ending.stderr,
          /\noptbench: interrupted; the next call goes on with the download of tiny\n$/,
        );
        const left = readdirSync(dirname(part)).filter((name) => !name.includes(".part"));
        assert.deepEqual(left, []);
      }),
  );
}

test(
  "of two processes that need the same data one fetches them, and both train",
  timeout,
  () =>
    withMirror(async (mirror, dataDir) => {
      serveAll(mirror);
      const first = "train-images-idx3-ubyte.gz";
      const answer = mirror.paths[first];
      const answers: (() => void)[] = [];
      mirror.paths[first] = (...exchange) => answers.push(() => answer(...exchange));
      const both = [train("run", mirror, dataDir), train("run", mirror, dataDir)];
      const isWaiting = () =>
        both.some(({ stderr }) => /^optbench: waiting for process \d+ on/m.test(stderr()));
      await until("one asked and the other waited", both[0], () => answers.length > 0 && isWaiting());
      mirror.paths[first] = serving(new Uint8Array());
      answers[0]();
      const endings = await Promise.all(both.map(({ ended }) => ended));
      assert.deepEqual(endings.map(({ code }) => code), [0, 0]);
      assert.equal(mirror.requests.length, 4);
    }),
);
