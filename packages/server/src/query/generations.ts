/**
 * Generations: for everything that an answer may rest on, the sequence of the last record that
 * touched it (spec 5, "Caches"). What was computed over a snapshot holds as long as nothing that
 * it read was touched by a later record.
 *
 * Things are the pair, the concept and each prefix above it, every id that a record has or names
 * (its own, its target, its source, its epoch ...), and one for all: what supersedes, judges,
 * aliases, governs, cites or opens an epoch touches everything, and so does a record that arrives
 * with a stamp older than one already seen, because it may bring an id back with an earlier one.
 *
 * Invariants:
 * - A record is noted when it is durable, before it is visible: no answer that lacks it is ever
 *   held as computed after it.
 * - Things share counters by a hash, so memory is bounded, and what shares one is only touched too
 *   often, never too seldom.
 */
import type { HlcStamp, RecordContent, RecordId, RecordKind } from '@stemedb/model';
import type { Pair } from '../store/candidate_loader.js';
import type { ApplicableRecord } from '../store/store.js';

/** Counters that all things share: 2 MiB, and a few collisions among what one answer reads. */
const countersLog2 = 18;
const counters = 2 ** countersLog2;

/** Number of the counter of a thing. */
export type Counter = number;

/** Which kinds of records act on more than what they name. */
const touchesAll: Readonly<Record<RecordKind, boolean>> = {
  assertion: false,
  attestation: false,
  vote: false,
  source: true,
  epoch: true,
  supersession: true,
  alias: true,
  verdict: true,
  policy: true,
};

/** FNV-1a over UTF-16 units (Fowler, Noll, Vo); the seed keeps kinds of things apart. */
const hashStep = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

const hashed = (seed: number, text: string): number => {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) hash = hashStep(hash, text.charCodeAt(at));
  return hash;
};

/** The low bits of FNV change least, so the high ones are folded onto them. */
const counterOf = (hash: number): Counter => (hash ^ (hash >>> countersLog2)) & (counters - 1);

const conceptSeed = 0x811c9dc5;
const prefixSeed = 0x811c9dc6;
const slash = 0x2f;

export const counterOfConcept = (conceptPath: string): Counter =>
  counterOf(hashed(conceptSeed, conceptPath));

export const counterOfPair = ({ conceptPath, predicate }: Pair): Counter =>
  counterOf(hashed(hashStep(hashed(conceptSeed, conceptPath), 0), predicate));

/** The pairs at and below a prefix, with or without a `/` at its end. */
export const counterOfPrefix = (prefix: string): Counter =>
  counterOf(hashed(prefixSeed, prefix.replace(/\/+$/, '')));

/** Ids are hashes already. */
export const counterOfId = (id: RecordId): Counter =>
  Number.parseInt(id.slice(0, 8), 16) & (counters - 1);

/** Every id that the record names: it counts among the dependants of each. */
const namedBy = (content: RecordContent): readonly (RecordId | undefined)[] => {
  switch (content.kind) {
    case 'assertion':
      return [content.source, content.parent, content.epoch, ...(content.derived_from ?? [])];
    case 'attestation':
    case 'vote':
    case 'verdict':
      return [content.target];
    case 'supersession':
      return [content.target, content.replacement];
    case 'epoch':
      return content.supersedes ?? [];
    case 'source':
    case 'alias':
    case 'policy':
      return [];
  }
};

export class Generations {
  readonly #touched = new Float64Array(counters);
  #allTouched = 0;
  #noted = 0;
  #newestStamp: HlcStamp;

  /** `newestStamp` is that of the newest record which is there already. */
  constructor(newestStamp: HlcStamp) {
    this.#newestStamp = newestStamp;
  }

  /** Notes a batch that is durable and not yet visible. */
  note(records: readonly ApplicableRecord[]): void {
    for (const { id, stamp, sequence, content } of records) {
      this.#noted = sequence;
      this.#touch(counterOfId(id), sequence);
      if (stamp < this.#newestStamp) this.#allTouched = sequence;
      else this.#newestStamp = stamp;
      if (content === undefined) continue;
      if (touchesAll[content.kind]) this.#allTouched = sequence;
      for (const named of namedBy(content)) {
        if (named !== undefined) this.#touch(counterOfId(named), sequence);
      }
      if (content.kind === 'assertion') {
        this.#touchPlace(content.concept_path, content.predicate, sequence);
      }
    }
  }

  /** The last sequence by which any of the counters, or everything, was touched. */
  lastTouched(read: Iterable<Counter>): number {
    let last = this.#allTouched;
    for (const counter of read) last = Math.max(last, this.#touched[counter] ?? 0);
    return last;
  }

  /** The last sequence that was noted: for what rests on records of any kind. */
  get lastNoted(): number {
    return this.#noted;
  }

  /** The concept, the pair, and every prefix of whole segments. */
  #touchPlace(conceptPath: string, predicate: string, sequence: number): void {
    this.#touch(counterOfConcept(conceptPath), sequence);
    this.#touch(counterOfPair({ conceptPath, predicate }), sequence);
    let hash = prefixSeed;
    let before = 0;
    for (let at = 0; at < conceptPath.length; at += 1) {
      const unit = conceptPath.charCodeAt(at);
      // Of several slashes in a row the first one ends the prefix, as when one is asked for.
      if (unit === slash && before !== slash) this.#touch(counterOf(hash), sequence);
      hash = hashStep(hash, unit);
      before = unit;
    }
    this.#touch(counterOf(hash), sequence);
  }

  #touch(counter: Counter, sequence: number): void {
    this.#touched[counter] = sequence;
  }
}
