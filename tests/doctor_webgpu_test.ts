import assert from "node:assert/strict";
import { test } from "node:test";
import { probe } from "../engine/devices/probe/probe.ts";
import manifest from "../package.json" with { type: "json" };
import {
  arch,
  debian,
  failed,
  H200,
  lack,
  machineWith,
  NO_DRIVER,
  NO_LOADER,
  onBus,
  release,
  rocky,
  ubuntu,
  using,
  worked,
} from "./_machine.ts";

test("webgpu names the device that Vulkan's loader says is used, the last of them, with its driver's file", async () => {
  const said = using("llvmpipe", "/usr/lib/libvulkan_lvp.so") +
    using("AMD Radeon", "/usr/lib/libvulkan_radeon.so");
  const { machine } = machineWith({ attempts: { webgpu: worked(said) } });
  const { model, driver, available } = await probe("webgpu", machine);
  assert.deepEqual({ model, driver, available }, {
    model: "AMD Radeon",
    driver: "libvulkan_radeon.so",
    available: true,
  });
});

test("webgpu has memory and driver of an NVIDIA GPU from nvidia-smi", async () => {
  const attempts = { webgpu: worked(using("NVIDIA H200", "libGLX_nvidia.so.0")) };
  const { machine } = machineWith({ attempts, programs: H200 });
  assert.deepEqual(await probe("webgpu", machine), {
    name: "webgpu",
    available: true,
    kind: "gpu",
    model: "NVIDIA H200",
    memoryBytes: 143771 * 2 ** 20,
    driver: "580.95.05",
    library: `onnxruntime ${manifest.dependencies["onnxruntime-node"]}`,
  });
});

test("webgpu has the driver's version from vulkaninfo, and the memory of AMD's only card from the kernel", async () => {
  const vulkaninfo = "GPU0:\n\tdeviceName = llvmpipe\n\tdriverInfo = Mesa 1.0\n" +
    "GPU1:\n\tdeviceName         = AMD Radeon\n\tdriverInfo         = Mesa 25.0.7-2 (LLVM 19)\n";
  const { machine } = machineWith({
    attempts: { webgpu: worked(using("AMD Radeon", "/usr/lib/libvulkan_radeon.so")) },
    programs: { vulkaninfo },
    files: { "/sys/class/drm/card1/device/mem_info_vram_total": "8589934592\n" },
  });
  const { driver, memoryBytes } = await probe("webgpu", machine);
  assert.deepEqual({ driver, memoryBytes }, { driver: "Mesa 25.0.7-2", memoryBytes: 2 ** 33 });
});

test("webgpu names Metal's and Direct3D's device where there is one, and leaves it unknown where there are two", async () => {
  const mac = (...models: string[]) =>
    JSON.stringify({ SPDisplaysDataType: models.map((sppci_model) => ({ sppci_model })) });
  const windows = (...models: string[]) =>
    JSON.stringify(models.map((Name) => ({ Name, DriverVersion: "32.0.1" })));
  const found: [Parameters<typeof machineWith>[0], string | undefined, string][] = [
    [{ platform: "darwin", programs: { system_profiler: mac("Apple M2") } }, "Apple M2", "gpu"],
    [{ platform: "darwin", programs: { system_profiler: mac("A", "B") } }, undefined, "unknown"],
    [{ platform: "darwin" }, undefined, "unknown"],
    [{ platform: "win32", programs: { powershell: windows("Arc A770") } }, "Arc A770", "gpu"],
    [
      { platform: "win32", programs: { powershell: windows("Microsoft Basic Render Driver") } },
      "Microsoft Basic Render Driver",
      "software",
    ],
    [{ platform: "win32", programs: { powershell: windows("A", "B") } }, undefined, "unknown"],
  ];
  for (const [setup, expected, kind] of found) {
    const report = await probe("webgpu", machineWith(setup).machine);
    assert.deepEqual(
      [report.model, report.available && report.kind],
      [expected, kind],
      JSON.stringify(setup),
    );
  }
});

