/**
 * Pools of images in tiles: first along the width, then along the height, so that a window of k by k takes 2 k steps
 * instead of k k, each over whole tiles. A maximum is a node `TilePool`, for which the runtime has a kernel.
 *
 * The gradient of a maximum goes to the first maximum of its window in row-major order: to the first row whose maximum
 * is the window's, and in it to the first element that is the row's. Each position of the window, in that order, takes
 * what is left where it equals the maximum; the last takes the rest.
 */
import { combined } from "../kernels/rule.ts";
import type { Node, Shape } from "../graph.ts";
import { Axis, fitted, interleaved, sliced } from "./layout.ts";
import { type Tiler, type TileRules, Value } from "./value.ts";

/** Windows along one axis. */
interface Windows {
  readonly axis: number;
  /** Of the axis, and of the result. */
  readonly length: number;
  readonly count: number;
  readonly size: number;
  readonly stride: number;
  readonly pad: number;
}

/** Along the width, and along the height. */
function windowsOf({ attributes }: Node, input: Shape, output: Shape): [Windows, Windows] {
  const [across, down] = [1, 0].map((axis) => ({
    axis: [Axis.height, Axis.width][axis],
    length: input[axis + 1],
    count: output[axis + 1],
    size: (attributes.size as Shape)[axis],
    stride: (attributes.strides as Shape)[axis],
    pad: (attributes.pads as Shape)[axis],
  }));
  return [across, down];
}

/** What each of the first `seen` positions of the windows sees, with a value for what is outside of the image. */
function positions(build: Tiler, x: Node, windows: Windows, seen: number, outside: number): Node[] {
  const { axis, length, count, stride, pad } = windows;
  return Array.from({ length: seen }, (_, position) => {
    // Windows whose position is inside: stride i + position - pad from 0 to length - 1.
    const first = Math.max(0, Math.ceil((pad - position) / stride));
    const end = Math.min(count, Math.floor((length - 1 + pad - position) / stride) + 1);
    const inside = sliced(build, x, axis, stride * first + position - pad, end - first, stride);
    return fitted(build, inside, axis, first, count - end, outside);
  });
}

/** The other way: each position of the windows adds to the element it sees. The elements of each remainder. */
function gathered(build: Tiler, parts: readonly Node[], windows: Windows): Node[] {
  const { axis, length, count, stride, pad } = windows;
  return Array.from({ length: Math.min(stride, length) }, (_, remainder) => {
    const elements = Math.ceil((length - remainder) / stride);
    const sums = parts.flatMap((part, position) => {
      const shift = (position - pad - remainder) / stride;
      return Number.isInteger(shift) ? [fitted(build, part, axis, shift, elements - count - shift)] : [];
    });
    const spec = { shape: parts[0].shape.with(axis, elements), dtype: parts[0].dtype };
    return sums.length === 0
      ? build.constant(0, spec)
      : sums.reduce((sum, part) => build.node("Add", [sum, part], spec));
  });
}

function woven(build: Tiler, lines: readonly Node[], { axis, length }: Windows): Node {
  return interleaved(build, lines, axis, length);
}

function largest(build: Tiler, x: Node, { axis, length, count, size, stride, pad }: Windows): Node {
  const pads = [pad, Math.max(0, (count - 1) * stride + size - pad - length)];
  return build.node("TilePool", [x], { shape: x.shape.with(axis, count), dtype: x.dtype }, {
    axis,
    size,
    stride,
    pads,
  });
}

/** The gradient by each position of windows whose maximum has that gradient. */
function toFirst(build: Tiler, x: Node, maximum: Node, gradient: Node, windows: Windows): Node[] {
  let left = gradient;
  const shares = positions(build, x, windows, windows.size - 1, -Infinity).map((position) => {
    const hit = build.cast(combined(build, "Equal", position, maximum, "bool"), gradient.dtype);
    const share = build.node("Multiply", [left, hit], left);
    left = build.node("Sub", [left, share], left);
    return share;
  });
  return [...shares, left];
}

/** One over how many elements of the image each window sees, along one axis: that axis alone is not 1. */
function shares(build: Tiler, { axis, length, count, size, stride, pad }: Windows): Node {
  const values = Array.from({ length: count }, (_, i) => {
    const start = i * stride - pad;
    return 1 / (Math.min(start + size, length) - Math.max(start, 0));
  });
  return build.constant(values, { shape: [1, 1, 1, 1, 1, 1].with(axis, count), dtype: "float" });
}

function averaged(build: Tiler, x: Node, across: Windows, down: Windows): Node {
  const byRows = combined(build, "Multiply", x, shares(build, across));
  return combined(build, "Multiply", byRows, shares(build, down));
}

function added(build: Tiler, x: Node, windows: Windows): Node {
  return positions(build, x, windows, windows.size, 0).reduce((sum, other) =>
    build.node("Add", [sum, other], sum)
  );
}

export const poolTiles: TileRules = {
  MaxPool(build, original, [x]) {
    if (!x.isTiled) return undefined;
    const [across, down] = windowsOf(original, x.shape, original.shape);
    const tiles = x.tiles().map((part) => largest(build, largest(build, part, across), down));
    return new Value(build, original, { tiles });
  },
  MaxPoolGrad(build, original, [dy, x, y]) {
    if (!x.isTiled) return undefined;
    const [across, down] = windowsOf(original, x.shape, dy.shape);
    const columns = x.tiles().map((part, i) => {
      const rows = largest(build, part, across);
      const byRow = gathered(build, toFirst(build, rows, y.tiles()[i], dy.tiles()[i], down), down);
      return gathered(build, toFirst(build, part, rows, woven(build, byRow, down), across), across);
    });
    return new Value(build, original, {
      tiles: columns.map((lines) => woven(build, lines, across)),
      columns,
    });
  },
  AvgPool(build, original, [x]) {
    if (!x.isTiled) return undefined;
    const [across, down] = windowsOf(original, x.shape, original.shape);
    const tiles = x.tiles().map((part) =>
      averaged(build, added(build, added(build, part, across), down), across, down)
    );
    return new Value(build, original, { tiles });
  },
  AvgPoolGrad(build, original, [dy]) {
    if (!dy.isTiled) return undefined;
    const [across, down] = windowsOf(original, original.shape, dy.shape);
    const tiles = dy.tiles().map((part) => {
      const share = averaged(build, part, across, down);
      const rows = woven(build, gathered(build, new Array(down.size).fill(share), down), down);
      return woven(build, gathered(build, new Array(across.size).fill(rows), across), across);
    });
    return new Value(build, original, { tiles });
  },
};
