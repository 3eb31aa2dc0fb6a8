/**
 * The one row that says how far the store is: it is rewritten in each transaction together with the
 * entries that it counts, so a replay never counts twice and a half-applied batch cannot be seen.
 */
import type { HlcStamp } from '@stemedb/model';
import type { Gets } from './engine.js';
import { asBuffer, newValue, open, seal } from './entry.js';
import { stateKey } from './keys.js';

/** Raised whenever a table, a layout or the meaning of an entry changes; then it is rebuilt. */
export const storeFormat = 3;

/** Dictionaries: a name that repeats -> a number from 1; 0 stands for none. */
export const dictionaryNames = ['agent', 'class', 'epoch', 'origin'] as const;
export type DictionaryName = (typeof dictionaryNames)[number];

export interface StoreState {
  readonly databaseId: string;
  readonly appliedSequence: number;
  /** Offset of the frame of the last record applied: where a replay starts. */
  readonly appliedOffset: number;
  readonly visibleStamp: HlcStamp;
  /** Distinct ids. */
  readonly records: number;
  readonly assertions: number;
  /** Records of a kind or version that this program does not know. */
  readonly unknown: number;
  readonly pairs: number;
  readonly names: { readonly [name in DictionaryName]: number };
}

export const emptyState = (databaseId: string): StoreState => ({
  databaseId,
  appliedSequence: 0,
  appliedOffset: 0,
  visibleStamp: '0'.repeat(32) as HlcStamp,
  records: 0,
  assertions: 0,
  unknown: 0,
  pairs: 0,
  names: { agent: 0, class: 0, epoch: 0, origin: 0 },
});

const numberBytes = 6;
const stampAt = 2;
const numbersAt = stampAt + 16;
const numbersCount = 6 + dictionaryNames.length;
const databaseIdAt = numbersAt + numbersCount * numberBytes;

export function encodeState(state: StoreState): Buffer {
  const databaseId = Buffer.from(state.databaseId, 'utf8');
  const value = newValue(databaseIdAt + databaseId.length);
  value.writeUInt16BE(storeFormat, 0);
  value.write(state.visibleStamp, stampAt, 'hex');
  const numbers = [
    state.appliedSequence,
    state.appliedOffset,
    state.records,
    state.assertions,
    state.unknown,
    state.pairs,
    ...dictionaryNames.map((name) => state.names[name]),
  ];
  numbers.forEach((number, index) => {
    value.writeUIntBE(number, numbersAt + index * numberBytes, numberBytes);
  });
  databaseId.copy(value, databaseIdAt);
  return seal(stateKey, value);
}

/** The format that a state row was written in: the one field that never moves. */
export function formatOfState(bytes: Uint8Array): number {
  return bytes.length < 2 ? 0 : asBuffer(bytes).readUInt16BE(0);
}

export function decodeState(bytes: Uint8Array): StoreState {
  const value = open(stateKey, bytes);
  const number = (index: number): number =>
    value.readUIntBE(numbersAt + index * numberBytes, numberBytes);
  return {
    databaseId: value.toString('utf8', databaseIdAt, value.length - 4),
    visibleStamp: value.toString('hex', stampAt, numbersAt) as HlcStamp,
    appliedSequence: number(0),
    appliedOffset: number(1),
    records: number(2),
    assertions: number(3),
    unknown: number(4),
    pairs: number(5),
    names: { agent: number(6), class: number(7), epoch: number(8), origin: number(9) },
  };
}

/** Reads the state row; what was read last is not decoded again when it says the same. */
export class StateReader {
  #bytes: Buffer | undefined;
  #state: StoreState = emptyState('');

  read(engine: Gets): StoreState {
    const bytes = engine.get(stateKey);
    if (bytes === undefined) return emptyState('');
    if (bytes === this.#bytes || this.#bytes?.equals(bytes)) return this.#state;
    this.#state = decodeState(bytes);
    this.#bytes = asBuffer(bytes);
    return this.#state;
  }
}
