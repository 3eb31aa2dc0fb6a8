/**
 * Cursors: opaque to the caller, authenticated, bound to the question, the caller's scope and the
 * first page's `as_of`, valid for 24 hours (spec 7). A cursor is `base64url(body).base64url(mac)`,
 * the mac a BLAKE3 of key and body, whose construction (keyed prefix over a hash without length
 * extension) needs no HMAC.
 */
import type { HlcStamp, JsonValue, Outcome } from '@stemedb/model';
import {
  blake3,
  blake3Hex,
  canonicalBytes,
  fail,
  ok,
  parseJson,
  parseStamp,
  parseTime,
} from '@stemedb/model';
import type { Pair } from '../store/store.js';
import type { Question } from './question.js';

/** How long a cursor may be used, milliseconds. */
const cursorLifetimeMs = 24 * 60 * 60 * 1000;

/** What the next page needs to know. */
export interface CursorState {
  readonly stamp: HlcStamp;
  readonly ms: number;
  readonly after: Pair;
}

const invalid = (): Outcome<never> =>
  fail({
    code: 'invalid_cursor',
    detail: 'The cursor does not belong to this question; ask again from the first page.',
  });

/** Two questions with the same binding may share a cursor: page size and position do not count. */
const bindingOf = (question: Question, scope: string): string => {
  const { limit: _limit, cursor: _cursor, minPosition: _position, asOf: _asOf, ...rest } = question;
  return blake3Hex(canonicalBytes({ question: rest as unknown as JsonValue, scope }));
};

/** True when a later page states no moment, or the one of the first page in any of its forms. */
const isSameMoment = (
  asOf: string | number | undefined,
  state: { readonly s: string; readonly m: number },
): boolean => asOf === undefined || asOf === state.s || parseTime(asOf) === state.m;

const macOf = (key: Uint8Array, body: Uint8Array): Uint8Array => {
  const joined = new Uint8Array(key.length + body.length);
  joined.set(key);
  joined.set(body, key.length);
  return blake3(joined);
};

const equalBytes = (one: Uint8Array, other: Uint8Array): boolean => {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (const [at, byte] of one.entries()) difference |= byte ^ (other[at] ?? 0);
  return difference === 0;
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** Writes the cursor of the page that ends with `state.after`. */
export const writeCursor = (
  key: Uint8Array,
  question: Question,
  scope: string,
  state: CursorState,
  nowMs: number,
): string => {
  const body = canonicalBytes({
    a: [state.after.conceptPath, state.after.predicate],
    b: bindingOf(question, scope),
    m: state.ms,
    s: state.stamp,
    t: nowMs,
  });
  return `${base64(body)}.${base64(macOf(key, body))}`;
};

/** Reads a cursor back: `invalid_cursor` when it is not ours, `cursor_expired` when old. */
export const readCursor = (
  key: Uint8Array,
  question: Question,
  scope: string,
  cursor: string,
  nowMs: number,
): Outcome<CursorState> => {
  const [bodyText = '', macText = '', ...more] = cursor.split('.');
  const body = new Uint8Array(Buffer.from(bodyText, 'base64url'));
  const mac = new Uint8Array(Buffer.from(macText, 'base64url'));
  if (more.length > 0 || !equalBytes(mac, macOf(key, body))) return invalid();
  const parsed = parseJson(body);
  if (!parsed.ok) return invalid();
  const state = parsed.value as unknown as {
    readonly a: readonly [string, string];
    readonly b: string;
    readonly m: number;
    readonly s: string;
    readonly t: number;
  };
  if (state.b !== bindingOf(question, scope)) return invalid();
  if (!isSameMoment(question.asOf, state)) return invalid();
  if (nowMs - state.t > cursorLifetimeMs) {
    return fail({
      code: 'cursor_expired',
      detail: 'The cursor is older than 24 hours; ask again from the first page.',
    });
  }
  const stamp = parseStamp(state.s);
  if (stamp === undefined) return invalid();
  const [conceptPath, predicate] = state.a;
  return ok({ stamp, ms: state.m, after: { conceptPath, predicate } });
};
