import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { diagnosis } from "../cli/commands/doctor.ts";
import { deviceNames } from "../engine/device.ts";
import { ONNXRUNTIME } from "../engine/devices/probe/report.ts";
import { probeAll } from "../engine/devices/probe/probe.ts";
import { failed, H200, machineWith, ubuntu, using, worked } from "./_machine.ts";
import { optbench } from "./cli.ts";

const isLinux = process.platform === "linux" && process.arch === "x64";

/** With no driver for Vulkan, whatever the machine has. */
const NO_VULKAN = { VK_ICD_FILENAMES: "/no/such/driver.json", VK_DRIVER_FILES: "/no/such/driver.json" };

/** Where Debian's chromium has a loader for Vulkan, and a driver that is software. */
const CHROMIUM = "/usr/lib/chromium";
const SWIFTSHADER = {
  LD_LIBRARY_PATH: CHROMIUM,
  VK_ICD_FILENAMES: join(CHROMIUM, "vk_swiftshader_icd.json"),
};
const hasSwiftShader = existsSync(SWIFTSHADER.VK_ICD_FILENAMES);

/** Calls with an empty folder. */
function withFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "optbench-test-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function doctor(words: readonly string[], env: Record<string, string> = {}): string {
  const { code, stdout, stderr } = optbench(["doctor", ...words], env);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

test("doctor shows every device, what those that do not work lack, and what auto takes", async () => {
  const webgpu = worked(using("NVIDIA H200", "libGLX_nvidia.so.0"));
  const missing = failed("", "with error: libcublasLt.so.13: cannot open shared object file: No such file");
  const attempts = { webgpu, cuda: missing, tensorflow: failed("no addon") };
  const { machine } = machineWith({ attempts, programs: H200, files: ubuntu });
  assert.equal(
    diagnosis(await probeAll(machine)),
    `\
device      works  memory   library             driver
cpu         yes    8.0 GiB  ${ONNXRUNTIME}
    Processor
webgpu      yes    140 GiB  ${ONNXRUNTIME}  580.95.05
    NVIDIA H200
cuda        no     140 GiB                      580.95.05
    NVIDIA H200
    CUDA's library libcublasLt.so.13 is not there
    export OPTBENCH_CUDA="$HOME/optbench-cuda"; python3 -m pip install \\
    --target "$OPTBENCH_CUDA" --no-deps ${ONNXRUNTIME.replace(" ", "-gpu==")} \\
    nvidia-cublas~=13.1.0 nvidia-cuda-runtime~=13.0.0 \\
    nvidia-cuda-nvrtc~=13.0.0 nvidia-cufft~=12.0.0 nvidia-curand~=10.4.0 \\
    nvidia-cudnn-cu13~=9.0
tensorflow  no
    no addon

--device auto takes webgpu: the fastest that works here`,
  );
});

test("doctor says of software that it is, and what it does not know", async () => {
  const software = using("llvmpipe (LLVM 19.1.7, 256 bits)", "/usr/lib/libvulkan_lvp.so");
  const text = async (said: string) => {
    const { machine } = machineWith({ attempts: { webgpu: worked(said), tensorflow: failed("no addon") } });
    return diagnosis(await probeAll(machine));
  };
  assert.match(await text(software), /^webgpu +in software +unknown .* libvulkan_lvp\.so\n +llvmpipe/m);
  assert.match(await text(software), /auto takes cpu: no GPU works here$/);
  assert.match(await text(""), /^webgpu +yes +unknown +onnxruntime \S+ +unknown\n +unknown$/m);
});

test("doctor tells of this machine what it tells programs with --json, in 80 columns", () => {
  const text = doctor([], NO_VULKAN);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  const { auto, devices } = JSON.parse(doctor(["--json"], NO_VULKAN));
  assert.ok(text.endsWith(`--device auto takes ${auto.device}: ${auto.because}\n`), text);
  assert.deepEqual(devices.map(({ device }: { device: string }) => device), deviceNames);
  const flat = text.replaceAll(/\s+/g, " ");
  for (const { device, available, reason, model } of devices) {
    assert.match(text, new RegExp(`^${device} +${available ? "(yes|in software)" : "no"}( |$)`, "m"));
    assert.ok(flat.includes(available ? model ?? "unknown" : reason), device);
  }
  assert.equal(devices[0].available, true);
});

test("doctor survives a Vulkan without drivers, and says what it takes", { skip: !isLinux }, () => {
  const { devices } = JSON.parse(doctor(["--json"], NO_VULKAN));
  const webgpu = devices.find(({ device }: { device: string }) => device === "webgpu");
  assert.equal(webgpu.available, false);
  assert.match(webgpu.reason, /^there is no Vulkan (loader|driver)/);
});

