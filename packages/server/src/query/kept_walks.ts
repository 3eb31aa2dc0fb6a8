/**
 * Walks that pages of one impact share: which pairs may change is found once, by reading every
 * claim that rests on the source, and holds for each following page of the same moment.
 *
 * Invariants:
 * - What a walk finds at a moment depends on records stamped up to that moment alone. This node
 *   stamps what it takes later than every moment that was asked, so only a record that brings its
 *   stamp along can change it: a walk is given up when such a one is on its way.
 * - Memory is bounded, in bytes and in walks, and each walk goes after a minute.
 */
import type { HlcStamp, Outcome, RecordId } from '@stemedb/model';
import { ok } from '@stemedb/model';
import { LRUCache } from 'lru-cache';
import type { PendingRecord } from '../ingest/pending_record.js';
import type { Clock } from '../io/clock.js';
import type { Pair } from '../store/candidate_loader.js';
import type { Reading } from './readings.js';

const walksMax = 8;
const bytesMax = 64 * 1024 ** 2;
const keptMsMax = 60_000;

/** An object of two texts in memory, beside their characters. */
const pairBytes = 96;

/** What a walk came to. */
export interface Walked {
  /** Claims that rest on the source. */
  readonly dependants: number;
  /** How far it accounts for the log. */
  readonly sequence: number;
  /** Whose answer may change, bytewise by path and predicate. */
  readonly pairs: readonly Pair[];
}

/** Tells of records on their way into the log, later ones included, until it is stopped. */
export type Watch = (see: (record: PendingRecord) => void) => () => void;

interface Kept {
  readonly walked: Walked;
  /** Stops watching and waiting. */
  readonly end: () => void;
}

const keyOf = (source: RecordId, stamp: HlcStamp): string => `${stamp} ${source}`;

const bytesOf = ({ pairs }: Walked): number =>
  pairs.reduce(
    (sum, { conceptPath, predicate }) =>
      sum + pairBytes + 2 * (conceptPath.length + predicate.length),
    pairBytes,
  );

export class KeptWalks {
  readonly #clock: Clock;
  readonly #watch: Watch;
  readonly #kept = new LRUCache<string, Kept>({
    max: walksMax,
    maxSize: bytesMax,
    dispose: ({ end }) => end(),
  });

  constructor(clock: Clock, watch: Watch) {
    this.#clock = clock;
    this.#watch = watch;
  }

  /** The walk from a source at the moment of a reading that was opened in this turn: a kept one,
   * or a new one, which is kept when it finds more pairs than `pageMax`. */
  async walk(
    reading: Reading,
    source: RecordId,
    pageMax: number,
    walk: () => Promise<Outcome<Walked>>,
  ): Promise<Outcome<Walked>> {
    const key = keyOf(source, reading.moment.stamp);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return ok(kept.walked);
    const since = this.#watchOthers(reading, key);
    let isKept = false;
    try {
      const walked = await walk();
      if (!walked.ok || walked.value.pairs.length <= pageMax || since.isOutdated()) return walked;
      const size = bytesOf(walked.value);
      if (size > bytesMax) return walked;
      isKept = true;
      const stopClock = this.#clock.after(keptMsMax, () => this.#kept.delete(key));
      const end = (): void => {
        stopClock();
        since.stop();
      };
      this.#kept.set(key, { walked: walked.value, end }, { size });
      return walked;
    } finally {
      if (!isKept) since.stop();
    }
  }

  /** Nobody goes on with this one. */
  forget(source: RecordId, stamp: HlcStamp): void {
    this.#kept.delete(keyOf(source, stamp));
  }

  /** Looks out for records that the reading lacks and that belong to its moment. */
  #watchOthers(
    { moment, snapshot }: Reading,
    key: string,
  ): { readonly isOutdated: () => boolean; readonly stop: () => void } {
    let isOutdated = false;
    let isOpening = true;
    const stop = this.#watch(({ id, stamp }) => {
      if (stamp === undefined || stamp > moment.stamp) return;
      // What was on its way when the reading was opened may be in it already.
      const place = isOpening ? snapshot.place(id) : undefined;
      if (place !== undefined && place.stamp <= stamp) return;
      isOutdated = true;
      if (!isOpening) this.#kept.delete(key);
    });
    isOpening = false;
    return { isOutdated: () => isOutdated, stop };
  }
}
