/**
 * From a function of tensors to a model that the runtime loads: a single evaluation, or a loop that runs a step many
 * times in one call.
 */
import { sizeOf } from "../datasets/shape.ts";
import { batch } from "./batch.ts";
import { type Graph, type Node, type TensorSpec } from "./graph.ts";
import { elementType, Lowering, type Precision } from "./lower.ts";
import { ElementType, encodeModel, type OnnxGraph, type OnnxValue } from "./onnx.ts";
import { hasConvolutions, tile } from "./tiles.ts";
import { type TensorFunction, trace } from "./trace.ts";

export type Specs = Readonly<Record<string, TensorSpec>>;

/** An ONNX model with what its inputs and outputs are. Plain data: it can be sent to another thread. */
export interface CompiledModel {
  readonly bytes: Uint8Array;
  /** The same model, for processors whose convolutions work on blocks of so many channels. */
  readonly tiled: Readonly<Record<number, Uint8Array>>;
  readonly precision: Precision;
  readonly inputs: Specs;
  readonly outputs: Specs;
  /**
   * Inputs of which a loop reads one slice a step. `inputs` has the shape of the slice, and so has `outputs` for what a
   * loop collects; what is fed and what comes back has the steps in front.
   */
  readonly scanned: readonly string[];
}

/** Many evaluations at once. */
export interface Together {
  /** How many. */
  readonly size: number;
  /** The inputs that differ: they, and all results, have one more axis in front. */
  readonly inputs: readonly string[];
}

/** What is done to a graph besides what it needs. */
export interface Passes {
  /** Convolutions in tiles (tiles.ts), on processors that have kernels for it. */
  readonly tiles: boolean;
}

const allPasses: Passes = { tiles: true };

/** Compiles a function that is evaluated once a call. */
export function compileFunction(
  fn: TensorFunction,
  specs: Specs,
  precision: Precision,
  together?: Together,
  passes = allPasses,
): CompiledModel {
  const graph = traceTogether(fn, specs, together);
  return {
    ...encoded(graph, precision, passes, (variant) => functionGraph(variant, precision)),
    precision,
    inputs: specsOf(graph.inputs),
    outputs: specsOf(graph.outputs),
    scanned: [],
  };
}

/** Sizes of blocks for which models are made: those of all processors that the runtime has kernels for. */
const BLOCK_SIZES = [8, 16];

function encoded(
  graph: Graph,
  precision: Precision,
  passes: Passes,
  lowered: (graph: Graph) => OnnxGraph,
): Pick<CompiledModel, "bytes" | "tiled"> {
  const sizes = passes.tiles && precision === "float32" && hasConvolutions(graph) ? BLOCK_SIZES : [];
  return {
    bytes: encodeModel(lowered(graph)),
    tiled: Object.fromEntries(sizes.map((size) => [size, encodeModel(lowered(tile(graph, size)))])),
  };
}

function functionGraph({ inputs, outputs }: Graph, precision: Precision): OnnxGraph {
  const lowering = new Lowering(precision, "%");
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
  /** A 0-d result: once it is not finite (in no set of a batch), no further step is taken. */
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
  passes = allPasses,
): CompiledModel {
  const graph = traceTogether(step, { ...specs.carried, ...specs.fixed, ...specs.scanned }, together);
  return {
    ...encoded(graph, precision, passes, (variant) => loopGraph(variant, specs, precision)),
    precision,
    inputs: specsOf(graph.inputs),
    outputs: specsOf(graph.outputs),
    scanned: Object.keys(specs.scanned),
  };
}

