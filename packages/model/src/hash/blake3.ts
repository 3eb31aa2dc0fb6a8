/**
 * BLAKE3-256, and what is named by it: records, values and shards. One WebAssembly instance serves
 * all callers: each call runs from init to digest without yielding, so calls cannot interleave.
 */
import { createBLAKE3 } from 'hash-wasm';
import type { RecordId, ValueKey } from '../brand.js';
import { canonicalText, encodeUtf8 } from '../json/canonical.js';
import type { ClaimValue, JsonValue } from '../record.js';

const hasher = await createBLAKE3(256);

/** The 32 bytes of BLAKE3-256. */
export function blake3(bytes: Uint8Array): Uint8Array {
  return hasher.init().update(bytes).digest('binary');
}

/** BLAKE3-256 as 64 lower-case hex digits. */
export function blake3Hex(bytes: Uint8Array): string {
  return hasher.init().update(bytes).digest('hex');
}

/** The id of the record whose canonical bytes these are. */
export function recordIdOf(bytes: Uint8Array): RecordId {
  return blake3Hex(bytes) as RecordId;
}

/** What groups claims that say the same: the hash of the canonical {"unit"?, "value"}. */
export function valueKeyOf(value: ClaimValue, unit?: string): ValueKey {
  const said: JsonValue = unit === undefined ? { value } : { unit, value };
  return blake3Hex(passingBytes(canonicalText(said))) as ValueKey;
}

/**
 * The bytes of the same, from a claim's canonical bytes, from `"value":` on: there it is the last
 * member.
 */
export function valueKeyIn(valueMember: Uint8Array, unit?: string): Uint8Array {
  const before = unit === undefined ? '{' : `{"unit":${canonicalText(unit)},`;
  return hasher.init().update(passingBytes(before)).update(valueMember).digest('binary');
}

/** The virtual shard, 0..255, of everything said about a concept (spec 10). */
export function shardOf(conceptPath: string): number {
  return blake3(passingBytes(conceptPath))[0] as number;
}

/** Up to here copying is faster than a call of the platform's encoder. */
const copiedMax = 128;
const room = new Uint8Array(copiedMax);

/** The UTF-8 bytes of `text` for the moment: the next call may overwrite them. */
function passingBytes(text: string): Uint8Array {
  const { length } = text;
  if (length > copiedMax) return encodeUtf8(text);
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return encodeUtf8(text);
    room[i] = code;
  }
  return room.subarray(0, length);
}
