/** What texts may hold (spec 1.1): lengths in UTF-8 bytes, and the characters of paths. */

/** Bytes of `text` in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c < 0x80) continue;
    if (c < 0x800) bytes += 1;
    // Each half of a pair is counted as two of the pair's four bytes.
    else bytes += c >= 0xd800 && c <= 0xdfff ? 1 : 2;
  }
  return bytes;
}

/** Whether `text` has at most `max` bytes; counts only when its length leaves that open. */
export function isWithinBytes(text: string, max: number): boolean {
  if (text.length > max) return false;
  return text.length * 3 <= max || utf8Length(text) <= max;
}

/** With the `u` flag a pair is one character, so only half a pair matches. */
const halfPair = /[\ud800-\udfff]/u;

export function isWellFormed(text: string): boolean {
  return !halfPair.test(text);
}

/**
 * Controls (Cc), half pairs (Cs), zero-width space, byte-order mark and bidi controls: fixed sets
 * that no later Unicode version changes, unlike unassigned characters and normal forms.
 */
const forbidden = new RegExp(
  [
    '[\\u0000-\\u001f\\u007f-\\u009f',
    '\\u200b\\ufeff',
    '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069',
    '\\ud800-\\udfff]',
  ].join(''),
  'u',
);

const conceptPathBytesMax = 512;
const predicateBytesMax = 128;
const segmentsMax = 32;
const scheme = /^[a-z][a-z0-9+.-]{0,31}:\/\//;

/** Why `path` is no concept path, as the end of a sentence, or undefined when it is one. */
export function conceptPathFault(path: string): string | undefined {
  if (path === '') return 'must not be empty; name a concept, such as "drug/aspirin"';
  if (!isWithinBytes(path, conceptPathBytesMax)) {
    return `may have ${conceptPathBytesMax} bytes of UTF-8; shorten it`;
  }
  const character = characterFault(path);
  if (character !== undefined) return character;
  const segments = path.slice(scheme.exec(path)?.[0].length ?? 0).split('/');
  if (segments.length > segmentsMax) return `may have ${segmentsMax} segments; shorten it`;
  if (!segments.includes('')) return undefined;
  return path.includes('://')
    ? 'needs a scheme of [a-z][a-z0-9+.-]{0,31} before "://" and no empty segment after it'
    : 'has an empty segment; remove "/" at its ends and write "//" as "/"';
}

/** Why `predicate` is none, as the end of a sentence, or undefined when it is one. */
export function predicateFault(predicate: string): string | undefined {
  if (predicate === '') return 'must not be empty; name what is claimed, such as "dose"';
  if (!isWithinBytes(predicate, predicateBytesMax)) {
    return `may have ${predicateBytesMax} bytes of UTF-8; shorten it`;
  }
  if (predicate.includes('/')) return 'may not hold "/"; put the parts into the concept path';
  return characterFault(predicate);
}

/** Why `unit` is none, as the end of a sentence, or undefined when it is one. */
export function unitFault(unit: string): string | undefined {
  if (unit === '') return 'must not be empty; leave it out when there is none';
  if (!isWithinBytes(unit, 32)) return 'may have 32 bytes of UTF-8; use a UCUM unit such as "mg"';
  if (/\s/.test(unit)) return 'may hold no white space; use a UCUM unit such as "mg/dL"';
  return characterFault(unit);
}

/** RFC 3986 section 4.3 in spirit: a scheme and no character that a URI has to escape. */
const absoluteUri = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"\\^`{|}]+$/;

/** Why `uri` is none, as the end of a sentence, or undefined when it is one. */
export function uriFault(uri: string): string | undefined {
  if (!isWithinBytes(uri, 2048)) return 'may have 2048 bytes; shorten it';
  if (!absoluteUri.test(uri)) {
    return 'must be a URI with its scheme, such as "https://example.org/paper" or "doi:10.1/x"';
  }
  return characterFault(uri);
}

/** Why `key` may not name a member, as the end of a sentence, or undefined when it may. */
export function metadataKeyFault(key: string): string | undefined {
  if (key === '') return 'must not be empty';
  if (key === '__proto__') return 'is never accepted; rename it';
  if (!isWithinBytes(key, 64)) return 'may have 64 bytes of UTF-8; shorten it';
  return isWellFormed(key) ? undefined : 'holds half of a surrogate pair';
}

function characterFault(text: string): string | undefined {
  const found = forbidden.exec(text)?.[0];
  if (found === undefined) return undefined;
  const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `holds the character U+${code}, which is not allowed there; remove it`;
}
