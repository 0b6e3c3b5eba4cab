import * as ort from "onnxruntime-node";
import { ElementType, encodeModel } from "../onnx.ts";

let probed: Promise<number> | undefined;

/**
 * How many channels the runtime's blocked convolutions take together, which depends on the processor: 16 with AVX-512
 * and on ARM, 8 otherwise; 0 where it has none. Asked once a process, by an operator that fills up an image's channels
 * to a block.
 */
export function blockSize(): Promise<number> {
  return probed ??= probe();
}

async function probe(): Promise<number> {
  const type = ElementType.float;
  const bytes = encodeModel({
    name: "probe",
    nodes: [{
      op: "ReorderInput",
      domain: "com.microsoft.nchwc",
      inputs: ["image"],
      outputs: ["blocks"],
      attributes: { channels_last: 0 },
    }],
    initializers: [],
    inputs: [{ name: "image", type, shape: [1, 4, 1, 1] }],
    outputs: [{ name: "blocks", type, shape: [1, "channels", 1, 1] }],
  });
  try {
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: ["cpu"],
      logSeverityLevel: 4,
    });
    const { blocks } = await session.run({
      image: new ort.Tensor("float32", new Float32Array(4), [1, 4, 1, 1]),
    });
    await session.release();
    return blocks.dims[1];
  } catch {
    // A processor for which the runtime has no blocked kernels.
    return 0;
  }
}
