import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { DeviceName } from "../engine/device.ts";
import { chooseDevice, fastest } from "../engine/devices/choose.ts";
import { deviceEnvironment } from "../engine/devices/environment.ts";
import type { Attempt } from "../engine/devices/probe/try_out.ts";
import { probeAll } from "../engine/devices/probe/probe.ts";
import { tryOut } from "../engine/devices/probe/try_out.ts";
import manifest from "../package.json" with { type: "json" };
import { shareProcessors } from "../study/settings/processors.ts";
import { debian, failed, H200, lack, machineWith, NO_LOADER, onBus, using, worked } from "./_machine.ts";

test("auto takes CUDA, else WebGPU on a real GPU, else TensorFlow on one, else the CPU, and says why", async () => {
  const usesGpu = {
    name: "@tensorflow/tfjs-node",
    version: "1",
    libraryVersion: "2",
    usesGpu: true,
  } as const;
  const webgpu = worked(using("NVIDIA H200", "libGLX_nvidia.so.0"));
  const tensorflow = worked("", { tensorflow: usesGpu });
  const none = failed("broken");
  const attempts = { webgpu, tensorflow, cuda: worked() };
  const taken = async (changes: Partial<Record<DeviceName, Attempt>>, programs = H200) => {
    const { machine } = machineWith({ attempts: { ...attempts, ...changes }, programs });
    const chosen = await chooseDevice("auto", machine);
    assert.deepEqual(fastest(await probeAll(machine)), chosen);
    return [chosen.name, chosen.because];
  };
  const best = "the fastest that works here";
  assert.deepEqual(await taken({}), ["cuda", best]);
  assert.deepEqual(await taken({ cuda: none }), ["webgpu", best]);
  assert.deepEqual(await taken({ cuda: none, webgpu: none }), ["tensorflow", best]);
  for (const model of ["SwiftShader Device (Subzero)", "llvmpipe (LLVM 15.0.6, 256 bits)"]) {
    const software = { cuda: none, tensorflow: none, webgpu: worked(using(model, "x.so")) };
    assert.deepEqual(await taken(software), ["cpu", "no GPU works here"]);
  }
  const onProcessor = worked("", { tensorflow: { ...usesGpu, usesGpu: false } });
  const unnamed = { cuda: none, tensorflow: onProcessor, webgpu: worked("") };
  assert.deepEqual(await taken(unnamed), ["cpu", "no GPU works here"]);
});

test("the CPU is chosen without anything being tried out", async () => {
  const { machine, tried } = machineWith();
  assert.deepEqual(await chooseDevice("cpu", machine), { name: "cpu" });
  assert.deepEqual(tried, []);
});

test("a device that is asked for and not available is an error with the reason and the command", async () => {
  const { machine } = machineWith({
    attempts: { webgpu: NO_LOADER },
    files: { ...debian, ...onBus("0x8086") },
  });
  await assert.rejects(chooseDevice("webgpu", machine), {
    name: "DeviceError",
    message: "Cannot use webgpu: there is no Vulkan loader (libvulkan.so.1); " +
      "try: sudo apt-get install libvulkan1 mesa-vulkan-drivers",
  });
  await assert.rejects(chooseDevice("cuda", machine), {
    message: "Cannot use cuda: there is no NVIDIA GPU; optbench doctor shows what there is",
  });
});

test("software is taken for a GPU where it is asked for by name", async () => {
  const { machine } = machineWith({ attempts: { webgpu: worked(using("llvmpipe", "libvulkan_lvp.so")) } });
  const { name, because, facts } = await chooseDevice("webgpu", machine);
  assert.deepEqual([name, because, facts?.kind], ["webgpu", undefined, "software"]);
});

