/** Lets in one at a time, in the order in which they came: so those that come again at once take turns. */
export class Turnstile {
  #last: Promise<void> = Promise.resolve();

  /** Waits. What it returns is to be called on leaving. */
  async enter(): Promise<() => void> {
    const before = this.#last;
    let leave!: () => void;
    this.#last = new Promise((resolve) => leave = resolve);
    await before;
    return leave;
  }
}
