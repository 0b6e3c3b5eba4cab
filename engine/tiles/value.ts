import { Builder } from "../builder.ts";
import type { Node, Shape, TensorSpec } from "../graph.ts";
import { fromTiles, rowsPerTile, tiledShape, toTiles } from "./layout.ts";

/** A node of the original graph in the new one: plain, in tiles, or both, each made when it is first asked for. */
export class Value {
  readonly shape: Shape;
  readonly #build: Tiler;
  #plain?: Node;
  #tiles?: Node;

  constructor(build: Tiler, { shape }: { readonly shape: Shape }, made: { plain?: Node; tiles?: Node }) {
    this.#build = build;
    this.shape = shape;
    this.#plain = made.plain;
    this.#tiles = made.tiles;
  }

  /** Whether it was computed in tiles. */
  get isTiled(): boolean {
    return this.#tiles !== undefined;
  }

  plain(): Node {
    return this.#plain ??= fromTiles(this.#build, this.#tiles!);
  }

  /** In tiles; `shape` must be one that is tileable. */
  tiles(): Node {
    const { block } = this.#build;
    return this.#tiles ??= toTiles(
      this.#build,
      this.#plain!,
      rowsPerTile(this.shape[0], block),
      block,
    );
  }
}

/** Makes the nodes of a graph whose images are in tiles. */
export class Tiler extends Builder {
  /** How many channels a tile has. */
  readonly block: number;

  constructor(block: number) {
    super();
    this.block = block;
  }

  /** Whether images of this shape can be in tiles: their channels are a multiple of the block. */
  isTileable(shape: Shape): boolean {
    return shape.length === 4 && shape[3] % this.block === 0 && shape.every((length) => length > 0);
  }

  tiled(spec: TensorSpec): TensorSpec {
    return { shape: tiledShape(spec.shape, this.block), dtype: spec.dtype };
  }
}

/**
 * Makes a node's value from those of its operands, or returns undefined where tiles are of no use: then it is computed
 * as it was.
 */
export type TileRule = (build: Tiler, original: Node, inputs: readonly Value[]) => Value | undefined;

export type TileRules = Readonly<Record<string, TileRule>>;
