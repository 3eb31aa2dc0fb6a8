/**
 * Prefixes of ids that the store was asked for and has nothing under: a claim is looked for when
 * its batch is formed, and need not be looked for again when the batch is applied. What is applied
 * leaves the set, so it is never wrong about what is committed.
 */
const freeIdsMax = 65_536;

export class FreeIds {
  readonly #prefixes = new Set<string>();

  has(prefix: string): boolean {
    return this.#prefixes.has(prefix);
  }

  add(prefix: string): void {
    if (this.#prefixes.size >= freeIdsMax) this.#prefixes.clear();
    this.#prefixes.add(prefix);
  }

  delete(prefix: string): void {
    this.#prefixes.delete(prefix);
  }
}
