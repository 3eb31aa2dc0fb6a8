/**
 * What an answer was read from. A watched snapshot answers as the one behind it does and keeps the
 * counter of everything that a later record could change: rows of pairs, lists of pairs, lists of
 * what names a record, and records that were looked for and were not there. What was found is not
 * kept: a record never changes, and one that comes back with an earlier stamp touches everything.
 */
import type { AgentId, HlcStamp, RecordId } from '@stemedb/model';
import type { CandidateRow, Pair } from '../store/candidate_loader.js';
import type { Relation } from '../store/keys.js';
import type {
  OriginExpression,
  PairQuery,
  PlacedRecord,
  PlacedReference,
  RecordPlace,
  StoreSnapshot,
} from '../store/store.js';
import {
  type Counter,
  counterOfConcept,
  counterOfId,
  counterOfPair,
  counterOfPrefix,
  type Generations,
} from './generations.js';

/** Counters kept for one answer; one that read more rests on every record. */
const countersMax = 4096;

export class ReadSet {
  readonly #counters = new Set<Counter>();
  #isEverything = false;

  add(counter: Counter): void {
    if (this.#isEverything) return;
    this.#counters.add(counter);
    if (this.#counters.size > countersMax) this.addEverything();
  }

  /** Any record at all may change the answer. */
  addEverything(): void {
    this.#isEverything = true;
    this.#counters.clear();
  }

  get bytes(): number {
    return 64 + 32 * this.#counters.size;
  }

  /** True when nothing that was read has been touched by a record after this sequence. */
  isUntouchedSince(sequence: number, generations: Generations): boolean {
    const last = this.#isEverything
      ? generations.lastNoted
      : generations.lastTouched(this.#counters);
    return last <= sequence;
  }
}

/** A snapshot that tells a read set what is read. Releasing it releases the one behind it. */
export class WatchedSnapshot implements StoreSnapshot {
  readonly #own: StoreSnapshot;
  readonly #reads: ReadSet;
  readonly #asOf: HlcStamp;

  /** `asOf`: the moment whose answer is read; what was recorded later counts as not there. */
  constructor(own: StoreSnapshot, reads: ReadSet, asOf: HlcStamp) {
    this.#own = own;
    this.#reads = reads;
    this.#asOf = asOf;
  }

  get isBroken(): boolean {
    return this.#own.isBroken;
  }

  get appliedSequence(): number {
    return this.#own.appliedSequence;
  }

  get visibleStamp(): HlcStamp {
    return this.#own.visibleStamp;
  }

  get assertionCount(): number {
    this.#reads.addEverything();
    return this.#own.assertionCount;
  }

  get recordCount(): number {
    this.#reads.addEverything();
    return this.#own.recordCount;
  }

  place(id: RecordId): RecordPlace | undefined {
    const place = this.#own.place(id);
    if (place === undefined || place.stamp > this.#asOf) this.#reads.add(counterOfId(id));
    return place;
  }

  placeOfSequence(sequence: number): RecordPlace | undefined {
    return this.#own.placeOfSequence(sequence);
  }

  pairs(query: PairQuery): Iterable<Pair> {
    const { scope, predicate } = query;
    if (scope.type === 'all' || (scope.type === 'prefix' && scope.prefix === '')) {
      this.#reads.addEverything();
    } else if (scope.type === 'prefix') this.#reads.add(counterOfPrefix(scope.prefix));
    else if (predicate === undefined) this.#reads.add(counterOfConcept(scope.conceptPath));
    else this.#reads.add(counterOfPair({ conceptPath: scope.conceptPath, predicate }));
    return this.#own.pairs(query);
  }

  claimCount(pair: Pair): number {
    this.#reads.add(counterOfPair(pair));
    return this.#own.claimCount(pair);
  }

  candidates(pair: Pair, asOf: HlcStamp): AsyncIterable<readonly CandidateRow[]> {
    this.#reads.add(counterOfPair(pair));
    return this.#own.candidates(pair, asOf);
  }

  agent(number: number): AgentId {
    return this.#own.agent(number);
  }

  className(number: number): string | undefined {
    return this.#own.className(number);
  }

  epoch(number: number): RecordId | undefined {
    return this.#own.epoch(number);
  }

  originExpression(number: number): OriginExpression {
    return this.#own.originExpression(number);
  }

  attestations(target: RecordId): Iterable<PlacedReference> {
    this.#reads.add(counterOfId(target));
    return this.#own.attestations(target);
  }

  dependants(target: RecordId, relation: Relation): Iterable<PlacedReference> {
    this.#reads.add(counterOfId(target));
    return this.#own.dependants(target, relation);
  }

  ofKind(kind: number): Iterable<PlacedRecord> {
    this.#reads.addEverything();
    return this.#own.ofKind(kind);
  }

  ofAgent(agent: AgentId): Iterable<PlacedRecord> {
    this.#reads.addEverything();
    return this.#own.ofAgent(agent);
  }

  release(): void {
    this.#own.release();
  }
}
