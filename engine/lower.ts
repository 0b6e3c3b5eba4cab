/**
 * Lowering: a graph of TensorFlow.js kernels becomes ONNX operators, one rule an operation.
 */
import { type Dtype, type Node, sameShape, type Shape, type TensorSpec } from "./graph.ts";
import { arrayRules } from "./lowering/arrays.ts";
import { axpyRules } from "./lowering/axpy.ts";
import { convolutionRules } from "./lowering/convolution.ts";
import { elementwiseRules } from "./lowering/elementwise.ts";
import { loopRules } from "./lowering/loop.ts";
import { reductionRules } from "./lowering/reductions.ts";
import type { LoweringRules } from "./lowering/rule.ts";
import { tileRules } from "./lowering/tiles.ts";
import { webgpuRules } from "./lowering/webgpu.ts";
import {
  ElementType,
  type OnnxAttribute,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
  renamed,
} from "./onnx.ts";

/** What `float` means in a model. */
export type Precision = "float32" | "float64";

/** What ONNX Runtime has providers for. */
export type Provider = "cpu" | "webgpu" | "cuda";

export function elementType(dtype: Dtype, precision: Precision): ElementType {
  return dtype === "float"
    ? (precision === "float32" ? ElementType.float : ElementType.double)
    : ElementType[dtype];
}

const rules: LoweringRules = {
  ...elementwiseRules,
  ...reductionRules,
  ...arrayRules,
  ...axpyRules,
  ...convolutionRules,
  ...tileRules,
  ...loopRules,
};

/** What a provider has no operator for is made of others. */
const rulesOf: Readonly<Record<Provider, LoweringRules>> = {
  cpu: rules,
  cuda: rules,
  webgpu: { ...rules, ...webgpuRules },
};

/** One ONNX graph in the making. */
export class Lowering {
  readonly initializers: OnnxTensor[] = [];
  readonly precision: Precision;
  readonly provider: Provider;
  #prefix: string;
  #nodes: OnnxNode[] = [];
  #names = new Map<Node, string>();
  #constants = new Map<string, string>();
  /** What nodes of this graph compute first. */
  #made = new Set<string>();
  /** Names of results, by what they are. */
  #results = new Map<string, string>();
  #count = 0;

  /** @param prefix keeps the names of one graph apart from those of a graph inside it, which sees them */
  constructor(precision: Precision, prefix: string, provider: Provider = "cpu") {
    this.precision = precision;
    this.provider = provider;
    this.#prefix = prefix;
  }

  /** All nodes, in order. */
  get nodes(): OnnxNode[] {
    return renamed(this.#nodes, this.#results);
  }

  /** A graph inside an operator of this one, whose names it sees. */
  inside(): Lowering {
    return new Lowering(this.precision, `${this.fresh()}/`, this.provider);
  }

  /** Says under which name an input's value is found. */
  bind(node: Node, name: string): void {
    this.#names.set(node, name);
  }

  /** The name of a node's value, lowering it and what it needs first. */
  value(node: Node): string {
    let name = this.#names.get(node);
    if (name === undefined) {
      const rule = rulesOf[this.provider][node.op];
      if (!rule) throw new Error(`No lowering for ${node.op}`);
      name = rule(this, node, node.inputs.map((input) => this.value(input)));
      this.#names.set(node, name);
    }
    return name;
  }

  emit(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain?: string,
  ): string {
    return this.emitAll(op, inputs, 1, attributes, domain)[0];
  }

  /** The names of an operator's first results. */
  emitAll(
    op: string,
    inputs: readonly string[],
    results: number,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain?: string,
  ): string[] {
    const outputs = Array.from({ length: results }, () => this.fresh());
    this.node(op, inputs, outputs, attributes, domain);
    return outputs;
  }

  /** An operator whose results have given names. */
  node(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain?: string,
  ): void {
    this.#nodes.push({ op, domain, inputs, outputs, attributes });
    for (const output of outputs) this.#made.add(output);
  }

  cast(x: string, dtype: Dtype): string {
    return this.emit("Cast", [x], { to: elementType(dtype, this.precision) });
  }

  /** The same numbers in another shape. */
  reshaped(x: string, from: Shape, to: Shape): string {
    return sameShape(from, to) ? x : this.emit("Reshape", [x, this.integers(to)]);
  }

  /** A block that begins there and has that shape; a negative stride goes backwards. */
  slice(x: string, begin: readonly number[], shape: Shape, strides?: readonly number[]): string {
    // A block that ends before the first element needs an end that doesn't count from the back.
    const ends = begin.map((start, i) => {
      const end = start + (strides?.[i] ?? 1) * (shape[i] - 1) + Math.sign(strides?.[i] ?? 1);
      return end < 0 ? -Number.MAX_SAFE_INTEGER : end;
    });
    const bounds = strides ? [begin, ends, begin.map((_, i) => i), strides] : [begin, ends];
    return this.emit("Slice", [x, ...bounds.map((values) => this.integers(values))]);
  }

  /** Whether any of a vector of truth values holds. */
  any(values: string): string {
    const most = this.emit("ReduceMax", [this.emit("Cast", [values], { to: ElementType.float })], {
      keepdims: 0,
    });
    return this.emit("Cast", [most], { to: ElementType.bool });
  }

  /**
   * Makes a value a result of the graph, under that name. What a node of this graph computes takes the name itself; an
   * input, a constant, or what is a result already, is copied.
   */
  result(value: string, name: string): void {
    if (!this.#made.has(value) || this.#results.has(value)) this.node("Identity", [value], [name]);
    else this.#results.set(value, name);
  }

  /** What a graph says of a value that it takes or gives. */
  declared(name: string, { shape, dtype }: TensorSpec): OnnxValue {
    return { name, type: elementType(dtype, this.precision), shape };
  }

  fresh(): string {
    return `${this.#prefix}${this.#count++}`;
  }

  scalar(value: number, dtype: Dtype): string {
    return this.constant(value, [], dtype);
  }

  constant(value: number | readonly number[], shape: Shape, dtype: Dtype): string {
    const type = elementType(dtype, this.precision);
    if (typeof value !== "number") return this.#initializer(type, shape, value);
    const scalar = this.#initializer(type, [], [value]);
    return shape.length === 0 ? scalar : this.emit("Expand", [scalar, this.integers(shape)]);
  }

  /** A single int64. */
  integer(value: number): string {
    return this.#initializer(ElementType.int64, [], [value]);
  }

  /** A vector of int64, in which ONNX takes shapes and axes. */
  integers(values: readonly number[]): string {
    return this.#initializer(ElementType.int64, [values.length], values);
  }

  #initializer(type: ElementType, shape: Shape, values: readonly number[]): string {
    const data = encodeValues(type, values);
    const key = `${type}[${shape}]${data}`;
    let name = this.#constants.get(key);
    if (name === undefined) {
      name = this.fresh();
      this.initializers.push({ name, type, shape, data });
      this.#constants.set(key, name);
    }
    return name;
  }
}

function encodeValues(type: ElementType, values: readonly number[]): Uint8Array {
  switch (type) {
    case ElementType.float:
      return new Uint8Array(Float32Array.from(values).buffer);
    case ElementType.double:
      return new Uint8Array(Float64Array.from(values).buffer);
    case ElementType.int32:
      return new Uint8Array(Int32Array.from(values).buffer);
    case ElementType.int64:
      return new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
    default:
      return Uint8Array.from(values);
  }
}
