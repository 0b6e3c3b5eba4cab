import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { cacheFolder, dataFolder, setDataFolder } from "../datasets/files/folder.ts";

test("the cache folder is where each platform keeps caches", () => {
  const home = join("/", "home", "user");
  assert.equal(cacheFolder("linux", {}, home), join(home, ".cache"));
  assert.equal(cacheFolder("freebsd", { XDG_CACHE_HOME: "/caches" }, home), "/caches");
  assert.equal(cacheFolder("linux", { XDG_CACHE_HOME: "" }, home), join(home, ".cache"));
  assert.equal(cacheFolder("linux", { XDG_CACHE_HOME: "relative" }, home), join(home, ".cache"));
  assert.equal(cacheFolder("darwin", { XDG_CACHE_HOME: "/caches" }, home), join(home, "Library", "Caches"));
  assert.equal(cacheFolder("win32", { LOCALAPPDATA: "C:\\Local" }, home), "C:\\Local");
  assert.equal(cacheFolder("win32", {}, home), join(home, "AppData", "Local"));
});

test("the data folder is OPTBENCH_DATA, or else optbench in the cache folder", () => {
  const before = process.env.OPTBENCH_DATA;
  try {
    delete process.env.OPTBENCH_DATA;
    assert.match(dataFolder(), /[\\/]optbench$/);
    process.env.OPTBENCH_DATA = "";
    assert.match(dataFolder(), /[\\/]optbench$/);
    setDataFolder("some/folder");
    assert.equal(dataFolder(), resolve("some/folder"));
  } finally {
    if (before === undefined) delete process.env.OPTBENCH_DATA;
    else process.env.OPTBENCH_DATA = before;
  }
});

test("threads that start later see the chosen folder", async () => {
  const before = process.env.OPTBENCH_DATA;
  setDataFolder("chosen");
  const module = JSON.stringify(new URL("../datasets/files/folder.ts", import.meta.url).href);
  const script = `import { parentPort } from "node:worker_threads";
    import { dataFolder } from ${module};
    parentPort.postMessage(dataFolder());`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
  try {
    const seen = await new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject));
    assert.equal(seen, resolve("chosen"));
  } finally {
    await worker.terminate();
    if (before === undefined) delete process.env.OPTBENCH_DATA;
    else process.env.OPTBENCH_DATA = before;
  }
});
