/**
 * Cursors of any paged answer: opaque to the caller, authenticated, bound to what was asked, valid
 * for 24 hours (spec 7). A cursor is `base64url(body).base64url(mac)`, the mac a BLAKE3 of key and
 * body, whose construction (keyed prefix over a hash without length extension) needs no HMAC.
 */
import type { JsonObject, JsonValue, Outcome } from '@stemedb/model';
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
import type { Pair } from '../store/candidate_loader.js';
import type { Moment } from './as_of.js';

/** How long a cursor may be used, milliseconds. */
const cursorLifetimeMs = 24 * 60 * 60 * 1000;

/** What a cursor is bound to: everything that was asked but the page. */
export const bindingOf = (asked: JsonValue): string => blake3Hex(canonicalBytes(asked));

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

/** True when a later page states no moment, or that of the first page (stamp, ms) in any form. */
const isSameMoment = (
  asOf: string | number | undefined,
  first: { readonly s: string; readonly m: number },
): boolean => asOf === undefined || asOf === first.s || parseTime(asOf) === first.m;

const invalidCursor = (): Outcome<never> =>
  fail({
    code: 'invalid_cursor',
    detail: 'The cursor does not belong to this question; ask again from the first page.',
  });

/** What a cursor says of the page that it leads to. */
export interface Opened<Place> {
  /** That of the first page. */
  readonly moment: Moment;
  readonly place: Place;
}

/** The pair that a page ended with, as `a` has it. */
export const pairOfState = ({ a }: JsonObject): Pair | undefined => {
  if (!Array.isArray(a)) return undefined;
  const [conceptPath, predicate] = a;
  if (typeof conceptPath !== 'string' || typeof predicate !== 'string') return undefined;
  return { conceptPath, predicate };
};

/** Writes a cursor; `state` is what the next page needs to know: the moment of the first one as `s`
 * and `m`, and where to go on, without the names `b` and `t`. */
export const sealCursor = (
  key: Uint8Array,
  binding: string,
  state: JsonObject,
  nowMs: number,
): string => sealState(key, { ...state, b: binding, t: nowMs });

/** Authenticates a state that is bound to nothing else. */
export const sealState = (key: Uint8Array, state: JsonObject): string => {
  const body = canonicalBytes(state);
  return `${base64(body)}.${base64(macOf(key, body))}`;
};

/** Reads a cursor back, its place with `readPlace`: `invalid_cursor` when it is not ours, or asked
 * with another `asOf` than the first page, `cursor_expired` when old. */
export const openCursor = <Place>(
  key: Uint8Array,
  binding: string,
  asked: { readonly cursor: string; readonly asOf?: string | number | undefined },
  nowMs: number,
  readPlace: (state: JsonObject) => Place | undefined,
): Outcome<Opened<Place>> => {
  const state = openState(key, binding, asked.cursor, nowMs);
  if (!state.ok) return state;
  const { s, m } = state.value;
  const place = readPlace(state.value);
  const stamp = typeof s === 'string' ? parseStamp(s) : undefined;
  if (place === undefined || stamp === undefined || typeof m !== 'number') return invalidCursor();
  if (!isSameMoment(asked.asOf, { s: stamp, m })) return invalidCursor();
  return ok({ moment: { stamp, ms: m }, place });
};

const openState = (
  key: Uint8Array,
  binding: string,
  cursor: string,
  nowMs: number,
): Outcome<JsonObject> => {
  const sealed = readSealed(key, cursor);
  if (sealed?.isOurs !== true) return invalidCursor();
  const state = sealed.state as { readonly b: string; readonly t: number } & JsonObject;
  if (state.b !== binding) return invalidCursor();
  if (nowMs - state.t <= cursorLifetimeMs) return ok(state);
  return fail({
    code: 'cursor_expired',
    detail: 'The cursor is older than 24 hours; ask again from the first page.',
  });
};

/** What a cursor says, and whether this node said it; undefined when it is no cursor. */
export const readSealed = (
  key: Uint8Array,
  cursor: string,
): { readonly state: JsonObject; readonly isOurs: boolean } | undefined => {
  const [bodyText = '', macText = '', ...more] = cursor.split('.');
  const body = new Uint8Array(Buffer.from(bodyText, 'base64url'));
  const mac = new Uint8Array(Buffer.from(macText, 'base64url'));
  const parsed = parseJson(body);
  if (more.length > 0 || !parsed.ok) return undefined;
  const { value } = parsed;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return { state: value as JsonObject, isOurs: equalBytes(mac, macOf(key, body)) };
};
