/**
 * The feed: every record in the order of this node's log, each once, page by page or followed as it
 * grows. Only what is visible is told, and that is synced (spec 4.2).
 */
import type { Outcome } from '@stemedb/model';
import { ok } from '@stemedb/model';
import type { Principal } from '../ingest/principal.js';
import type { Clock } from '../io/clock.js';
import type { Log } from '../log/log.js';
import type { Store } from '../store/store.js';
import { type FeedChunk, readChunk } from './feed_chunk.js';
import { beginningOfLog, type FeedPlace, readFeedCursor, writeFeedCursor } from './feed_cursor.js';
import { type FeedEntry, type FeedFilter, type FeedItem, passes } from './feed_entry.js';
import { FileTurns, type TurnTaker } from './feed_file_turns.js';
import { FeedHub } from './feed_hub.js';
import { type FeedLimits, feedLimits } from './feed_limits.js';
import type { TailPiece } from './feed_tail.js';
import { scopeOf } from './query_service.js';
import type { Cancellation } from './question.js';
import type { Reading, Readings } from './readings.js';
import { jsonBytes, StoredJson } from './stored_json.js';

export interface FeedQuestion extends FeedFilter {
  /** A cursor, or `now`: what comes from now on. The beginning of the log when absent. */
  readonly since?: string;
  readonly minPosition?: string;
}

export interface Followed {
  readonly items: readonly FeedItem[];
  /** Leads to what follows, also past what the filter left out. */
  readonly cursor: string;
  /** True when this was all that is visible. */
  readonly atEnd: boolean;
  /** To be called once, when the items are passed on or given up. */
  readonly release: () => void;
  /** Whether others wait until they are. */
  readonly isWanted: () => boolean;
}

/** One who reads the log as it grows. */
export interface Follower {
  /** Where it begins. */
  readonly cursor: string;
  /** The next piece, without waiting for one to come; calls must not overlap. It waits for its
   * turn at the files, and is empty when the end of the follower came first. */
  read(): Promise<Outcome<Followed>>;
  /** Ends it; `wake` is not called any more. */
  close(): void;
}

export interface Feed {
  /** One page as JSON text. */
  page(
    principal: Principal,
    question: FeedQuestion & { readonly limit: number },
    signal?: Cancellation,
  ): Promise<Outcome<Uint8Array>>;
  /** Begins to follow; `wake` is called whenever more is visible. */
  follow(
    principal: Principal,
    question: FeedQuestion,
    wake: () => void,
  ): Promise<Outcome<Follower>>;
  /** Told after each batch that became visible. */
  noteVisible(): void;
  /** Wakes nobody any more; resolves when it reads nothing for those who follow. Pages, and what
   * followers read themselves, are over before. */
  close(): Promise<void>;
}

export interface FeedParts {
  readonly log: Pick<Log, 'iterate' | 'logId'>;
  readonly store: Pick<Store, 'appliedSequence' | 'appliedOffset'>;
  readonly readings: Readings;
  readonly clock: Clock;
  /** Secret of this node under which cursors are authenticated. */
  readonly cursorKey: Uint8Array;
  readonly limits?: Partial<FeedLimits>;
}

