/** Values of columns of data on a device, by their numbers: a column is there once, whatever reads it. */
export class Columns<V extends { readonly isThere: boolean }> {
  readonly #values = new WeakMap<object, V>();

  /** The value of these numbers; made where there is none, or it was freed. */
  of(data: ArrayBufferView, make: () => V): V {
    let value = this.#values.get(data);
    if (!value?.isThere) this.#values.set(data, value = make());
    return value;
  }
}
