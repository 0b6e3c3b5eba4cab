/**
 * From a function of tensors to a model that the runtime loads: a single evaluation, or a loop that runs a step many
 * times in one call.
 */
import { fuseMultiples, unshaped } from "./axpy.ts";
import { batch } from "./batch.ts";
import { withoutBytes } from "./bytes.ts";
import { footprint } from "./footprint.ts";
import { type Graph, type Node, type TensorSpec } from "./graph.ts";
import { elementType, Lowering, type Precision, type Provider } from "./lower.ts";
import { emitLoop } from "./lowering/loop.ts";
import { encodeModel, type OnnxGraph, type OnnxValue } from "./onnx.ts";
import { hasConvolutions, tile } from "./tiles.ts";
import { type TensorFunction, trace } from "./trace.ts";
import { writeOutParts, writeOutSteps } from "./write_out.ts";

export type Specs = Readonly<Record<string, TensorSpec>>;

/** What an executable takes and gives. */
export interface Signature {
  readonly inputs: Specs;
  /** What a loop carries may come back in another shape, as the same numbers. */
  readonly outputs: Specs;
  /**
   * Inputs of which a loop reads one slice a step. `inputs` has the shape of the slice, and so has `outputs` for what a
   * loop collects; what is fed and what comes back has the steps in front.
   */
  readonly scanned: readonly string[];
  /** How many steps a call of a loop takes; undefined: as many as it is fed with. */
  readonly steps?: number;
}

/** An ONNX model with what its inputs and outputs are. Plain data: it can be sent to another thread. */
export interface CompiledModel extends Signature {
  readonly bytes: Uint8Array;
  /** The same model, for processors whose convolutions work on blocks of so many channels. */
  readonly tiled: Readonly<Record<number, Uint8Array>>;
  readonly precision: Precision;
  /** What a step takes from the step before, where the model is a loop. */
  readonly carried: readonly string[];
  /** Bytes of memory that a call takes, about (footprint.ts). */
  readonly footprint: number;
}

/** Many evaluations at once. */
export interface Together {
  /** How many. */
  readonly size: number;
  /** The inputs that differ: they, and all results, have one more axis in front. */
  readonly inputs: readonly string[];
}

/** What a model is made for. */
export interface Target {
  /** Default: `cpu`. */
  readonly provider?: Provider;
  /** Convolutions in tiles (tiles.ts), on processors that have kernels for it. Default: on the CPU. */
  readonly tiles?: boolean;
  /** Sums with multiples in one operation (axpy.ts). Default: on the CPU. */
  readonly axpy?: boolean;
  /**
   * Steps that a loop takes in a call, on a provider without loops: they are written out one after another. Default: 1
   * there, and elsewhere as many as it is fed with.
   */
  readonly steps?: number;
}

/** Compiles a function that is evaluated once a call. */
export function compileFunction(
  fn: TensorFunction,
  specs: Specs,
  precision: Precision,
  together?: Together,
  target: Target = {},
): CompiledModel {
  const graph = forProvider(traceTogether(fn, specs, together), target);
  return {
    ...encoded(graph, precision, target, (variant) => functionGraph(variant, precision, target.provider)),
    precision,
    inputs: specsOf(graph.inputs),
    outputs: specsOf(graph.outputs),
    scanned: [],
    carried: [],
    footprint: footprint(graph),
  };
}

/** Sizes of blocks for which models are made: those of all processors that the runtime has kernels for. */
const BLOCK_SIZES = [8, 16];

function encoded(
  graph: Graph,
  precision: Precision,
  { provider = "cpu", tiles = provider === "cpu", axpy = provider === "cpu" }: Target,
  lowered: (graph: Graph) => OnnxGraph,
): Pick<CompiledModel, "bytes" | "tiled"> {
  const isSingle = precision === "float32";
  const encode = (graph: Graph) => encodeModel(lowered(axpy && isSingle ? fuseMultiples(graph) : graph));
  const sizes = tiles && isSingle && hasConvolutions(graph) ? BLOCK_SIZES : [];
  return {
    bytes: encode(graph),
    tiled: Object.fromEntries(sizes.map((size) => [size, encode(tile(graph, size))])),
  };
}

function forProvider(graph: Graph, { provider }: Target): Graph {
  return provider === "webgpu" ? withoutBytes(writeOutParts(graph)) : graph;
}

function functionGraph({ inputs, outputs }: Graph, precision: Precision, provider?: Provider): OnnxGraph {
  const lowering = new Lowering(precision, "%", provider);
  for (const [name, node] of Object.entries(inputs)) lowering.bind(node, name);
  for (const [name, node] of Object.entries(outputs)) {
    lowering.result(lowering.value(node), `${name}${RESULT}`);
  }
  return {
    name: "function",
    nodes: lowering.nodes,
    initializers: lowering.initializers,
    inputs: values(inputs, precision),
    outputs: values(outputs, precision, RESULT),
  };
}

