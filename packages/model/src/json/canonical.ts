/**
 * The JSON canonicalisation scheme (RFC 8785): members sorted by UTF-16 code units, numbers and
 * strings as ECMAScript writes them, no white space. What is not a JSON value (NaN, undefined, half
 * a surrogate pair) is a broken invariant and throws: the doors have refused it before.
 */
import type { JsonObject, JsonValue } from '../record.js';

/** The canonical text of `value` (RFC 8785 section 3.2). */
export function canonicalText(value: JsonValue): string {
  const text = write(value);
  // JSON.stringify writes half a pair as an escape; an escaped backslash before "ud" is harmless.
  if (text.includes('\\ud') && escapedSurrogate.test(text)) {
    throw new TypeError('a lone surrogate has no canonical form');
  }
  return text;
}

/** The UTF-8 bytes of `canonicalText(value)`: what ids are hashed from. */
export function canonicalBytes(value: JsonValue): Uint8Array {
  return encodeUtf8(canonicalText(value));
}

/** The UTF-8 bytes of a text that has no lone surrogate. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

const encoder = new TextEncoder();

const escapedSurrogate = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

function write(value: JsonValue): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} is not a JSON number`);
    // -0 is written 0, as ECMAScript does.
    return String(value);
  }
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null) return 'null';
  if (typeof value !== 'object') throw new TypeError(`${typeof value} is not a JSON value`);
  return isArray(value) ? writeArray(value) : writeObject(value);
}

function writeArray(items: readonly JsonValue[]): string {
  let out = '[';
  for (let i = 0; i < items.length; i += 1) {
    if (i > 0) out += ',';
    out += write(items[i] as JsonValue);
  }
  return `${out}]`;
}

function writeObject(object: JsonObject): string {
  const keys = sorted(Object.keys(object));
  let out = '{';
  for (const key of keys) {
    if (out.length > 1) out += ',';
    out += `${quote(key)}:${write(object[key] as JsonValue)}`;
  }
  return `${out}}`;
}

/** Up to here insertion is faster than the sort of the platform, which copies into a list first. */
const insertedMax = 24;

/** The names by UTF-16 code units, in place. */
function sorted(keys: string[]): readonly string[] {
  if (keys.length > insertedMax) return keys.sort();
  for (let i = 1; i < keys.length; i += 1) {
    const key = keys[i] as string;
    let at = i;
    for (; at > 0 && (keys[at - 1] as string) > key; at -= 1) keys[at] = keys[at - 1] as string;
    keys[at] = key;
  }
  return keys;
}

/** `"`, `\`, controls and surrogates need JSON.stringify; the rest only needs quotes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for.
const special = /["\\\u0000-\u001f\ud800-\udfff]/;

function quote(text: string): string {
  return text.length < plainLengthMax && !special.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** A text that turns out to need escapes late is not read twice when it is longer than this. */
const plainLengthMax = 4096;

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
