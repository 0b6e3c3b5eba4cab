/**
 * Lowering: a graph of TensorFlow.js kernels becomes ONNX operators, one rule an operation.
 */
import { type Dtype, type Node, type Shape } from "./graph.ts";
import { ElementType, type OnnxAttribute, type OnnxNode, type OnnxTensor } from "./onnx.ts";

/** What `float` means in a model. */
export type Precision = "float32" | "float64";

export function elementType(dtype: Dtype, precision: Precision): ElementType {
  return dtype === "float"
    ? (precision === "float32" ? ElementType.float : ElementType.double)
    : ElementType[dtype];
}

/** ONNX Runtime's own operators. */
const CONTRIB = "com.microsoft";

type Rule = (lower: Lowering, node: Node, inputs: readonly string[]) => string;

function direct(op: string): Rule {
  return (lower, _node, inputs) => lower.emit(op, inputs);
}

/** A reduction over `axes`. */
function reduction(op: string): Rule {
  return (lower, { attributes: { axes, keepDims } }, [x]) =>
    lower.emit(op, [x, lower.integers(axes as number[])], { keepdims: keepDims ? 1 : 0 });
}

function negated(op: string): Rule {
  return (lower, _node, inputs) => lower.emit("Not", [lower.emit(op, inputs)]);
}

const rules: Readonly<Record<string, Rule>> = {
  Abs: direct("Abs"),
  Exp: direct("Exp"),
  Log: direct("Log"),
  Neg: direct("Neg"),
  Reciprocal: direct("Reciprocal"),
  Relu: direct("Relu"),
  Sigmoid: direct("Sigmoid"),
  Sign: direct("Sign"),
  Sqrt: direct("Sqrt"),
  Tanh: direct("Tanh"),
  LogicalNot: direct("Not"),
  Rsqrt: (lower, _node, [x]) => lower.emit("Reciprocal", [lower.emit("Sqrt", [x])]),
  Square: (lower, _node, [x]) => lower.emit("Mul", [x, x]),
  Step(lower, { dtype, attributes: { alpha } }, [x]) {
    const positive = lower.emit("Greater", [x, lower.scalar(0, dtype)]);
    return lower.emit("Where", [positive, lower.scalar(1, dtype), lower.scalar(alpha as number, dtype)]);
  },

  Add: direct("Add"),
  Sub: direct("Sub"),
  Multiply: direct("Mul"),
  RealDiv: direct("Div"),
  Pow: direct("Pow"),
  Maximum: direct("Max"),
  Minimum: direct("Min"),
  Equal: direct("Equal"),
  NotEqual: negated("Equal"),
  Greater: direct("Greater"),
  GreaterEqual: direct("GreaterOrEqual"),
  Less: direct("Less"),
  LessEqual: direct("LessOrEqual"),
  LogicalAnd: direct("And"),
  LogicalOr: direct("Or"),
  Select: direct("Where"),

  Sum: reduction("ReduceSum"),
  SumOfSquares: reduction("ReduceSumSquare"),
  Norm: reduction("ReduceL2"),
  Mean: reduction("ReduceMean"),
  Max: reduction("ReduceMax"),
  Min: reduction("ReduceMin"),
  ArgMax: (lower, { attributes: { axis } }, [x]) =>
    lower.emit("Cast", [lower.emit("ArgMax", [x], { axis: axis as number, keepdims: 0 })], {
      to: ElementType.int32,
    }),
  Softmax: (lower, { attributes: { axis } }, [x]) => lower.emit("Softmax", [x], { axis: axis as number }),
  LogSoftmax: (lower, { attributes: { axis } }, [x]) =>
    lower.emit("LogSoftmax", [x], { axis: axis as number }),

  BatchMatMul(lower, node, [a, b]) {
    const { transposeA, transposeB } = node.attributes;
    if (node.shape.length === 2) {
      return lower.emit("Gemm", [a, b], { transA: Number(transposeA), transB: Number(transposeB) });
    }
    const [nodeA, nodeB] = node.inputs;
    if (lower.precision === "float32" && (transposeA || transposeB)) {
      return lower.emit(
        "FusedMatMul",
        [a, b],
        { transA: Number(transposeA), transB: Number(transposeB) },
        CONTRIB,
      );
    }
    return lower.emit("MatMul", [
      transposeA ? lower.emit("Transpose", [a], { perm: swapLast(nodeA.shape) }) : a,
      transposeB ? lower.emit("Transpose", [b], { perm: swapLast(nodeB.shape) }) : b,
    ]);
  },
  Dense: (lower, { attributes: { transposeA, transposeB } }, [a, b, bias]) =>
    lower.emit("Gemm", [a, b, bias], { transA: Number(transposeA), transB: Number(transposeB) }),

  Cast: (lower, { dtype }, [x]) => lower.emit("Cast", [x], { to: elementType(dtype, lower.precision) }),
  Reshape: (lower, { shape }, [x]) => lower.emit("Reshape", [x, lower.integers(shape)]),
  Transpose: (lower, { attributes: { perm } }, [x]) =>
    lower.emit("Transpose", [x], { perm: perm as number[] }),
  Tile: (lower, { attributes: { reps } }, [x]) => lower.emit("Tile", [x, lower.integers(reps as number[])]),
  Concat: (lower, { attributes: { axis } }, inputs) => lower.emit("Concat", inputs, { axis: axis as number }),
  Slice(lower, { shape, attributes: { begin } }, [x]) {
    const starts = begin as readonly number[];
    const ends = starts.map((start, i) => start + shape[i]);
    return lower.emit("Slice", [x, lower.integers(starts), lower.integers(ends)]);
  },
  Gather: (lower, { attributes: { axis } }, inputs) => lower.emit("Gather", inputs, { axis: axis as number }),

  Constant: (lower, { shape, dtype, attributes: { value } }) =>
    lower.constant(value as number | number[], shape, dtype),
};

function swapLast(shape: Shape): number[] {
  const perm = shape.map((_, i) => i);
  return [...perm.slice(0, -2), perm.at(-1)!, perm.at(-2)!];
}

/** One ONNX graph in the making. */
export class Lowering {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly precision: Precision;
  #prefix: string;
  #names = new Map<Node, string>();
  #constants = new Map<string, string>();
  #results = new Set<string>();
  #count = 0;

  /** The prefix keeps the names of one graph apart from those of a graph inside it, which sees them. */
  constructor(precision: Precision, prefix: string) {
    this.precision = precision;
    this.#prefix = prefix;
  }

  /** Says under which name an input's value is found. */
  bind(node: Node, name: string): void {
    this.#names.set(node, name);
  }

  /** The name of a node's value, lowering it and what it needs first. */
  value(node: Node): string {
    let name = this.#names.get(node);
    if (name === undefined) {
      const rule = rules[node.op];
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
    const name = this.fresh();
    this.nodes.push({ op, domain, inputs, outputs: [name], attributes });
    return name;
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
    const producer = this.nodes.find(({ outputs }) => outputs[0] === value);
    if (!producer || this.#results.has(value)) {
      this.nodes.push({ op: "Identity", inputs: [value], outputs: [name], attributes: {} });
      return;
    }
    this.#results.add(name);
    const renamed = (names: readonly string[]) => names.map((old) => old === value ? name : old);
    this.nodes.forEach((node, i) => {
      this.nodes[i] = { ...node, inputs: renamed(node.inputs), outputs: renamed(node.outputs) };
    });
    for (const [node, old] of this.#names) if (old === value) this.#names.set(node, name);
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
