import { cudaFolder, findCudaLibraries } from "../cuda_folder.ts";
import { DeviceError } from "../error.ts";
import { common, nvidiaCards, vendors } from "./gpus.ts";
import type { Machine } from "./machine.ts";
import { containerCommand, driverCommand } from "./packages.ts";
import {
  type AvailableDevice,
  brief,
  type DeviceReport,
  ONNXRUNTIME,
  reasonIn,
  type UnavailableDevice,
} from "./report.ts";

/** CUDA 13.0, as the wheel of the provider was built for; newer ones of its parts would need a newer driver. */
const WHEELS = [
  ONNXRUNTIME.replace(" ", "-gpu=="),
  "nvidia-cublas~=13.1.0",
  "nvidia-cuda-runtime~=13.0.0",
  "nvidia-cuda-nvrtc~=13.0.0",
  "nvidia-cufft~=12.0.0",
  "nvidia-curand~=10.4.0",
  "nvidia-cudnn-cu13~=9.0",
];

const LIBRARIES_COMMAND = 'export OPTBENCH_CUDA="$HOME/optbench-cuda"; ' +
  `python3 -m pip install --target "$OPTBENCH_CUDA" --no-deps ${WHEELS.join(" ")}`;

/** Reports on `cuda`: the process that tries it is started where there is a driver. */
export async function probeCuda(machine: Machine): Promise<DeviceReport> {
  const name = "cuda";
  if (machine.platform !== "linux" || machine.arch !== "x64") {
    return { name, ...lacking("ONNX Runtime's npm package has CUDA for Linux on x64 alone") };
  }
  const cards = await nvidiaCards(machine);
  if (cards.length > 0) return { name, ...common(cards), ...await tryLibraries(machine) };
  const found = vendors(machine).has("nvidia")
    ? lacking("the driver of the NVIDIA GPU is not installed", driverCommand(machine))
    : lacking("there is no NVIDIA GPU");
  return { name, ...found };
}

type Available = Pick<AvailableDevice, "available" | "kind" | "library" | "platform">;
type Unavailable = Pick<UnavailableDevice, "available" | "reason" | "command">;

function lacking(reason: string, command?: string): Unavailable {
  return { available: false, reason, command };
}

async function tryLibraries(machine: Machine): Promise<Available | Unavailable> {
  try {
    const folder = cudaFolder();
    const version = folder === undefined ? undefined : findCudaLibraries(folder).version;
    const attempt = await machine.tryOut("cuda");
    if (!attempt.answer.works) return explain(machine, attempt.answer.error, attempt.said);
    const platform = version === undefined ? undefined : `CUDA ${version}`;
    return { available: true, kind: "gpu", library: ONNXRUNTIME, platform };
  } catch (error) {
    if (error instanceof DeviceError) return lacking(reasonIn(error.message), LIBRARIES_COMMAND);
    throw error;
  }
}

/** Which library is missing, ONNX Runtime says on stderr alone. */
function explain(machine: Machine, error: string, said: string): Unavailable {
  const missing = said.match(/with error: (?:\S*\/)?(\S+?): cannot open shared object file/)?.[1];
  if (missing === "libcuda.so.1") {
    const command = containerCommand(machine) ?? driverCommand(machine);
    return lacking("the driver's library libcuda.so.1 is not there", command);
  }
  if (missing !== undefined) {
    const reason = missing.startsWith("libonnxruntime_providers_")
      ? "ONNX Runtime's provider for CUDA is not installed"
      : `CUDA's library ${missing} is not there`;
    return lacking(reason, LIBRARIES_COMMAND);
  }
  const [, code, text] = error.match(/CUDA failure (\d+): ([^;]*?) ;/) ?? [];
  if (code === undefined) return lacking(brief(said.match(/with error: (.*)/)?.[1] ?? error));
  return lacking(`CUDA failure ${code}: ${text}`, code === OLD_DRIVER ? driverCommand(machine) : undefined);
}

/** cudaErrorInsufficientDriver */
const OLD_DRIVER = "35";