test(
  "doctor uses what nvidia-smi says, and tries CUDA's folder out",
  { skip: !isLinux },
  () =>
    withFolder((folder) => {
      const program = join(folder, "nvidia-smi");
      writeFileSync(program, "#!/bin/sh\necho 'NVIDIA H200, 143771, 580.95.05'\n");
      chmodSync(program, 0o755);
      const env = { ...NO_VULKAN, PATH: `${folder}${delimiter}${process.env.PATH}` };
      const { devices } = JSON.parse(doctor(["--json", "--cuda-dir", folder], env));
      const cuda = devices.find(({ device }: { device: string }) => device === "cuda");
      assert.deepEqual([cuda.model, cuda.memoryBytes, cuda.driver], [
        "NVIDIA H200",
        143771 * 2 ** 20,
        "580.95.05",
      ]);
      assert.equal(cuda.reason, "ONNX Runtime's provider for CUDA is not installed");
      assert.match(cuda.command, /pip install/);
      const words = ["run", "--opt", "sgd", "--lr", "0.1", "--device", "cuda", "--cuda-dir", folder];
      const { code, stdout, stderr } = optbench(words, env);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.equal(stderr, `optbench: Cannot use cuda: ${cuda.reason}; try: ${cuda.command}\n`);
    }),
);

/** A study of one trial, of a function of two variables. */
const tiny = [
  "sweep",
  "--task",
  "rosenbrock",
  "--opt",
  "sgd",
  "--lr",
  "0.001",
  "--momentum",
  "0",
  "--epochs",
  "1",
];

test("--device auto trains where doctor says that it does, and says why", () =>
  withFolder((folder) => {
    const { auto } = JSON.parse(doctor(["--json"], NO_VULKAN));
    const out = join(folder, "study");
    const { code, stderr } = optbench([...tiny, "--device", "auto", "--out", out], NO_VULKAN);
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`^  on ${auto.device}\\b.*${auto.because}`, "m"));
    assert.equal(JSON.parse(readFileSync(join(out, "study.json"), "utf8")).device, auto.device);
  }));

test(
  "a study keeps what it was trained on, and goes on there",
  { skip: !hasSwiftShader },
  () =>
    withFolder((folder) => {
      const out = join(folder, "study");
      const begun = optbench([...tiny, "--device", "webgpu", "--out", out], SWIFTSHADER);
      const note = /^ {2}on webgpu: SwiftShader Device.*, which is software$/m;
      assert.equal(begun.code, 0, begun.stderr);
      assert.match(begun.stderr, note);
      const { device, jobs, accelerator } = JSON.parse(readFileSync(join(out, "study.json"), "utf8"));
      assert.deepEqual([device, jobs, accelerator.driver], ["webgpu", 1, "libvk_swiftshader.so"]);
      assert.match(accelerator.model, /^SwiftShader Device/);
      assert.match(optbench(["resume", out], SWIFTSHADER).stderr, note);
      const { code, stderr } = optbench(["resume", out], NO_VULKAN);
      assert.equal(code, 2);
      assert.match(stderr, /^optbench: Cannot use webgpu: there is no Vulkan [^\n]*\n$/);
    }),
);

test("a device that does not exist is one line with the nearest, and exit code 2", () => {
  const { code, stderr } = optbench(["sweep", "--device", "cudda"]);
  assert.equal(code, 2);
  assert.match(stderr, /^optbench: unknown device "cudda": did you mean cuda\?[^\n]*\n$/);
});

test(
  "on an accelerator, a sweep finds out how many trials to train together, unless it is asked for",
  { skip: !hasSwiftShader },
  () =>
    withFolder((folder) => {
      const lr = ["--lr", "1e-4,2e-4,3e-4,4e-4,5e-4"];
      for (
        const [asked, size, reason] of [[[], "[45]", "measured: "], [
          ["--group", "3"],
          "3",
          "asked for",
        ]] as const
      ) {
        const out = join(folder, size);
        const words = [...tiny.toSpliced(tiny.indexOf("--lr"), 2, ...lr), "--device", "webgpu"];
        const { code, stderr } = optbench([...words, ...asked, "--out", out], SWIFTSHADER);
        assert.equal(code, 0, stderr);
        assert.match(stderr, new RegExp(`^  up to ${size} trials at once: ${reason}`, "m"));
        assert.equal(
          /trying groups: of 4 \S+ ms a step of one trial/.test(stderr),
          asked.length === 0,
          stderr,
        );
        const { grouping } = JSON.parse(readFileSync(join(out, "study.json"), "utf8"));
        assert.match(`${grouping.size} ${grouping.reason}`, new RegExp(`^${size} ${reason}`));
      }
    }),
);
