/**
 * Reads of one applied state. The state row comes from the same engine snapshot as the entries, so
 * counts, visible stamp and rows always belong together.
 *
 * Every entry is checked when it is read; a corrupt one throws `StoreCorruption`. A pair knows how
 * many rows it has, so rows that a damaged page hides are found as well when a pair is walked.
 */
import type { AgentId, HlcStamp, RecordId } from '@stemedb/model';
import { shardOf } from '@stemedb/model';
import type { BoundedCache } from './cache.js';
import type { CandidateRow, Pair } from './candidate_loader.js';
import { StoreCorruption } from './corruption.js';
import type { Dictionaries } from './dictionaries.js';
import type { EngineSnapshot, Range } from './engine.js';
import { asBuffer, open } from './entry.js';
import { readPlace } from './homes.js';
import {
  agentRecordPrefix,
  candidatePrefix,
  keyAfter,
  kindRecordPrefix,
  pairKey,
  pairText,
  placesKey,
  prefixEnd,
  type Relation,
  referencePrefix,
  sequenceOfKey,
} from './keys.js';
import type { Measured } from './measured.js';
import { decodeOrigin } from './origin.js';
import { pairOfKey, rangesOf } from './pair_range.js';
import { blockOf, readHome } from './places.js';
import { listedIn } from './record_list.js';
import { decodePair, decodeReference, type PairEntry, RowDecoder } from './row.js';
import type { StateReader, StoreState } from './state.js';
import type {
  OriginExpression,
  PairQuery,
  PlacedRecord,
  PlacedReference,
  RecordPlace,
  StoreSnapshot,
} from './store.js';

/** Rows in a chunk: some 1.5 ms, after which others have their turn. A lens may do 4096 between two
 * checks of its deadline (spec 6). */
const rowsPerChunk = 1024;
/** References in the first chunk: most records are named by a few. Each further one has twice as
 * many as the one before, because what an engine in front holds of a range it gathers for each. */
const referencesPerChunkMin = 64;
const referencesPerChunkMax = 4096;

export class Snapshot implements StoreSnapshot {
  readonly #engine: EngineSnapshot;
  readonly #dictionaries: Dictionaries;
  readonly #origins: BoundedCache<number, OriginExpression>;
  readonly #measured: Measured;
  /** A pair is asked for its count, then for its rows. */
  #lastPair: { readonly text: string; readonly entry: PairEntry | undefined } | undefined;
  readonly #state: StoreState;

  constructor(
    engine: EngineSnapshot,
    dictionaries: Dictionaries,
    origins: BoundedCache<number, OriginExpression>,
    states: StateReader,
    measured: Measured,
  ) {
    this.#engine = engine;
    this.#dictionaries = dictionaries;
    this.#origins = origins;
    this.#measured = measured;
    this.#state = this.#measured.check('read', () => states.read(engine));
  }

  get isBroken(): boolean {
    return this.#engine.isBroken;
  }

  get appliedSequence(): number {
    return this.#state.appliedSequence;
  }

  get visibleStamp(): HlcStamp {
    return this.#state.visibleStamp;
  }

  get assertionCount(): number {
    return this.#state.assertions;
  }

  get recordCount(): number {
    return this.#state.records;
  }

  place(id: RecordId): RecordPlace | undefined {
    return this.#measured.run('read', () => readPlace(this.#engine, id)?.place);
  }

  placeOfSequence(sequence: number): RecordPlace | undefined {
    return this.#measured.run('read', () => readHome(this.#engine, sequence)?.place);
  }

