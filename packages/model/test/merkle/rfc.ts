/** RFC 9162 section 2.1, written down again as it stands there: slow and recursive. */
import { createHash } from 'node:crypto';

const hash = (...parts: readonly Uint8Array[]): Buffer => {
  const hasher = createHash('sha256');
  for (const part of parts) hasher.update(part);
  return hasher.digest();
};

/** The largest power of two smaller than n. */
const split = (n: number): number => {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
};

/** MTH, PATH and PROOF over these entries; what was computed of a range is kept. */
export class ReferenceTree {
  readonly #entries: readonly Uint8Array[];
  readonly #roots = new Map<string, Buffer>();

  constructor(entries: readonly Uint8Array[]) {
    this.#entries = entries;
  }

  /** MTH(D[start:end]). */
  root(start: number, end: number): Buffer {
    const name = `${start}:${end}`;
    const known = this.#roots.get(name);
    if (known !== undefined) return known;
    const made = this.#root(start, end);
    this.#roots.set(name, made);
    return made;
  }

  /** PATH(m, D[start:end]). */
  path(m: number, start: number, end: number): readonly Buffer[] {
    if (end - start === 1) return [];
    const k = split(end - start);
    const middle = start + k;
    return m < k
      ? [...this.path(m, start, middle), this.root(middle, end)]
      : [...this.path(m - k, middle, end), this.root(start, middle)];
  }

  /** PROOF(m, D[0:n]). */
  proof(m: number, n: number): readonly Buffer[] {
    return this.#subproof(m, 0, n, true);
  }

  #subproof(m: number, start: number, end: number, isWhole: boolean): readonly Buffer[] {
    if (m === end - start) return isWhole ? [] : [this.root(start, end)];
    const k = split(end - start);
    const middle = start + k;
    return m <= k
      ? [...this.#subproof(m, start, middle, isWhole), this.root(middle, end)]
      : [...this.#subproof(m - k, middle, end, false), this.root(start, middle)];
  }

  #root(start: number, end: number): Buffer {
    if (start === end) return hash();
    if (end - start === 1) return hash(Uint8Array.of(0), this.#entries[start] ?? new Uint8Array());
    const middle = start + split(end - start);
    return hash(Uint8Array.of(1), this.root(start, middle), this.root(middle, end));
  }
}
