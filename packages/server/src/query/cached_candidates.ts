/**
 * Candidate rows of a pair, kept for every moment: what is kept are all rows, and each question
 * takes those recorded up to its own moment. How many there must be is asked of the store each
 * time, so rows that are not the pair's are not served.
 */
import type { HlcStamp } from '@stemedb/model';
import { endOfMs } from '@stemedb/model';
import type { CandidateLoader, CandidateRow, Pair } from '../store/candidate_loader.js';
import type { StoreSnapshot } from '../store/store.js';
import { counterOfPair } from './generations.js';
import type { CacheSection, QueryCache } from './query_cache.js';
import { ReadSet } from './read_set.js';

/** Bytes of one row in memory: two hashes as text, a stamp, and a dozen fields. */
const rowBytes = 400;

/** Later than every stamp: 48 bits of milliseconds. */
const endOfTime: HlcStamp = endOfMs(2 ** 48 - 1);

type Rows = readonly (readonly CandidateRow[])[];

export class CachedCandidates {
  readonly #valueBytesMax: number;
  /** Undefined: all rows are read from the store. */
  readonly #section: CacheSection<Rows> | undefined;

  constructor(cache: QueryCache) {
    this.#valueBytesMax = cache.valueBytesMax;
    this.#section = cache.isOn ? cache.section('candidates') : undefined;
  }

  /** The rows of a snapshot, from memory where they are there. */
  over(snapshot: StoreSnapshot): CandidateLoader {
    const section = this.#section;
    if (section === undefined) return snapshot;
    return { candidates: (pair, asOf) => this.#candidates(section, snapshot, pair, asOf) };
  }

  async *#candidates(
    section: CacheSection<Rows>,
    snapshot: StoreSnapshot,
    pair: Pair,
    asOf: HlcStamp,
  ): AsyncGenerator<readonly CandidateRow[], void, void> {
    const key = section.keyOf(`${pair.conceptPath}\0${pair.predicate}`);
    const sequence = snapshot.appliedSequence;
    const claims = snapshot.claimCount(pair);
    const bytes = claims * rowBytes;
    if (bytes > this.#valueBytesMax) {
      yield* snapshot.candidates(pair, asOf);
      return;
    }
    const found = section.find(key, sequence);
    if (found !== undefined && countOf(found) === claims) {
      for (const chunk of found) yield upTo(asOf, chunk);
      return;
    }
    const rows: (readonly CandidateRow[])[] = [];
    for await (const chunk of snapshot.candidates(pair, endOfTime)) {
      rows.push(chunk);
      yield upTo(asOf, chunk);
    }
    const reads = new ReadSet();
    reads.add(counterOfPair(pair));
    section.keep(key, { value: rows, reads, sequence, bytes });
  }
}

const countOf = (rows: Rows): number => rows.reduce((sum, chunk) => sum + chunk.length, 0);

const upTo = (asOf: HlcStamp, rows: readonly CandidateRow[]): readonly CandidateRow[] =>
  rows.every((row) => row.stamp <= asOf) ? rows : rows.filter((row) => row.stamp <= asOf);
