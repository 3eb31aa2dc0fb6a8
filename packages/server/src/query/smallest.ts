/** The smallest of many keyed values: one page in order, out of a list that has no order. */

/** Keeps the `count` values with the smallest keys; memory is bounded by twice as many. */
export class Smallest<Value> {
  readonly #count: number;
  #kept: { readonly key: string; readonly value: Value }[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  add(key: string, value: Value): void {
    this.#kept.push({ key, value });
    if (this.#kept.length >= 2 * this.#count) this.#kept = this.#smallest();
  }

  /** The values by their keys. */
  values(): readonly Value[] {
    return this.#smallest().map(({ value }) => value);
  }

  #smallest(): { readonly key: string; readonly value: Value }[] {
    const byKey = [...this.#kept].sort((one, other) => (one.key < other.key ? -1 : 1));
    return byKey.slice(0, this.#count);
  }
}