test("webgpu without a Vulkan loader says what installs one, and what else it takes, on each distribution", async () => {
  const reason = "there is no Vulkan loader (libvulkan.so.1)";
  const command = async (files: Record<string, string>, others = {}) => {
    const { machine } = machineWith({ attempts: { webgpu: NO_LOADER }, files, ...others });
    const [told, command] = await lack("webgpu", machine);
    assert.ok(told.startsWith(reason), told);
    return command;
  };
  const amd = onBus("0x1002");
  assert.equal(await command({ ...debian, ...amd }), "sudo apt-get install libvulkan1 mesa-vulkan-drivers");
  assert.equal(
    await command({ ...ubuntu, ...amd }, { isRoot: true }),
    "apt-get install libvulkan1 mesa-vulkan-drivers",
  );
  assert.equal(await command({ ...rocky, ...amd }), "sudo dnf install vulkan-loader mesa-vulkan-drivers");
  assert.match(
    String(await command({ ...arch, ...amd })),
    /^sudo pacman -S vulkan-icd-loader vulkan-radeon /,
  );
  assert.equal(await command(debian, { programs: H200 }), "sudo apt-get install libvulkan1 libegl1 libxext6");
  assert.equal(await command({ ...ubuntu, ...onBus("0x10de") }), "sudo ubuntu-drivers install nvidia:580");
  assert.equal(await command(release("ID=plan9\n")), undefined);
});

test("webgpu without any GPU says so, as only software would run", async () => {
  for (const files of [debian, { ...debian, ...onBus("0x1234") }]) {
    const { machine } = machineWith({ attempts: { webgpu: NO_DRIVER }, files });
    const [reason, command] = await lack("webgpu", machine);
    assert.match(
      reason,
      /^there is no Vulkan driver that loads, and no GPU that the system knows of; Mesa's/,
    );
    assert.equal(command, "sudo apt-get install mesa-vulkan-drivers");
  }
});

test("webgpu with NVIDIA's driver, but none for Vulkan, says where its manifest is, or what brings it", async () => {
  const command = async (files: Record<string, string>, said = "") => {
    const attempts = { webgpu: failed("", NO_DRIVER.said + said) };
    return (await lack("webgpu", machineWith({ attempts, files, programs: H200 }).machine))[1];
  };
  const manifest = "/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json";
  assert.equal(await command({ ...debian, [manifest]: "{}" }), `export VK_DRIVER_FILES=${manifest}`);
  assert.match(String(await command({ ...debian, "/.dockerenv": "" })), /^docker run .*CAPABILITIES=all$/);
  assert.equal(await command(debian), "sudo apt-get install nvidia-vulkan-icd");
  assert.equal(await command(ubuntu), "sudo apt-get install libnvidia-gl-580");
  const found = "Found ICD manifest file /usr/share/vulkan/icd.d/nvidia_icd.json, version 1.4\n" +
    "ERROR: libXext.so.6: cannot open shared object file: No such file or directory";
  assert.equal(await command(debian, found), "sudo apt-get install libegl1 libxext6");
});

test("webgpu names the library that a driver lacks, and any other error", async () => {
  const missing =
    "ERROR: /usr/lib/libvulkan_radeon.so: cannot open shared object file: No such file or directory\n";
  const attempts = { webgpu: failed("", missing + NO_DRIVER.said) };
  const { machine } = machineWith({ attempts, files: onBus("0x1002") });
  assert.equal(
    (await lack("webgpu", machine))[0],
    "there is no Vulkan driver that loads (libvulkan_radeon.so is not there)",
  );
  const other = machineWith({ attempts: { webgpu: failed("its process ended with SIGSEGV") } }).machine;
  assert.deepEqual(await lack("webgpu", other), ["its process ended with SIGSEGV", undefined]);
});
