/** Cursors of questions: bound to the question, the caller's scope and the first page's `as_of`. */
import type { HlcStamp, JsonValue, Outcome } from '@stemedb/model';
import { ok } from '@stemedb/model';
import type { Pair } from '../store/candidate_loader.js';
import type { Question } from './question.js';
import { bindingOf, openCursor, pairOfState, sealCursor } from './sealed_cursor.js';

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
  const asked = { cursor, asOf: question.asOf };
  const binding = bindingOfQuestion(question, scope);
  const opened = openCursor(key, binding, asked, nowMs, pairOfState);
  if (!opened.ok) return opened;
  const { moment, place } = opened.value;
  return ok({ ...moment, after: place });
};
