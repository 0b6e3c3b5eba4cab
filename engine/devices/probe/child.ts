/**
 * A process that tries a device out, and may die of it: without a Vulkan loader it ends with a segmentation fault. The
 * device is the argument; the last line of stdout is the answer, as JSON.
 */
import process from "node:process";
import type { DeviceName } from "../../device.ts";
import { ElementType, encodeModel } from "../../onnx.ts";
import type { Answer } from "./try_out.ts";

/** Of two square matrices, large enough for a kernel that is not a special case. */
const SIZE = 64;

/** Small integers, so that products and sums are exact in any precision and order. */
const a = Float32Array.from({ length: SIZE * SIZE }, (_, i) => i % 7 - 3);
const b = Float32Array.from({ length: SIZE * SIZE }, (_, i) => i % 5 - 2);

async function productOn(name: DeviceName): Promise<ArrayLike<number>> {
  const ort = await import("onnxruntime-node");
  const matrix = (name: string) => ({ name, type: ElementType.float, shape: [SIZE, SIZE] });
  const model = encodeModel({
    name: "product",
    nodes: [{ op: "MatMul", inputs: ["a", "b"], outputs: ["c"], attributes: {} }],
    initializers: [],
    inputs: [matrix("a"), matrix("b")],
    outputs: [matrix("c")],
  });
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [name],
    // What the device lacks must not go to the CPU.
    extra: name === "cpu" ? {} : { session: { disable_cpu_ep_fallback: "1" } },
  });
  const tensor = (data: Float32Array) => new ort.Tensor(data, [SIZE, SIZE]);
  const { c } = await session.run({ a: tensor(a), b: tensor(b) });
  await session.release();
  return c.data as Float32Array;
}

async function tryTensorflow(): Promise<Answer> {
  const { findTensorflow, loadTensorflow, TENSORFLOW_BACKEND, tensorflowFolder } = await import(
    "../tensorflow/package.ts"
  );
  if (!findTensorflow()) {
    const error = `@tensorflow/tfjs-node is not installed in ${tensorflowFolder()} or above`;
    return { works: false, isMissing: true, error };
  }
  const tensorflow = loadTensorflow();
  const tf = await import("@tensorflow/tfjs");
  await tf.setBackend(TENSORFLOW_BACKEND);
  const matrix = (data: Float32Array) => tf.tensor2d(data, [SIZE, SIZE]);
  check(matrix(a).matMul(matrix(b)).dataSync());
  return { works: true, tensorflow };
}

async function tryOnnxruntime(name: DeviceName): Promise<Answer> {
  check(await productOn(name));
  return { works: true };
}

function check(product: ArrayLike<number>): void {
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j < SIZE; j++) {
      let sum = 0;
      for (let k = 0; k < SIZE; k++) sum += a[i * SIZE + k] * b[k * SIZE + j];
      if (product[i * SIZE + j] !== sum) throw new Error("a product of two matrices came out wrong");
    }
  }
}

const name = process.argv[2] as DeviceName;
const trial = name === "tensorflow" ? tryTensorflow() : tryOnnxruntime(name);
const answer = await trial.catch((error): Answer => ({
  works: false,
  error: error instanceof Error ? error.message : String(error),
}));
process.stdout.write(`\n${JSON.stringify(answer)}\n`);
