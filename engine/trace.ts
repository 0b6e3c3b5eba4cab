/**
 * Tracing: a function of TensorFlow.js tensors is run once under a backend that computes nothing and records each kernel
 * as a node of a graph. TensorFlow.js' own gradients run on top, and are recorded with the rest.
 *
 * The trick is that a traced tensor's `dataId`, the key under which a backend keeps a tensor's values, is its node.
 */
import * as tf from "@tensorflow/tfjs";
import { Builder } from "./builder.ts";
import type { Graph, Node, TensorSpec } from "./graph.ts";
import { dtypes } from "./kernels/rule.ts";
import { kernelRules } from "./kernels.ts";

const BACKEND = "optbench-trace";

/** Nodes of the trace in progress, each with how many tensors stand for it. */
let references = new Map<object, number>();
let builder = new Builder();

/** Counts one more tensor that stands for a node, as TensorFlow.js will dispose of each. */
function share(node: Node): Node {
  references.set(node, (references.get(node) ?? 0) + 1);
  return node;
}

class TracingBackend extends tf.KernelBackend {
  override floatPrecision(): 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override numDataIds(): number {
    return references.size;
  }
  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): Node {
    const numbers = values as ArrayLike<number>;
    const value = isUniform(numbers) ? Number(numbers[0]) : Array.from(numbers, Number);
    return share(builder.constant(value, { shape, dtype: dtypes[dtype] }));
  }
  override incRef(dataId: tf.DataId): void {
    share(dataId as Node);
  }
  override disposeData(dataId: tf.DataId): boolean {
    const left = (references.get(dataId) ?? 1) - 1;
    if (left > 0) references.set(dataId, left);
    else references.delete(dataId);
    return left === 0;
  }
  override readSync(): never {
    throw new Error(
      "A traced tensor has no values: a compiled function cannot read its tensors (dataSync, arraySync, print)",
    );
  }
  override read(): never {
    return this.readSync();
  }
}

/** Whether all elements are the same. Gradients make ones of the size of an image: nothing is copied. */
function isUniform(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], values[0])) return false;
  return values.length > 0;
}

tf.registerBackend(BACKEND, () => new TracingBackend());
for (const [kernelName, rule] of Object.entries(kernelRules)) {
  tf.registerKernel({
    kernelName,
    backendName: BACKEND,
    kernelFunc({ inputs, attrs }) {
      // An optional input that is not given is undefined.
      const given = Object.entries(inputs).filter(([, tensor]) => tensor);
      const nodes = given.map(([name, tensor]) => [name, nodeOf(tensor as tf.TensorInfo)]);
      const made = rule(builder, Object.fromEntries(nodes), attrs);
      return Array.isArray(made) ? made.map(tensorInfo) : tensorInfo(made);
    },
  });
}

function tensorInfo(node: Node): tf.TensorInfo {
  return { dataId: share(node), shape: [...node.shape], dtype: tensorDtype(node) };
}

/** The node a traced tensor stands for. */
function nodeOf(tensor: tf.TensorInfo): Node {
  if (!references.has(tensor.dataId)) {
    throw new Error(
      `A tensor of shape [${tensor.shape}] was made outside the traced function: pass it as an input instead`,
    );
  }
  return tensor.dataId as Node;
}

/** A pure function from named tensors to named tensors. */
export type TensorFunction = (
  inputs: Readonly<Record<string, tf.Tensor>>,
) => Readonly<Record<string, tf.Tensor>>;

/**
 * Runs a function of named tensors on abstract ones and returns the graph of what it computes.
 *
 * @throws {Error} when the function reads a tensor's values, uses a tensor made outside, or needs a kernel that compiled
 * functions do not support.
 */
export function trace(fn: TensorFunction, specs: Readonly<Record<string, TensorSpec>>): Graph {
  const previous = tf.getBackend() ?? "cpu";
  // Takes effect at once: only backends that load asynchronously need to be waited for.
  void tf.setBackend(BACKEND);
  builder = new Builder();
  references = new Map();
  const inputs: Record<string, Node> = {};
  const outputs: Record<string, Node> = {};
  try {
    tf.tidy(() => {
      const tensors: Record<string, tf.Tensor> = {};
      for (const [name, spec] of Object.entries(specs)) {
        inputs[name] = builder.input(name, spec);
        tensors[name] = abstractTensor(inputs[name]);
      }
      for (const [name, tensor] of Object.entries(fn(tensors))) outputs[name] = nodeOf(tensor);
    });
  } finally {
    void tf.setBackend(previous);
  }
  return { inputs, outputs };
}

function abstractTensor(node: Node): tf.Tensor {
  return tf.engine().makeTensorFromDataId(share(node), [...node.shape], tensorDtype(node));
}

/** What TensorFlow.js takes a node's type for: it has no bytes. */
export function tensorDtype({ dtype }: TensorSpec): "float32" | "int32" | "bool" {
  return dtype === "float" ? "float32" : dtype === "bool" ? "bool" : "int32";
}
