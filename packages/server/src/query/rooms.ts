/**
 * What all questions together may hold: rows of the pairs that they weigh, and drafted answers.
 * Their number alone bounds neither, for one may weigh a million rows. Narrow pairs have rooms of
 * their own, so that nobody with a narrow question waits for those with wide ones.
 *
 * A question may wait for rows while it holds room for an answer, never the other way round, so no
 * two wait for each other.
 */
import type { Pair } from '../store/candidate_loader.js';
import type { StoreSnapshot } from '../store/store.js';
import type { QueryLimits } from './collaborators.js';
import type { Pace } from './pace.js';
import { Room } from './room.js';

/** Rows of a pair that is not counted: as many as every open question may hold. */
const tinyRowsMax = 256;

/** Rows of a narrow pair: those that are weighed within a turn or two. */
const narrowRowsMax = 4096;

/** The part of all rows that is kept for narrow pairs. */
const narrowShare = 1 / 4;

/** The rows that wide pairs share. */
export const wideRowsOf = ({ rowsHeldMax }: Pick<QueryLimits, 'rowsHeldMax'>): number =>
  rowsHeldMax - Math.floor(rowsHeldMax * narrowShare);

/** Bytes of a page that is not counted, likewise. */
const smallPageBytesMax = 128 * 1024;

export class Rooms {
  readonly pageBytesMax: number;
  readonly narrow: Room;
  readonly wide: Room;
  readonly drafts: Room;

  constructor(limits: QueryLimits) {
    const { rowsHeldMax, questionsOpenMax, questionsWaitingMax } = limits;
    const wideRows = wideRowsOf(limits);
    this.pageBytesMax = limits.pageBytesMax;
    this.narrow = new Room(rowsHeldMax - wideRows, questionsOpenMax, 'rows of narrow pairs');
    this.wide = new Room(wideRows, questionsWaitingMax, 'rows of wide pairs');
    this.drafts = new Room(limits.draftsBytesMax, questionsWaitingMax, 'bytes of large pages');
  }
}

/** What one question holds. */
export class Holding {
  readonly #rooms: Rooms;
  readonly #pace: Pace;
  #draftedBytes = 0;
  #leaveDrafts: (() => void) | undefined;

  constructor(rooms: Rooms, pace: Pace) {
    this.#rooms = rooms;
    this.#pace = pace;
  }

  /** Takes room for all rows of these pairs, until the result is called; undefined when they are
   * too few to be counted. */
  rowsOf(pairs: readonly Pair[], snapshot: StoreSnapshot): Promise<() => void> | undefined {
    let rows = 0;
    for (const pair of pairs) rows += snapshot.claimCount(pair);
    if (rows <= tinyRowsMax) return undefined;
    const { narrow, wide } = this.#rooms;
    return (rows <= narrowRowsMax ? narrow : wide).take(rows, this.#pace);
  }

  /** Counts bytes that are kept for the answer; false when its page should end with them. */
  drafted(bytes: number): boolean | Promise<boolean> {
    this.#draftedBytes += bytes;
    const isCounted = this.#draftedBytes > smallPageBytesMax;
    if (isCounted && this.#leaveDrafts === undefined) return this.#takeDrafts();
    return this.#draftedBytes < this.#rooms.pageBytesMax;
  }

  async #takeDrafts(): Promise<boolean> {
    const { drafts, pageBytesMax } = this.#rooms;
    this.#leaveDrafts = await drafts.take(pageBytesMax, this.#pace);
    return this.#draftedBytes < pageBytesMax;
  }

  /** At the end of the question. */
  leave(): void {
    this.#leaveDrafts?.();
  }
}
