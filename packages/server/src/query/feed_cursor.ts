/**
 * Cursors of the feed: a place in the log of this node, authenticated, bound to the log and to what
 * the caller may see. They do not grow old, since the log is kept, and leave the filters open,
 * since a place is the same under each (decision 240).
 */
import type { JsonObject, Outcome, StemeError } from '@stemedb/model';
import { fail, ok } from '@stemedb/model';
import { readSealed, sealState } from './sealed_cursor.js';

/** Everything up to a record was looked at; sequence 0: nothing yet. */
export interface FeedPlace {
  readonly sequence: number;
  /** Offset of the frame of that record. */
  readonly offset: number;
}

export const beginningOfLog: FeedPlace = { sequence: 0, offset: 0 };

interface FeedCursorParts {
  readonly key: Uint8Array;
  readonly logId: string;
  readonly scope: string;
}

/** What tells these cursors from those of pages, which the same key authenticates. */
const form = 1;

export const writeFeedCursor = (
  { key, logId, scope }: FeedCursorParts,
  { sequence, offset }: FeedPlace,
): string => sealState(key, { f: form, l: logId, o: offset, q: sequence, s: scope });

const invalid: StemeError = {
  code: 'invalid_cursor',
  detail: 'The cursor is none that a feed of this node gave you; begin without one, or with "now".',
};

const ofOtherLog = (why: string): StemeError => ({
  code: 'cursor_of_other_log',
  detail: `${why} Ask the node that gave it, or begin without a cursor or with "now".`,
});

const isPlace = (state: JsonObject): state is JsonObject & { readonly o: number; q: number } =>
  Number.isSafeInteger(state.o) && Number.isSafeInteger(state.q);

/** Reads a cursor back; `lastSequence` is the last record that is visible. */
export const readFeedCursor = (
  { key, logId, scope }: FeedCursorParts,
  cursor: string,
  lastSequence: number,
): Outcome<FeedPlace> => {
  const sealed = readSealed(key, cursor);
  if (sealed === undefined || sealed.state.f !== form) return fail(invalid);
  const { state, isOurs } = sealed;
  // Before the seal, which another node has made with a key of its own.
  if (typeof state.l === 'string' && state.l !== logId) {
    const why = 'The cursor belongs to the log of another node or of an earlier restore.';
    return fail(ofOtherLog(why));
  }
  if (!isOurs || state.s !== scope || !isPlace(state)) return fail(invalid);
  if (state.q > lastSequence) {
    return fail(ofOtherLog('The log ends before the cursor: this is an older state of it.'));
  }
  return ok({ sequence: state.q, offset: state.o });
};