/** Calls with the environment variable set, or not at all. */
function withVariable(name: string, value: string | undefined, use: () => void): void {
  const before = process.env[name];
  const set = (value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  set(value);
  try {
    use();
  } finally {
    set(before);
  }
}

/** Calls with a folder of CUDA's libraries, as pip unpacks them. */
function withCudaFolder(version: string, use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "optbench-test-"));
  const files = {
    "onnxruntime/capi/libonnxruntime_providers_shared.so": "",
    "onnxruntime/capi/libonnxruntime_providers_cuda.so": "",
    "onnxruntime/capi/build_and_package_info.py": `__version__ = '${version}'\ncuda_version = '13.0'\n`,
    "nvidia/cu13/lib/libcublas.so.13": "",
    "nvidia/cudnn/lib/libcudnn.so.9": "",
    "nvidia/headers/include/cuda.h": "",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  try {
    withVariable("OPTBENCH_CUDA", folder, () => use(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const OURS = manifest.dependencies["onnxruntime-node"];

test("the CPU and WebGPU need nothing of their environment", () => {
  for (const device of ["cpu", "webgpu"] as const) assert.deepEqual(deviceEnvironment(device).variables, {});
});

test("CUDA computes in float32 proper, unless the user says otherwise", () => {
  withVariable("OPTBENCH_CUDA", undefined, () => {
    withVariable(
      "NVIDIA_TF32_OVERRIDE",
      undefined,
      () => assert.deepEqual(deviceEnvironment("cuda").variables, { NVIDIA_TF32_OVERRIDE: "0" }),
    );
    withVariable(
      "NVIDIA_TF32_OVERRIDE",
      "1",
      () => assert.deepEqual(deviceEnvironment("cuda").variables, { NVIDIA_TF32_OVERRIDE: "1" }),
    );
  });
});

test("CUDA's folder comes with links to the runtime and its provider, which go with the environment", () => {
  withCudaFolder(OURS, (folder) =>
    withVariable("LD_LIBRARY_PATH", "/own", () => {
      const { variables, remove } = deviceEnvironment("cuda");
      const [links, ...others] = variables.LD_LIBRARY_PATH.split(":");
      const lib = (path: string) => join(folder, path);
      assert.deepEqual(others, [
        lib("onnxruntime/capi"),
        lib("nvidia/cu13/lib"),
        lib("nvidia/cudnn/lib"),
        "/own",
      ]);
      const provider = "libonnxruntime_providers_cuda.so";
      assert.equal(readlinkSync(join(links, provider)), lib(`onnxruntime/capi/${provider}`));
      const runtime = readlinkSync(join(links, "libonnxruntime.so.1"));
      assert.match(runtime, /onnxruntime-node/);
      if (process.platform === "linux") assert.ok(existsSync(runtime), runtime);
      remove();
      assert.ok(!existsSync(links));
    }));
});

test("a CUDA folder that does not exist, or has another ONNX Runtime, is an error that names it", () => {
  withVariable("OPTBENCH_CUDA", "/no/such/folder", () =>
    assert.throws(() => deviceEnvironment("cuda"), {
      name: "DeviceError",
      message:
        'Cannot use cuda: there is no folder "/no/such/folder"; name another with --cuda-dir or OPTBENCH_CUDA',
    }));
  withCudaFolder("1.2.3", (folder) =>
    assert.throws(() => deviceEnvironment("cuda"), {
      message: `Cannot use cuda: the folder "${folder}" has onnxruntime-gpu 1.2.3, not ${OURS}; ` +
        "name another with --cuda-dir or OPTBENCH_CUDA",
    }));
});

test("cuda is not available with a folder that does not exist", async () => {
  process.env.OPTBENCH_CUDA = "/no/such/folder";
  const { machine, tried } = machineWith({ programs: H200 });
  try {
    assert.match((await lack("cuda", machine))[0], /^there is no folder "\/no\/such\/folder"; name another /);
    assert.deepEqual(tried, []);
  } finally {
    delete process.env.OPTBENCH_CUDA;
  }
});

test("a device is tried out in a process of its own, which is not waited for without end", async () => {
  assert.deepEqual((await tryOut("cpu")).answer, { works: true });
  assert.deepEqual((await tryOut("cpu", 1)).answer, {
    works: false,
    error: "it gave no answer within 0.001 s",
  });
});

test("an accelerator trains one trial or group at a time, unless more are asked for", () => {
  const cores = availableParallelism();
  assert.deepEqual(shareProcessors({}, 1000, false), { jobs: cores, threads: 1 });
  for (const device of ["webgpu", "cuda", "tensorflow"] as const) {
    assert.deepEqual(shareProcessors({ device }, 1000, false), { jobs: 1, threads: 1 });
    assert.deepEqual(shareProcessors({ device, jobs: 3 }, 1000, false), { jobs: 3, threads: 1 });
    const threads = device === "tensorflow" ? cores : 1;
    assert.deepEqual(shareProcessors({ device }, 1000, true), { jobs: 1, threads });
  }
});
