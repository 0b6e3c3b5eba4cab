/** What has to be installed for a device, and how: a command to type. */
import type { Machine } from "./machine.ts";

type Distribution = "ubuntu" | "debian" | "fedora" | "arch";

const INSTALL: Readonly<Record<Distribution, string>> = {
  ubuntu: "apt-get install",
  debian: "apt-get install",
  fedora: "dnf install",
  arch: "pacman -S",
};

/** Packages, by what they are for. */
const PACKAGES = {
  vulkanLoader: { debian: "libvulkan1", fedora: "vulkan-loader", arch: "vulkan-icd-loader" },
  /** Drivers for the GPUs of AMD and Intel, and one in software. */
  mesa: {
    debian: "mesa-vulkan-drivers",
    fedora: "mesa-vulkan-drivers",
    arch: "vulkan-radeon vulkan-intel vulkan-swrast",
  },
  /** What NVIDIA's driver for Vulkan loads, though it needs no display. */
  nvidiaNeeds: { debian: "libegl1 libxext6", fedora: "libglvnd-egl libXext", arch: "libglvnd libxext" },
  nvidiaVulkan: {
    debian: "nvidia-vulkan-icd",
    fedora: "xorg-x11-drv-nvidia-libs",
    arch: "nvidia-utils",
  },
  /** Debian's own is older than CUDA 13 needs; `cuda-drivers` is in NVIDIA's repository, Fedora's in RPM Fusion. */
  nvidiaDriver: {
    debian: "cuda-drivers",
    fedora: "akmod-nvidia xorg-x11-drv-nvidia-cuda",
    arch: "nvidia-open nvidia-utils",
  },
} as const;

export type Package = keyof typeof PACKAGES;

/** The command that installs something on this distribution of Linux; undefined where it is another system. */
export function installCommand(machine: Machine, packages: readonly Package[]): string | undefined {
  const distribution = distributionOf(machine);
  if (distribution === undefined) return undefined;
  const names = packages.map((name) => PACKAGES[name][distribution === "ubuntu" ? "debian" : distribution]);
  return asRoot(machine, `${INSTALL[distribution]} ${names.join(" ")}`);
}

/** The command that installs NVIDIA's driver, as new as CUDA 13 needs it. */
export function driverCommand(machine: Machine): string | undefined {
  return distributionOf(machine) === "ubuntu"
    ? asRoot(machine, "ubuntu-drivers install nvidia:580")
    : installCommand(machine, ["nvidiaDriver"]);
}

/** The command that installs the part of NVIDIA's driver that is for Vulkan: of the same version. */
export function nvidiaVulkanCommand(machine: Machine, driver = "580"): string | undefined {
  const [major] = driver.split(".");
  return distributionOf(machine) === "ubuntu"
    ? asRoot(machine, `apt-get install libnvidia-gl-${major}`)
    : installCommand(machine, ["nvidiaVulkan"]);
}

/** How a container is started with all of the driver's libraries; undefined outside of one. */
export function containerCommand(machine: Machine): string | undefined {
  return machine.list("/").includes(".dockerenv")
    ? "docker run --gpus all --env NVIDIA_DRIVER_CAPABILITIES=all"
    : undefined;
}

function asRoot({ isRoot }: Machine, command: string): string {
  return isRoot ? command : `sudo ${command}`;
}

/** By os-release(5): its name, or that of one that it is like. */
function distributionOf(machine: Machine): Distribution | undefined {
  const text = machine.platform === "linux" ? machine.read("/etc/os-release") ?? "" : "";
  const names = [...text.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)].flatMap(([, words]) =>
    words.split(" ")
  );
  return (Object.keys(INSTALL) as Distribution[]).find((name) => names.includes(name));
}
