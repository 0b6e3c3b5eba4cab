/**
 * `deno task test`: every check of the project, one stage after the other, whether or not one before it failed. The last
 * line says how many tests passed and failed; a stage that runs no tests counts as one.
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

const BUN = "bun@1.4.5";

interface Count {
  readonly passed: number;
  readonly failed: number;
}

interface Stage {
  readonly name: string;
  readonly command: readonly string[];
  /** Finds the numbers of tests in what the stage printed; a stage without this is one test itself. */
  readonly count?: (printed: string) => Count | undefined;
  /** The exit code that says that the machine lacks what the stage takes: what depends on it is skipped. */
  readonly skippedBy?: number;
}

/** What models compute is the same library's doing on both runtimes; and software that plays a GPU is slow. */
const ON_DENO_ALONE = [
  ...["webgpu_tasks", "webgpu_training", "webgpu_kernels", "webgpu_convolution", "webgpu_placement"],
  ...["batched_convolution_webgpu", "batched_convolution_programs", "batched_convolution_tasks"],
];
const ignored = ON_DENO_ALONE.map((name) => `--path-ignore-patterns=tests/${name}_test.ts`);

const deno = process.execPath;
const stages: readonly Stage[] = [
  { name: "Formatting", command: [deno, "fmt", "--check"] },
  { name: "Lint", command: [deno, "lint"] },
  { name: "Types", command: [deno, "check", "."] },
  { name: "TensorFlow for its tests", command: ["bash", "tests/tensorflow/install.sh"], skippedBy: 3 },
  {
    name: "Tests on Deno",
    command: [deno, "test", "--allow-all", "--no-check", "--parallel", "--reporter=dot", "tests/"],
    count: (printed) => counts(/\| (\d+) passed[^|]*\| (\d+) failed/, printed),
  },
  {
    name: "Tests on Bun",
    command: ["npx", "--yes", BUN, "test", "--parallel", "--timeout=60000", "--dots", ...ignored, "tests/"],
    count: (printed) => counts(/^ *(\d+) pass$[^]*?^ *(\d+) fail$/m, printed),
  },
];

function counts(summary: RegExp, printed: string): Count | undefined {
  const found = [...printed.matchAll(new RegExp(summary, `${summary.flags}g`))].at(-1);
  return found && { passed: Number(found[1]), failed: Number(found[2]) };
}

async function run({ name, command, count, skippedBy }: Stage): Promise<Count> {
  console.log(`\n== ${name}: ${command.map((word) => word === deno ? "deno" : word).join(" ")}`);
  const startMs = performance.now();
  const { code, printed } = await show(command);
  if (skippedBy !== undefined && code === skippedBy) {
    console.log(`== ${name}: skipped`);
    return { passed: 0, failed: 0 };
  }
  const { passed, failed } = count?.(printed) ?? { passed: code === 0 ? 1 : 0, failed: 0 };
  // What fails without a failing test is a failure too: a module that cannot be loaded, a process that crashes.
  const total = { passed, failed: failed || (code === 0 ? 0 : 1) };
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`== ${name}: ${total.passed} passed, ${total.failed} failed (${seconds} s)`);
  return total;
}

/** Runs a command at the root of the project, passes on what it prints, and keeps it. */
function show([program, ...args]: readonly string[]): Promise<{ code: number | null; printed: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let printed = "";
    for (const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]] as const) {
      from.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
        to.write(text);
      });
    }
    child.on("error", (error) => {
      console.error(error.message);
      resolve({ code: null, printed });
    });
    child.on("close", (code) => resolve({ code, printed }));
  });
}

const total = { passed: 0, failed: 0 };
for (const stage of stages) {
  const { passed, failed } = await run(stage);
  total.passed += passed;
  total.failed += failed;
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