/** Keeps the names of results apart from those of inputs. */
export const RESULT = "'";

export interface LoopSpecs {
  /** What a step takes from the step before; the function returns its next value under the same name. */
  readonly carried: Specs;
  /** What is the same in all steps. */
  readonly fixed: Specs;
  /** What is different in each step. The model's input has one more dimension in front: the steps. */
  readonly scanned: Specs;
  /**
   * A 0-d result: once it is not finite (in no set of a batch), no further step is taken; on the CPU alone, as an
   * accelerator would have to be waited for.
   */
  readonly stopUnlessFinite?: string;
}

/**
 * Compiles one step into a model that takes as many steps as the scanned inputs have slices. Its results are the last
 * values of what is carried and, for every other result of the step, the values of all steps, stacked.
 */
export function compileLoop(
  step: TensorFunction,
  specs: LoopSpecs,
  precision: Precision,
  together?: Together,
  target: Target = {},
): CompiledModel {
  const graph = forProvider(
    traceTogether(step, { ...specs.carried, ...specs.fixed, ...specs.scanned }, together),
    target,
  );
  const carried = Object.keys(specs.carried);
  const scanned = Object.keys(specs.scanned);
  const { provider } = target;
  const signature = {
    precision,
    inputs: specsOf(graph.inputs),
    outputs: specsOf(graph.outputs),
    scanned,
    carried,
    footprint: footprint(graph),
  };
  if (provider === "webgpu") {
    const { steps = 1 } = target;
    const all = writeOutSteps(graph, { carried, scanned, steps });
    const lowered = (variant: Graph) => functionGraph(variant, precision, provider);
    return { ...encoded(all, precision, target, lowered), ...signature, steps };
  }
  return {
    ...encoded(graph, precision, target, (variant) => loopGraph(variant, specs, precision, provider)),
    ...signature,
  };
}

function loopGraph(
  { inputs, outputs }: Graph,
  specs: LoopSpecs,
  precision: Precision,
  provider?: Provider,
): OnnxGraph {
  const carried = Object.keys(specs.carried);
  const scanned = Object.keys(specs.scanned);
  const collected = Object.keys(outputs).filter((name) => !carried.includes(name));
  const next = Object.fromEntries(carried.map((name) => [name, unshaped(outputs[name])]));
  const lowering = new Lowering(precision, "%", provider);
  // With CUDA, a condition that depends on what is computed would have the host wait for the device at every step.
  const stop = provider === "cuda" ? undefined : specs.stopUnlessFinite;
  for (const name of Object.keys(specs.fixed)) lowering.bind(inputs[name], name);
  const steps = lowering.emit("Squeeze", [lowering.emit("Shape", [scanned[0]], { start: 0, end: 1 })]);
  emitLoop(
    lowering,
    {
      count: steps,
      scanned: scanned.map((name) => ({ node: inputs[name], of: name, axis: 0 })),
      carried: carried.map((name) => ({ node: inputs[name], first: name, next: next[name] })),
      collected: collected.map((name) => outputs[name]),
      stopUnlessFinite: stop === undefined ? undefined : outputs[stop],
    },
    [...carried, ...collected].map((name) => `${name}${RESULT}`),
  );
  return {
    name: "loop",
    nodes: lowering.nodes,
    initializers: lowering.initializers,
    inputs: [
      ...values(pick(inputs, [...carried, ...Object.keys(specs.fixed)]), precision),
      ...values(pick(inputs, scanned), precision, "", STEPS),
    ],
    outputs: [
      ...values(next, precision, RESULT),
      ...values(pick(outputs, collected), precision, RESULT, STEPS),
    ],
  };
}

function traceTogether(fn: TensorFunction, specs: Specs, together: Together | undefined): Graph {
  const graph = trace(fn, specs);
  return together ? batch(graph, together.size, together.inputs) : graph;
}

/** The length of what is fed, or comes back, for each step. */
const STEPS = "steps";

/** Plain data, without the graph behind it. */
export function specsOf(nodes: Readonly<Record<string, Node>>): Specs {
  return Object.fromEntries(
    Object.entries(nodes).map(([name, { shape, dtype }]) => [name, { shape, dtype }]),
  );
}

function pick<T>(record: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, record[name]]));
}

function values(specs: Specs, precision: Precision, suffix = "", leading?: string): OnnxValue[] {
  return Object.entries(specs).map(([name, { shape, dtype }]) => ({
    name: `${name}${suffix}`,
    type: elementType(dtype, precision),
    shape: leading === undefined ? shape : [leading, ...shape],
  }));
}
