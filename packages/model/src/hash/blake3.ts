/**
 * BLAKE3-256, and what is named by it: records, values and shards. One WebAssembly instance serves
 * all callers: each call runs from init to digest without yielding, so calls cannot interleave.
 */
import { createBLAKE3 } from 'hash-wasm';
import type { RecordId, ValueKey } from '../brand.js';
import { canonicalBytes } from '../json/canonical.js';
import type { ClaimValue, JsonValue } from '../record.js';

const hasher = await createBLAKE3(256);
const encoder = new TextEncoder();

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
  return blake3Hex(canonicalBytes(said)) as ValueKey;
}

/** The virtual shard, 0..255, of everything said about a concept (spec 10). */
export function shardOf(conceptPath: string): number {
  return blake3(encoder.encode(conceptPath))[0] as number;
}