  *pairs(query: PairQuery): Generator<Pair, void, void> {
    for (const range of rangesOf(query)) {
      for (const { key, value } of this.#entries(range)) {
        const pair = this.#measured.check('scan', () => {
          decodePair(key, value);
          return pairOfKey(asBuffer(key));
        });
        if (query.predicate === undefined || query.predicate === pair.predicate) yield pair;
      }
    }
  }

  claimCount(pair: Pair): number {
    return this.#pair(pair)?.claims ?? 0;
  }

  async *candidates(
    pair: Pair,
    asOf: HlcStamp,
  ): AsyncGenerator<readonly CandidateRow[], void, void> {
    const entry = this.#pair(pair);
    if (entry === undefined) return;
    const prefix = candidatePrefix(shardOf(pair.conceptPath), entry.number);
    const lt = prefixEnd(prefix);
    const decoder = new RowDecoder(asOf);
    let gte = prefix;
    let seen = 0;
    // Each chunk is a range of its own: no cursor stays open while the caller does other things.
    for (;;) {
      const rows: CandidateRow[] = [];
      const count = this.#measured.run('scan', () => {
        let inChunk = 0;
        this.#engine.visit({ gte, lt, limit: rowsPerChunk }, (key, value) => {
          const row = decoder.decode(key, value);
          if (row !== undefined) rows.push(row);
          inChunk += 1;
          if (inChunk === rowsPerChunk) gte = keyAfter(key);
        });
        seen += inChunk;
        const isLast = inChunk < rowsPerChunk || seen > entry.claims;
        if (isLast && seen !== entry.claims) {
          throw new StoreCorruption('candidate', prefix, `${seen} rows of ${entry.claims}`);
        }
        return inChunk;
      });
      if (rows.length > 0) yield rows;
      if (count < rowsPerChunk) return;
    }
  }

  agent(number: number): AgentId {
    return this.#measured.check('read', () =>
      this.#dictionaries.agent.nameOf(number, this.#engine),
    ) as AgentId;
  }

  className(number: number): string | undefined {
    if (number === 0) return undefined;
    return this.#measured.check('read', () =>
      this.#dictionaries.class.nameOf(number, this.#engine),
    );
  }

  epoch(number: number): RecordId | undefined {
    if (number === 0) return undefined;
    return this.#measured.check('read', () =>
      this.#dictionaries.epoch.nameOf(number, this.#engine),
    ) as RecordId;
  }

  originExpression(number: number): OriginExpression {
    const cached = this.#origins.get(number);
    if (cached !== undefined) return cached;
    return this.#measured.check('read', () => {
      const name = this.#dictionaries.origin.nameOf(number, this.#engine);
      const origin = decodeOrigin(Buffer.from(name, 'latin1'));
      this.#origins.set(number, origin);
      return origin;
    });
  }

  attestations(target: RecordId): Iterable<PlacedReference> {
    return this.dependants(target, 'attestation');
  }

  *dependants(target: RecordId, relation: Relation): Generator<PlacedReference, void, void> {
    const prefix = referencePrefix(target, relation);
    const lt = prefixEnd(prefix);
    let gte = prefix;
    let limit = referencesPerChunkMin;
    for (;;) {
      const chunk: { readonly sequence: number; readonly agentNumber: number }[] = [];
      this.#measured.run('scan', () => {
        this.#engine.visit({ gte, lt, limit }, (key, value) => {
          chunk.push({ sequence: sequenceOfKey(key), agentNumber: decodeReference(key, value) });
          if (chunk.length === limit) gte = keyAfter(key);
        });
      });
      for (const { sequence, agentNumber } of chunk) {
        const { id, place } = this.#measured.check('scan', () => this.#placed(sequence));
        yield { id, place, agentNumber };
      }
      if (chunk.length < limit) return;
      limit = Math.min(2 * limit, referencesPerChunkMax);
    }
  }

  *ofKind(kind: number): Generator<PlacedRecord, void, void> {
    const prefix = kindRecordPrefix(kind);
    for (const { key, value } of this.#entries({ gte: prefix, lt: prefixEnd(prefix) })) {
      yield this.#measured.check('scan', () => {
        open(key, value, 0);
        return this.#placed(sequenceOfKey(key));
      });
    }
  }

  *ofAgent(agent: AgentId): Generator<PlacedRecord, void, void> {
    const number = this.#measured.check('read', () =>
      this.#dictionaries.agent.numberOf(agent, this.#engine),
    );
    if (number === undefined) return;
    const prefix = agentRecordPrefix(number);
    for (const { key, value } of this.#entries({ gte: prefix, lt: prefixEnd(prefix) })) {
      for (const sequence of this.#measured.check('scan', () => listedIn(key, value))) {
        yield this.#measured.check('scan', () => this.#placed(sequence));
      }
    }
  }

  release(): void {
    this.#engine.release();
  }

  #entries(range: Range): ReturnType<EngineSnapshot['range']> {
    return this.#measured.each('scan', this.#engine.range(range));
  }

  /** The record that an entry of a list names. */
  #placed(sequence: number): PlacedRecord {
    const stored = readHome(this.#engine, sequence);
    if (stored === undefined) {
      const fault = `has no record ${sequence}`;
      throw new StoreCorruption('place', placesKey(blockOf(sequence)), fault);
    }
    return { id: stored.id, place: stored.place };
  }

  #pair({ conceptPath, predicate }: Pair): PairEntry | undefined {
    const text = pairText(conceptPath, predicate);
    if (this.#lastPair?.text === text) return this.#lastPair.entry;
    const entry = this.#measured.run('read', () => {
      const key = pairKey(text);
      const value = this.#engine.get(key);
      return value === undefined ? undefined : decodePair(key, value);
    });
    this.#lastPair = { text, entry };
    return entry;
  }
}
