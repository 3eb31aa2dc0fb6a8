/** Entries of the store: damage is always `StoreCorruption`, and what is whole comes out whole. */
import assert from 'node:assert/strict';
import type { HlcStamp, RecordId } from '@stemedb/model';
import { StoreCorruption } from '../../../src/store/corruption.js';
import { seal } from '../../../src/store/entry.js';
import { decodeHomes, encodeHomes } from '../../../src/store/homes.js';
import { candidateKey, idKey, idPrefix, pairKey } from '../../../src/store/keys.js';
import { PlaceBlocks, placesOf, readHome } from '../../../src/store/places.js';
import { listedIn, RecordLists } from '../../../src/store/record_list.js';
import * as row from '../../../src/store/row.js';
import { decodeState, emptyState, encodeState, formatOfState } from '../../../src/store/state.js';
import { pure } from '../target.js';

const id = 'ab'.repeat(32) as RecordId;
const stamp = '01'.repeat(16) as HlcStamp;
const keys = {
  row: candidateKey(3, 5, Buffer.alloc(32, 0xcd), 77),
  id: idKey(idPrefix(id)),
  pair: pairKey('a/b\u0000p'),
};

const place = { sequence: 77, offset: 4096, kind: 1, shard: 3, stamp };
const nothing = { get: () => undefined, look: () => undefined };
const blocks = new PlaceBlocks(nothing);
blocks.set({ id, home: 77, proof: 1, place });
const lists = new RecordLists(nothing);
for (const sequence of [256, 300, 511]) lists.add(9, sequence);
const [[block], [list]] = [[...blocks.entries()], [...lists.entries()]];
assert.ok(block !== undefined && list !== undefined);

const values = [
  row.encodeRow(keys.row, {
    id,
    stamp,
    assertedMs: 5,
    confidence: 0.5,
    agentNumber: 1,
    originNumber: 2,
    epochNumber: 3,
    classNumber: 4,
    lifecycle: 'approved',
    hasParent: true,
    hasReferences: false,
  }),
  block.value,
  encodeHomes([77, 78]),
  list.value,
  row.encodeReference(keys.id, 9),
  row.encodePair(keys.pair, { number: 4, claims: 70_000 }),
  encodeState(emptyState('a'.repeat(32))),
];

/** One kind of entry: reads bytes, and writes what it has read when that is possible. */
const readers: readonly ((bytes: Uint8Array) => Uint8Array | undefined)[] = [
  (bytes) => {
    new row.RowDecoder('f'.repeat(32) as HlcStamp).decode(keys.row, bytes);
    return undefined;
  },
  (bytes) => {
    readHome({ get: () => bytes, look: (_key, read) => read(bytes) }, 77);
    placesOf(block.key, bytes);
    return undefined;
  },
  (bytes) => encodeHomes(decodeHomes(keys.id, bytes)),
  (bytes) => {
    const read = new RecordLists(nothing);
    for (const sequence of listedIn(list.key, bytes)) read.add(9, sequence);
    return [...read.entries()][0]?.value;
  },
  (bytes) => row.encodeReference(keys.id, row.decodeReference(keys.id, bytes)),
  (bytes) => row.encodePair(keys.pair, row.decodePair(keys.pair, bytes)),
  (bytes) => {
    formatOfState(bytes);
    decodeState(bytes);
    return undefined;
  },
];

const sealedKeys = [keys.row, block.key, keys.id, list.key, keys.id, keys.pair];

const check = (kind: number, bytes: Uint8Array): void => {
  try {
    const again = readers[kind]?.(bytes);
    if (again !== undefined) assert.ok(Buffer.compare(again, bytes) === 0, 'it is read otherwise');
  } catch (error) {
    if (!(error instanceof StoreCorruption)) throw error;
  }
};

export const store = pure(
  { name: 'store', seeds: values, words: ['\0\0\0\0\0\0', '\xff\xff\xff\xff', '\0\0\0\x01'] },
  (input) => {
    for (const kind of readers.keys()) check(kind, input);
    for (const [kind, key] of sealedKeys.entries()) {
      if (input.length > 4) check(kind, seal(key, Buffer.from(input)));
    }
  },
);
