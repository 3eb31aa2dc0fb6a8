/** Cursors of questions: bound to the question, the caller's scope and the first page's `as_of`. */
import type { HlcStamp, JsonValue, Outcome } from '@stemedb/model';
import { ok, parseStamp } from '@stemedb/model';
import type { Pair } from '../store/store.js';
import type { Question } from './question.js';
import { bindingOf, invalidCursor, isSameMoment, openCursor, sealCursor } from './sealed_cursor.js';

/** What the next page needs to know. */
export interface CursorState {
  readonly stamp: HlcStamp;
  readonly ms: number;
  readonly after: Pair;
}

/** Two questions with the same binding may share a cursor: page size and position do not count. */
const bindingOfQuestion = (question: Question, scope: string): string => {
  const { limit: _limit, cursor: _cursor, minPosition: _position, asOf: _asOf, ...rest } = question;
  return bindingOf({ question: rest as unknown as JsonValue, scope });
};

/** Writes the cursor of the page that ends with `state.after`. */
export const writeCursor = (
  key: Uint8Array,
  question: Question,
  scope: string,
  state: CursorState,
  nowMs: number,
): string => {
  const a = [state.after.conceptPath, state.after.predicate];
  return sealCursor(
    key,
    bindingOfQuestion(question, scope),
    { a, m: state.ms, s: state.stamp },
    nowMs,
  );
};

/** Reads a cursor back: `invalid_cursor` when it is not ours, `cursor_expired` when old. */
export const readCursor = (
  key: Uint8Array,
  question: Question,
  scope: string,
  cursor: string,
  nowMs: number,
): Outcome<CursorState> => {
  const opened = openCursor(key, bindingOfQuestion(question, scope), cursor, nowMs);
  if (!opened.ok) return opened;
  const state = opened.value as unknown as {
    readonly a: readonly [string, string];
    readonly m: number;
    readonly s: string;
  };
  if (!isSameMoment(question.asOf, state)) return invalidCursor();
  const stamp = parseStamp(state.s);
  if (stamp === undefined) return invalidCursor();
  const [conceptPath, predicate] = state.a;
  return ok({ stamp, ms: state.m, after: { conceptPath, predicate } });
};
