/**
 * Tests that use WebGPU, on SwiftShader where Debian's chromium is installed. All of a file run in a process of its own:
 * sessions in several threads of one would share the device's command queue, and a driver may crash where it has to end.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { compileFunction, type Specs, type Together } from "../engine/compile.ts";
import type { ModelDevice } from "../engine/device.ts";
import { WebGpuDevice } from "../engine/devices/webgpu.ts";
import type { TensorFunction } from "../engine/trace.ts";
import { runScript } from "./cli.ts";

export type WebGpuTests = Readonly<Record<string, (device: WebGpuDevice) => Promise<void>>>;

/** Says to a test's file that it runs as the process. */
const INSIDE = "OPTBENCH_TESTS_ON_WEBGPU";

const CHROMIUM = "/usr/lib/chromium";
const SWIFTSHADER = `${CHROMIUM}/vk_swiftshader_icd.json`;

/** How long a test waits for those before it, and for itself: no measure of speed. */
const PATIENCE_MS = 180_000;

/** What a process needs from its start to find SwiftShader; a driver that is named stays. */
function environment(): NodeJS.ProcessEnv {
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES } = process.env;
  if (VK_ICD_FILENAMES || VK_DRIVER_FILES || !existsSync(SWIFTSHADER)) return process.env;
  return { ...process.env, VK_ICD_FILENAMES: SWIFTSHADER, LD_LIBRARY_PATH: CHROMIUM };
}

/** A line that the process prints: first that it has a device, then how each test went. */
interface Report {
  readonly name?: string;
  readonly error?: string;
}

/**
 * Declares the tests of a file, or runs them where it is the process. They are skipped where there is neither a device nor
 * SwiftShader.
 *
 * @param url the file's own.
 */
export async function testOnWebGpu(url: string, tests: WebGpuTests): Promise<void> {
  if (process.env[INSIDE]) return await runAll(tests);
  const path = fileURLToPath(url);
  const child = spawn(process.execPath, [...runScript, path], {
    env: { ...environment(), [INSIDE]: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const reports = new Reports(child, Object.keys(tests));
  const reason = await reports.start;
  const skip = reason !== undefined && !existsSync(SWIFTSHADER);
  if (skip) console.log(`Skipped ${basename(path)}, as there is no WebGPU: ${line(reason)}`);
  for (const name of Object.keys(tests)) {
    test(name, { timeout: PATIENCE_MS, skip }, async () => {
      const { error } = await reports.of(name);
      if (error !== undefined) throw new Error(error);
    });
  }
}

/** Of what the runtime says, the part that says something. */
function line(reason: string): string {
  return /Failed to get a WebGPU .*/.exec(reason)?.[0] ?? reason.split("\n", 1)[0];
}

/** What a process reports, as it comes. */
class Reports {
  /** Settled once it has a device; else why it has none. */
  readonly start: Promise<string | undefined>;
  readonly #reports = new Map<string, PromiseWithResolvers<Report>>();

  constructor(child: ChildProcess, names: readonly string[]) {
    for (const name of names) this.#reports.set(name, Promise.withResolvers());
    let said = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => said = (said + text).slice(-4000));
    this.start = new Promise((resolve) => {
      createInterface({ input: child.stdout! }).on("line", (line) => {
        const report: Report = JSON.parse(line);
        if (report.name === undefined) resolve(report.error);
        else this.#reports.get(report.name)!.resolve(report);
      });
      child.on("close", (code, signal) => {
        const error = `its process ended with ${signal ?? `code ${code}`}: ${said.trim()}`;
        resolve(error);
        for (const { resolve } of this.#reports.values()) resolve({ error });
      });
    });
  }

  of(name: string): Promise<Report> {
    return this.#reports.get(name)!.promise;
  }
}

async function runAll(tests: WebGpuTests): Promise<never> {
  const say = (report: Report) => console.log(JSON.stringify(report));
  const attempt = async (name: string | undefined, run: () => Promise<unknown>) => {
    try {
      await run();
      say({ name });
    } catch (error) {
      say({ name, error: error instanceof Error ? error.stack : String(error) });
    }
  };
  const device = new WebGpuDevice();
  await attempt(undefined, () => compute(device, ({ x }) => ({ y: x.add(1) }), { x: SCALAR }, { x: [1] }));
  for (const [name, run] of Object.entries(tests)) await attempt(name, () => run(device));
  // Whatever is left is the system's to clear up.
  process.exit(0);
}

const SCALAR = { shape: [], dtype: "float" } as const;

/** Results by name, as a device computes them. */
export async function compute(
  device: ModelDevice,
  fn: TensorFunction,
  specs: Specs,
  data: Readonly<Record<string, ArrayLike<number>>>,
  together?: Together,
): Promise<Record<string, number[]>> {
  const model = compileFunction(fn, specs, "float32", together, { provider: device.name });
  const executable = await device.load(model);
  const feeds = Object.keys(model.inputs).map((name) => [name, executable.value(name, data[name])]);
  const results = await executable.run(Object.fromEntries(feeds));
  const read: Record<string, number[]> = {};
  for (const [name, value] of Object.entries(results)) {
    read[name] = Array.from(await executable.read(value), Number);
  }
  executable.free(Object.values(results));
  await executable.release();
  return read;
}