function loopGraph({ inputs, outputs }: Graph, specs: LoopSpecs, precision: Precision): OnnxGraph {
  const carriedInputs = pick(inputs, Object.keys(specs.carried));
  const fixedInputs = pick(inputs, Object.keys(specs.fixed));
  const scannedInputs = pick(inputs, Object.keys(specs.scanned));
  const collected = Object.keys(outputs).filter((name) => !Object.hasOwn(specs.carried, name));

  const outer = new Lowering(precision, "%");
  for (const name of Object.keys(specs.fixed)) outer.bind(inputs[name], name);
  const body = new Lowering(precision, "%%");
  const varying = new Set<Node>();
  for (const name of Object.keys(specs.carried)) {
    varying.add(inputs[name]);
    body.bind(inputs[name], `${name}${CARRIED}`);
  }
  for (const name of Object.keys(specs.scanned)) {
    varying.add(inputs[name]);
    body.bind(inputs[name], body.emit("Gather", [name, ITERATION], { axis: 0 }));
  }
  hoist(Object.values(outputs), varying, outer, body);

  for (const [name, node] of Object.entries(outputs)) body.result(body.value(node), `${name}${NEXT}`);
  const { stopUnlessFinite } = specs;
  if (stopUnlessFinite === undefined) body.result(CONDITION, `${CONDITION}${NEXT}`);
  else {
    const result = outputs[stopUnlessFinite];
    const size = body.emit("Abs", [body.value(result)]);
    // One that is finite is enough. NaN is no obstacle: the comparison comes before the maximum.
    const finite = body.emit("Less", [size, body.scalar(Infinity, "float")]);
    body.result(result.shape.length === 0 ? finite : body.any(finite), `${CONDITION}${NEXT}`);
  }

  const carriedOutputs = pick(outputs, Object.keys(specs.carried));
  const collectedOutputs = pick(outputs, collected);
  const condition: Specs = { [CONDITION]: { shape: [], dtype: "bool" } };
  const bodyGraph: OnnxGraph = {
    name: "step",
    nodes: body.nodes,
    initializers: body.initializers,
    inputs: [
      { name: ITERATION, type: ElementType.int64, shape: [] },
      ...values(condition, precision),
      ...values(carriedInputs, precision, CARRIED),
    ],
    outputs: [
      ...values(condition, precision, NEXT),
      ...values(carriedOutputs, precision, NEXT),
      ...values(collectedOutputs, precision, NEXT),
    ],
  };
  const first = Object.keys(specs.scanned)[0];
  const shape = outer.emit("Shape", [first], { start: 0, end: 1 });
  const steps = outer.emit("Squeeze", [shape]);
  outer.node(
    "Loop",
    [steps, "", ...Object.keys(specs.carried)],
    [...Object.keys(carriedOutputs), ...collected].map((name) => `${name}${RESULT}`),
    { body: bodyGraph },
  );
  return {
    name: "loop",
    nodes: outer.nodes,
    initializers: outer.initializers,
    inputs: [
      ...values({ ...carriedInputs, ...fixedInputs }, precision),
      ...values(scannedInputs, precision, "", STEPS),
    ],
    outputs: [
      ...values(carriedOutputs, precision, RESULT),
      ...values(collectedOutputs, precision, RESULT, STEPS),
    ],
  };
}

function traceTogether(fn: TensorFunction, specs: Specs, together: Together | undefined): Graph {
  const graph = trace(fn, specs);
  return together ? batch(graph, together.size, together.inputs) : graph;
}

const ITERATION = "iteration";
const CONDITION = "condition";
const CARRIED = "<";
const NEXT = ">";
const STEPS = "steps";

/** Lowers what is the same in every step outside the loop's body. */
function hoist(outputs: readonly Node[], varying: Set<Node>, outer: Lowering, body: Lowering): void {
  const seen = new Map<Node, boolean>();
  const varies = (node: Node): boolean => {
    let known = seen.get(node);
    if (known === undefined) {
      known = varying.has(node) || node.inputs.map(varies).includes(true);
      seen.set(node, known);
    }
    return known;
  };
  outputs.forEach(varies);
  for (const [node, known] of seen) {
    // Small constants are cheaper where they are used: the runtime sees that they are constant.
    if (!known && !(node.op === "Constant" && sizeOf(node.shape) <= 1024)) body.bind(node, outer.value(node));
  }
}

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
