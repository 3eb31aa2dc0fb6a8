/**
 * What clients saw: every call with the moments at which it began and ended. Moments are counted,
 * not timed: all clients live in one process, so what ended before another call began was earlier.
 */
import type { HlcStamp, RecordId } from '@stemedb/model';

export interface Write {
  readonly session: number;
  readonly begun: number;
  readonly id: RecordId;
  /** What the server said; unknown when the connection broke before it answered. */
  readonly said:
    | { readonly type: 'unknown' }
    | { readonly type: 'refused'; readonly ended: number; readonly code: string }
    | {
        readonly type: 'accepted';
        readonly ended: number;
        readonly status: 'created' | 'duplicate';
        readonly stamp: HlcStamp;
      };
}

export interface Read {
  readonly session: number;
  readonly begun: number;
  readonly ended: number;
  /** The question without its moment, as a query string. */
  readonly question: string;
  /** Its answer moves with time: one computed up to a second ago may be served. */
  readonly isMoving: boolean;
  /** A moment was stated. */
  readonly isPast: boolean;
  readonly asOf: HlcStamp;
  readonly isFinal: boolean;
  /** The bytes of the results. */
  readonly results: string;
}

/** Everything that was seen of one database, and every id that a call may have brought into it. */
export interface History {
  readonly writes: readonly Write[];
  readonly reads: readonly Read[];
  readonly sent: ReadonlySet<RecordId>;
}

/** Collects a history while it happens. */
export class Recorder implements History {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly sent = new Set<RecordId>();
  #now = 0;

  /** The next moment. */
  tick(): number {
    this.#now += 1;
    return this.#now;
  }
}
