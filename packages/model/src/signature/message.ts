/** What is signed (spec 2): the kind is part of it, so a signature never serves for another. */
import type { RecordId } from '../brand.js';
import { fromHex } from '../hash/hex.js';
import { recordKinds } from '../kind.js';
import type { RecordKind } from '../record.js';

const encoder = new TextEncoder();
const prefixes: ReadonlyMap<RecordKind, Uint8Array> = new Map(
  recordKinds.map((kind) => [kind, encoder.encode(`stemedb/v1/${kind}/`)]),
);

/** `stemedb/v1/`, the kind of the target, `/`, and the target's 32 id bytes. */
export function signatureMessage(kind: RecordKind, target: RecordId): Uint8Array {
  const prefix = prefixes.get(kind);
  if (prefix === undefined) throw new RangeError(`no such kind: ${kind}`);
  const message = new Uint8Array(prefix.length + 32);
  message.set(prefix);
  message.set(fromHex(target), prefix.length);
  return message;
}
