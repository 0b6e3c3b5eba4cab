import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attempt } from "../engine/devices/probe/try_out.ts";
import { probe } from "../engine/devices/probe/probe.ts";
import { failed, H200, lack, machineWith, onBus, ubuntu, worked } from "./_machine.ts";

test("cuda is tried out only where there is a driver of NVIDIA", async () => {
  const without = machineWith({ files: ubuntu });
  assert.deepEqual(await lack("cuda", without.machine), ["there is no NVIDIA GPU", undefined]);
  const idle = machineWith({ files: { ...ubuntu, ...onBus("0x10de") } });
  assert.deepEqual(await lack("cuda", idle.machine), [
    "the driver of the NVIDIA GPU is not installed",
    "sudo ubuntu-drivers install nvidia:580",
  ]);
  const elsewhere = machineWith({ platform: "win32", programs: H200 });
  assert.match((await lack("cuda", elsewhere.machine))[0], /Linux on x64 alone/);
  assert.deepEqual([...without.tried, ...idle.tried, ...elsewhere.tried], []);
});

test("cuda knows its GPU by nvidia-smi or the kernel's driver, and says so where there are several kinds", async () => {
  const [one, kernel, two] = [
    machineWith({ programs: H200 }),
    machineWith({
      files: {
        "/proc/driver/nvidia/version":
          "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\nGCC version: gcc 12.2.0\n",
        "/proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA H200\nIRQ: 42\n",
      },
    }),
    machineWith({ programs: { "nvidia-smi": "NVIDIA A, 1024, 580.1\nNVIDIA B, 2048, 580.1\n" } }),
  ];
  const facts = async ({ machine }: typeof one) => {
    const { model, memoryBytes, driver } = await probe("cuda", machine);
    return { model, memoryBytes, driver };
  };
  const expected = { model: "NVIDIA H200", memoryBytes: 143771 * 2 ** 20, driver: "580.95.05" };
  assert.deepEqual(await facts(one), expected);
  assert.deepEqual(await facts(kernel), { ...expected, memoryBytes: undefined });
  assert.deepEqual(await facts(two), {
    model: "NVIDIA A or NVIDIA B",
    memoryBytes: undefined,
    driver: "580.1",
  });
});

test("cuda says which library is missing, and which command brings it", async () => {
  const loading = (library: string) =>
    failed(
      "OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library",
      `FAIL : Failed to load library /x/libonnxruntime_providers_cuda.so with error: ${library}: ` +
        "cannot open shared object file: No such file or directory",
    );
  const failing = (failure: string) =>
    failed(`/onnxruntime_src/cuda_call.cc:129 ${failure} ; GPU=-1 ; hostname=x ; expr=cudaSetDevice(0);`);
  const pip =
    /^export OPTBENCH_CUDA=.*; python3 -m pip install .* onnxruntime-gpu==\d+\.\d+\.\d+ nvidia-cublas~=/;
  const driver = /^sudo ubuntu-drivers install nvidia:580$/;
  const states: [Attempt, RegExp, RegExp | undefined][] = [
    [
      loading("/a/libonnxruntime_providers_shared.so"),
      /^ONNX Runtime's provider for CUDA is not installed$/,
      pip,
    ],
    [loading("libcublasLt.so.13"), /^CUDA's library libcublasLt\.so\.13 is not there$/, pip],
    [loading("libcuda.so.1"), /^the driver's library libcuda\.so\.1 is not there$/, driver],
    [failing("CUDA failure 35: driver is insufficient"), /^CUDA failure 35: driver is insufficient$/, driver],
    [
      failing("CUDA failure 100: no device is detected"),
      /^CUDA failure 100: no device is detected$/,
      undefined,
    ],
    [failed("its process ended with SIGABRT"), /^its process ended with SIGABRT$/, undefined],
  ];
  for (const [cuda, reason, command] of states) {
    const { machine } = machineWith({ attempts: { cuda }, programs: H200, files: ubuntu });
    const [told, advice] = await lack("cuda", machine);
    assert.match(told, reason);
    if (command === undefined) assert.equal(advice, undefined);
    else assert.match(String(advice), command);
  }
});

test("tensorflow tells its GPU from TensorFlow's log, or else that it computes on the processor", async () => {
  const tensorflow = {
    name: "@tensorflow/tfjs-node-gpu",
    version: "4.22.0",
    libraryVersion: "2.9.1",
    usesGpu: true,
  } as const;
  const said =
    "I tensorflow/core/common_runtime/gpu/gpu_device.cc:1532] Created device /device:GPU:0 with 1024 MB " +
    "memory:  -> device: 0, name: NVIDIA H200, pci bus id: 0000:01:00.0, compute capability: 9.0";
  const gpu = machineWith({ attempts: { tensorflow: worked(said, { tensorflow }) } });
  assert.deepEqual(await probe("tensorflow", gpu.machine), {
    name: "tensorflow",
    available: true,
    kind: "gpu",
    model: "NVIDIA H200",
    memoryBytes: 2 ** 30,
    library: "TensorFlow 2.9.1",
    platform: "@tensorflow/tfjs-node-gpu 4.22.0",
  });
  const processor = worked(said, { tensorflow: { ...tensorflow, usesGpu: false } });
  const { machine } = machineWith({ attempts: { tensorflow: processor } });
  const report = await probe("tensorflow", machine);
  assert.deepEqual([report.model, report.available && report.kind], ["Processor", "processor"]);
});

test("tensorflow says which package to install, and why one does not load", async () => {
  const missing: Attempt = { answer: { works: false, isMissing: true, error: "not installed" }, said: "" };
  const attempts = { tensorflow: missing };
  const install = async (programs: Record<string, string>) =>
    (await lack("tensorflow", machineWith({ attempts, programs }).machine))[1];
  assert.equal(await install({}), "npm install @tensorflow/tfjs-node");
  assert.equal(await install(H200), "npm install @tensorflow/tfjs-node-gpu");
  const broken = failed("Cannot use tensorflow: @tensorflow/tfjs-node 4.22.0 does not load: no addon");
  const { machine } = machineWith({ attempts: { tensorflow: broken } });
  assert.deepEqual(await lack("tensorflow", machine), [
    "@tensorflow/tfjs-node 4.22.0 does not load: no addon",
    undefined,
  ]);
});
