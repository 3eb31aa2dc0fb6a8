/**
 * The index of ids: 8 bytes of an id -> the homes of all records whose id begins so, one as a rule.
 * The entry needs no checksum: a home belongs to it when the place there, which has one, has an id
 * with this prefix, and names the record that is looked for when it is that very id.
 */
import type { RecordId } from '@stemedb/model';
import { StoreCorruption } from './corruption.js';
import type { Gets } from './engine.js';
import { asBuffer } from './entry.js';
import { idKey, idPrefix, sequenceBytes } from './keys.js';
import { readHome, type StoredPlace } from './places.js';

export function encodeHomes(homes: readonly number[]): Buffer {
  const value = Buffer.allocUnsafe(homes.length * sequenceBytes);
  homes.forEach((home, index) => {
    value.writeUIntBE(home, index * sequenceBytes, sequenceBytes);
  });
  return value;
}

export function decodeHomes(key: Uint8Array, bytes: Uint8Array): readonly number[] {
  const value = asBuffer(bytes);
  if (value.length === 0 || value.length % sequenceBytes !== 0) {
    throw new StoreCorruption('id', key, `has ${value.length} bytes`);
  }
  return Array.from({ length: value.length / sequenceBytes }, (_, index) =>
    value.readUIntBE(index * sequenceBytes, sequenceBytes),
  );
}

/** The homes under the prefix of an id; none when nothing begins so. */
export function homesOf(engine: Gets, prefix: string): readonly number[] {
  const key = idKey(prefix);
  const value = engine.get(key);
  return value === undefined ? [] : decodeHomes(key, value);
}

/** The record with this id among these homes. */
export function placeAmong(
  engine: Gets,
  id: RecordId,
  homes: readonly number[],
): StoredPlace | undefined {
  for (const home of homes) {
    const stored = readHome(engine, home);
    if (stored?.id === id) return stored;
    if (stored === undefined || idPrefix(stored.id) !== idPrefix(id)) {
      throw new StoreCorruption(
        'id',
        idKey(idPrefix(id)),
        `names record ${home}, which is another`,
      );
    }
  }
  return undefined;
}

export function readPlace(engine: Gets, id: RecordId): StoredPlace | undefined {
  return placeAmong(engine, id, homesOf(engine, idPrefix(id)));
}
