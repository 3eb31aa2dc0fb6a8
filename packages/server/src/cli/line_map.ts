/**
 * Which line of a file the n-th record came from. Lines without a record are rare, so only the
 * places where the two counts part are kept.
 */
export class LineMap {
  /** At each break: the number of the record (from 1) and the line that it came from. */
  readonly #breaks: { readonly record: number; readonly line: number }[] = [];
  #records = 0;

  /** The next record came from this line; lines rise. */
  add(line: number): void {
    this.#records += 1;
    if (this.#records > 1 && this.lineOf(this.#records) === line) return;
    this.#breaks.push({ record: this.#records, line });
  }

  /** The line of the n-th record, the first being 1. */
  lineOf(record: number): number {
    let low = 0;
    let high = this.#breaks.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#breaks[middle]?.record ?? 0) <= record) low = middle;
      else high = middle - 1;
    }
    const found = this.#breaks[low];
    return found === undefined ? 0 : found.line + record - found.record;
  }
}
