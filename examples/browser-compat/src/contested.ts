/** The most contested pairs of a long scan, in memory bounded by how many are wanted. */
import type { DemoResult } from './ports.js';

const featureOf = (result: DemoResult): string =>
  result.concept_path.slice(0, result.concept_path.lastIndexOf('/'));

/** Negative when `a` stands first: more conflict, more bits, more claims, then by path. */
function compare(a: DemoResult, b: DemoResult): number {
  return (
    b.conflict_score - a.conflict_score ||
    b.entropy_bits - a.entropy_bits ||
    b.candidates_count - a.candidates_count ||
    (a.concept_path < b.concept_path ? -1 : 1)
  );
}

/** Keeps the best pair of each feature, and of those the first `pairsMax`. */
export class ContestedPairs {
  readonly #pairsMax: number;
  /** Sorted, at most one of each feature. */
  readonly #pairs: DemoResult[] = [];

  constructor(pairsMax: number) {
    this.#pairsMax = pairsMax;
  }

  offer(result: DemoResult): void {
    if (result.conflict_score === 0) return;
    const feature = featureOf(result);
    const rival = this.#pairs.findIndex((pair) => featureOf(pair) === feature);
    const rivalPair = this.#pairs[rival];
    if (rivalPair !== undefined) {
      if (compare(rivalPair, result) < 0) return;
      this.#pairs.splice(rival, 1);
    }
    const place = this.#pairs.findIndex((pair) => compare(result, pair) < 0);
    this.#pairs.splice(place === -1 ? this.#pairs.length : place, 0, result);
    if (this.#pairs.length > this.#pairsMax) this.#pairs.pop();
  }

  list(): readonly DemoResult[] {
    return [...this.#pairs];
  }
}
