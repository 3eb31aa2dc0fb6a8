/**
 * Where records stand, by the sequence of their first frame: 59 places in one entry, which is what
 * a page of the engine takes. One entry for each record would fill its pages by half only, because
 * keys that ascend in the midst of a B+ tree split every page in two (decision 141).
 *
 * Place: id 32, stamp 16, sequence of the frame u48, its offset u48, shard u16, kind u8, proof u8,
 * checksum u32 of the home and the place. The home is the sequence of the first frame of the id,
 * which all lists name; the place says which of its frames counts. A slot without a record, whose
 * frame repeated an id, is zero.
 */
import type { HlcStamp, RecordId } from '@stemedb/model';
import { checksumOf } from './checksum.js';
import { StoreCorruption } from './corruption.js';
import type { Gets } from './engine.js';
import { asBuffer, checksumBytes } from './entry.js';
import { idBytes, placesKey, sequenceBytes } from './keys.js';
import type { RecordPlace } from './store.js';

const stampBytes = 16;
const frameAt = idBytes + stampBytes;
const offsetAt = frameAt + sequenceBytes;
const shardAt = offsetAt + sequenceBytes;
const kindAt = shardAt + 2;
const proofAt = kindAt + 1;
const checksumAt = proofAt + 1;
/** Bytes of one place. */
const slotBytes = checksumAt + checksumBytes;
/** An overflow page of 4 KiB has a header of 24 bytes. */
const placesPerBlock = 59;

/** A record as the store holds it. */
export interface StoredPlace {
  readonly id: RecordId;
  /** Sequence of the first frame with this id: what rows and lists name it by. */
  readonly home: number;
  /** Number of how the author was proved in the frame that counts. */
  readonly proof: number;
  /** Where the frame that counts stands. */
  readonly place: RecordPlace;
}

/** The block of a home, and where in it the place begins. */
export const blockOf = (home: number): number => Math.floor((home - 1) / placesPerBlock);
const slotAtOf = (home: number): number => ((home - 1) % placesPerBlock) * slotBytes;

const homeBytes = Buffer.alloc(sequenceBytes);

function checksumOfSlot(home: number, block: Buffer, at: number): number {
  homeBytes.writeUIntBE(home, 0, sequenceBytes);
  return checksumOf(homeBytes, block, at + checksumAt, at);
}

/** Writes a place into its slot of a block. */
function writePlace(block: Buffer, { id, home, proof, place }: StoredPlace): void {
  const at = slotAtOf(home);
  block.write(id, at, 'hex');
  block.write(place.stamp, at + idBytes, 'hex');
  block.writeUIntBE(place.sequence, at + frameAt, sequenceBytes);
  block.writeUIntBE(place.offset, at + offsetAt, sequenceBytes);
  block.writeUInt16BE(place.shard, at + shardAt);
  block[at + kindAt] = place.kind;
  block[at + proofAt] = proof;
  block.writeUInt32LE(checksumOfSlot(home, block, at), at + checksumAt);
}

function isZero(block: Buffer, at: number): boolean {
  for (let index = at; index < at + slotBytes; index += 1) if (block[index] !== 0) return false;
  return true;
}

/** The place in a slot of a stored block; undefined when there is none, throws when it is bad. */
function placeIn(block: Buffer, home: number): StoredPlace | undefined {
  const at = slotAtOf(home);
  if (block.length % slotBytes !== 0) {
    throw new StoreCorruption('place', placesKey(blockOf(home)), `has ${block.length} bytes`);
  }
  if (at >= block.length || isZero(block, at)) return undefined;
  if (checksumOfSlot(home, block, at) !== block.readUInt32LE(at + checksumAt)) {
    const fault = `has a wrong checksum for record ${home}`;
    throw new StoreCorruption('place', placesKey(blockOf(home)), fault);
  }
  const head = block.toString('hex', at, at + frameAt);
  return {
    id: head.slice(0, 2 * idBytes) as RecordId,
    home,
    proof: block[at + proofAt] ?? 0,
    place: {
      sequence: block.readUIntBE(at + frameAt, sequenceBytes),
      offset: block.readUIntBE(at + offsetAt, sequenceBytes),
      kind: block[at + kindAt] ?? 0,
      shard: block.readUInt16BE(at + shardAt),
      stamp: head.slice(2 * idBytes) as HlcStamp,
    },
  };
}

/** The record whose first frame has this sequence. */
export function readHome(engine: Gets, home: number): StoredPlace | undefined {
  // A damaged entry may name what is none.
  if (home < 1) return undefined;
  return engine.look(placesKey(blockOf(home)), (block) => placeIn(asBuffer(block), home));
}

/** Every place of a stored block; throws at the first that is bad. */
export function placesOf(key: Buffer, value: Uint8Array): readonly StoredPlace[] {
  const block = asBuffer(value);
  const first = key.readUIntBE(1, sequenceBytes) * placesPerBlock + 1;
  const homes = Array.from({ length: placesPerBlock }, (_, slot) => first + slot);
  return homes.flatMap((home) => placeIn(block, home) ?? []);
}

/** Blocks while places are put into them: copies, so that what is stored stays as it is. */
export class PlaceBlocks {
  readonly #engine: Gets;
  readonly #blocks = new Map<number, { bytes: Buffer; used: number }>();

  constructor(engine: Gets) {
    this.#engine = engine;
  }

  set(stored: StoredPlace): void {
    const number = blockOf(stored.home);
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = this.#copyOf(number);
      this.#blocks.set(number, block);
    }
    writePlace(block.bytes, stored);
    block.used = Math.max(block.used, slotAtOf(stored.home) + slotBytes);
  }

  *entries(): Generator<{ readonly key: Buffer; readonly value: Buffer }, void, void> {
    for (const [number, { bytes, used }] of this.#blocks) {
      yield { key: placesKey(number), value: bytes.subarray(0, used) };
    }
  }

  #copyOf(number: number): { bytes: Buffer; used: number } {
    const bytes = Buffer.allocUnsafe(placesPerBlock * slotBytes);
    const stored = this.#engine.get(placesKey(number));
    const used = stored?.length ?? 0;
    if (stored !== undefined) bytes.set(stored);
    bytes.fill(0, used);
    return { bytes, used };
  }
}
