import { Builder } from "../builder.ts";
import type { Node, Shape, TensorSpec } from "../graph.ts";
import { fromTiles, joined, rowsPerTile, sliced, tiledShape, toTiles } from "./layout.ts";

/** A node of the original graph in the new one: plain, in tiles, or both, each made when it is first asked for. */
export class Value {
  readonly shape: Shape;
  /** In tiles, for each part the columns of each remainder by themselves, where it was woven from those. */
  readonly columns?: readonly (readonly Node[])[];
  readonly #build: Tiler;
  #plain?: Node;
  #tiles?: readonly Node[];

  constructor(
    build: Tiler,
    { shape }: { readonly shape: Shape },
    made: { readonly plain?: Node; readonly tiles?: readonly Node[]; readonly columns?: Value["columns"] },
  ) {
    this.#build = build;
    this.shape = shape;
    this.columns = made.columns;
    this.#plain = made.plain;
    this.#tiles = made.tiles;
  }

  /** Whether it was computed in tiles. */
  get isTiled(): boolean {
    return this.#tiles !== undefined;
  }

  plain(): Node {
    return this.#plain ??= joined(this.#build, this.#tiles!.map((part) => fromTiles(this.#build, part)), 0);
  }

  /** In tiles, those of a part of the rows each; `shape` must be one that is tileable. */
  tiles(): readonly Node[] {
    const { block } = this.#build;
    const r = rowsPerTile(this.shape[0], block);
    return this.#tiles ??= this.rows().map((part) => toTiles(this.#build, part, r, block));
  }

  /** Plain, the rows of each part. */
  rows(): readonly Node[] {
    const parts = this.#build.parts(this.shape[0]);
    const length = this.shape[0] / parts;
    const plain = this.plain();
    return Array.from({ length: parts }, (_, i) => sliced(this.#build, plain, 0, i * length, length));
  }
}

/** Makes the nodes of a graph whose images are in tiles. */
export class Tiler extends Builder {
  /** How many channels a tile has. */
  readonly block: number;
  readonly #parts: number;

  /** @param parts into how many parts the rows are divided, or a few more so that they are alike */
  constructor(block: number, parts: number) {
    super();
    this.block = block;
    this.#parts = parts;
  }

  /** Into how many parts so many rows are divided, of whole tiles. */
  parts(rows: number): number {
    const tiles = rows / rowsPerTile(rows, this.block);
    let parts = Math.min(tiles, this.#parts);
    while (tiles % parts !== 0) parts++;
    return parts;
  }

  /** What a part of the rows is in tiles. */
  tiled({ shape, dtype }: TensorSpec): TensorSpec {
    const [rowBlocks, ...rest] = tiledShape(shape, this.block);
    return { shape: [rowBlocks / this.parts(shape[0]), ...rest], dtype };
  }
}

/**
 * Makes a node's value from those of its operands, or returns undefined where tiles are of no use: then it is computed
 * as it was.
 */
export type TileRule = (build: Tiler, original: Node, inputs: readonly Value[]) => Value | undefined;

export type TileRules = Readonly<Record<string, TileRule>>;
