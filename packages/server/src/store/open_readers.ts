/** Which commits open readers see. */
export class OpenReaders {
  /** Commit -> readers; commits ascend, so the first is the oldest. */
  readonly #counts = new Map<number, number>();
  #newest = 0;

  /** The oldest commit that a reader sees; undefined when none is open. */
  get oldest(): number | undefined {
    return this.#counts.keys().next().value;
  }

  /** No open reader sees a later one. */
  get newest(): number {
    return this.#newest;
  }

  open(commit: number): void {
    this.#newest = commit;
    this.#counts.set(commit, (this.#counts.get(commit) ?? 0) + 1);
  }

  close(commit: number): void {
    const left = (this.#counts.get(commit) ?? 0) - 1;
    if (left > 0) this.#counts.set(commit, left);
    else this.#counts.delete(commit);
  }
}