class LogFeed implements Feed {
  readonly #parts: FeedParts;
  readonly #limits: FeedLimits;
  readonly #hub: FeedHub;
  readonly #turns: FileTurns;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.#limits = { ...feedLimits, ...parts.limits };
    this.#hub = new FeedHub({ ...parts, limits: this.#limits, cursorOf: this.#cursors('') });
    this.#turns = new FileTurns(this.#limits);
  }

  noteVisible(): void {
    this.#hub.noteVisible();
  }

  close(): Promise<void> {
    return this.#hub.close();
  }

  page(
    principal: Principal,
    question: FeedQuestion & { readonly limit: number },
    signal?: Cancellation,
  ): Promise<Outcome<Uint8Array>> {
    const { readings } = this.#parts;
    const scope = scopeOf(principal);
    const { since, minPosition } = question;
    return readings.read({ minPosition, signal }, async (reading) => {
      const begun = this.#begin(scope, since);
      return begun.ok ? this.#page(reading, scope, question, begun.value) : begun;
    });
  }

  async follow(
    principal: Principal,
    question: FeedQuestion,
    wake: () => void,
  ): Promise<Outcome<Follower>> {
    const { readings } = this.#parts;
    const scope = scopeOf(principal);
    const { since, minPosition, ...filter } = question;
    const begun = await readings.read({ minPosition }, () => this.#begin(scope, since));
    if (!begun.ok) return begun;
    return ok(this.#follower(scope, filter, begun.value, wake));
  }

  #follower(scope: string, filter: FeedFilter, begin: FeedPlace, wake: () => void): Follower {
    const hub = this.#hub;
    const cursorOf = this.#cursors(scope);
    const unfollow = hub.follow(filter, wake);
    const taker: TurnTaker = { hasPassedOn: false };
    let place = begin;
    const read = async (): Promise<Outcome<Followed>> => {
      // What is kept carries the cursors of those who see everything.
      const kept = scope === '' ? hub.kept(place, filter) : undefined;
      const next =
        kept === undefined
          ? await this.#fromFiles(scope, filter, place, taker)
          : ok({ ...kept, ...heldByNobody });
      if (!next.ok) return next;
      const { entries, place: end, ...piece } = next.value;
      place = end;
      const items = entries.filter((entry) => passes(entry, filter));
      return ok({ ...piece, items, cursor: cursorOf(place) });
    };
    const close = (): void => {
      unfollow();
      this.#turns.leave(taker);
    };
    return { cursor: cursorOf(begin), read, close };
  }

  async #fromFiles(
    scope: string,
    filter: FeedFilter,
    from: FeedPlace,
    taker: TurnTaker,
  ): Promise<Outcome<TailPiece & Pick<Followed, 'release' | 'isWanted'>>> {
    const { readings, store } = this.#parts;
    const turn = await this.#turns.take(
      taker,
      () => readings.read({}, (reading) => this.#next(reading, scope, filter, from)),
      (read) => (read.ok ? bytesOf(read.value.entries) : 0),
    );
    if (turn === undefined) return ok({ entries: [], place: from, atEnd: true, ...heldByNobody });
    const { value: chunk, release } = turn;
    if (!chunk.ok) return chunk;
    const { entries, place } = chunk.value;
    const isWanted = (): boolean => this.#turns.isWanting;
    return ok({
      entries,
      place,
      atEnd: place.sequence >= store.appliedSequence,
      release,
      isWanted,
    });
  }

  #next(
    reading: Reading,
    scope: string,
    { kind, prefix }: FeedFilter,
    from: FeedPlace,
  ): Promise<Outcome<FeedChunk>> {
    const options = { cursorOf: this.#cursors(scope), paths: prefix !== undefined };
    const wanted = kind === undefined ? options : { ...options, kind };
    return readChunk(this.#parts.log, reading, from, wanted);
  }

  #cursors(scope: string): (place: FeedPlace) => string {
    const { cursorKey: key, log } = this.#parts;
    return (place) => writeFeedCursor({ key, logId: log.logId, scope }, place);
  }

  #begin(scope: string, since: string | undefined): Outcome<FeedPlace> {
    const { cursorKey: key, log, store } = this.#parts;
    const { appliedSequence: sequence, appliedOffset: offset } = store;
    if (since === undefined) return ok(beginningOfLog);
    if (since === 'now') return ok({ sequence, offset });
    return readFeedCursor({ key, logId: log.logId, scope }, since, sequence);
  }

  async #page(
    reading: Reading,
    scope: string,
    question: FeedQuestion & { readonly limit: number },
    begin: FeedPlace,
  ): Promise<Outcome<Uint8Array>> {
    const end = reading.snapshot.appliedSequence;
    const records: StoredJson<unknown>[] = [];
    let place = begin;
    let scanned = 0;
    let hasRoom = true;
    while (hasRoom && place.sequence < end && scanned < this.#limits.feedPageScanBytesMax) {
      const chunk = await this.#next(reading, scope, question, place);
      if (!chunk.ok) return chunk;
      scanned += chunk.value.bytes;
      place = chunk.value.place;
      for (const entry of chunk.value.entries) {
        if (!passes(entry, question)) continue;
        records.push(new StoredJson(entry.json));
        hasRoom = await reading.holding.drafted(entry.json.length);
        if (hasRoom && records.length < question.limit) continue;
        hasRoom = false;
        place = { sequence: entry.sequence, offset: entry.offset };
        break;
      }
    }
    const more = place.sequence < end;
    return ok(jsonBytes({ records, next_cursor: this.#cursors(scope)(place), more }));
  }
}

/** Nothing that was read for one alone. */
const heldByNobody: Pick<Followed, 'release' | 'isWanted'> = {
  release: () => undefined,
  isWanted: () => false,
};

const bytesOf = (entries: readonly FeedEntry[]): number =>
  entries.reduce((sum, { json }) => sum + json.length, 0);

export const createFeed = (parts: FeedParts): Feed => new LogFeed(parts);
