/**
 * The records of an agent, by sequence: an entry for each 256 sequences among which there is one,
 * with the lowest byte of each of its own. An agent who writes much takes two bytes a record so,
 * one who writes little as much as with an entry for each; and no entry grows beyond 256.
 */
import { StoreCorruption } from './corruption.js';
import type { Gets } from './engine.js';
import { checksumBytes, newValue, open, seal } from './entry.js';
import { agentRecordKey, blockOfListKey } from './keys.js';

const blockRecords = 256;

const listKey = (agent: number, sequence: number): Buffer =>
  agentRecordKey(agent, Math.floor(sequence / blockRecords));

/** The sequences that an entry names, ascending. */
export function listedIn(key: Uint8Array, bytes: Uint8Array): readonly number[] {
  const value = open(key, bytes);
  const first = blockOfListKey(key) * blockRecords;
  const low = value.subarray(0, value.length - checksumBytes);
  if (low.length === 0 || low.some((byte, index) => index > 0 && byte <= (low[index - 1] ?? 0))) {
    throw new StoreCorruption('agentRecord', key, 'is not a list in order');
  }
  return Array.from(low, (byte) => first + byte);
}

/** True when a record is listed under its agent. */
export function isListed(engine: Gets, agent: number, sequence: number): boolean {
  const key = listKey(agent, sequence);
  const value = engine.get(key);
  return value !== undefined && listedIn(key, value).includes(sequence);
}

/** Lists while records are added to them. */
export class RecordLists {
  readonly #engine: Gets;
  readonly #lists = new Map<string, { readonly key: Buffer; readonly low: number[] }>();

  constructor(engine: Gets) {
    this.#engine = engine;
  }

  /** Sequences come in ascending order. */
  add(agent: number, sequence: number): void {
    const name = `${agent}/${Math.floor(sequence / blockRecords)}`;
    let list = this.#lists.get(name);
    if (list === undefined) {
      const key = listKey(agent, sequence);
      const stored = this.#engine.get(key);
      const listed = stored === undefined ? [] : listedIn(key, stored);
      list = { key, low: listed.map((known) => known % blockRecords) };
      this.#lists.set(name, list);
    }
    list.low.push(sequence % blockRecords);
  }

  *entries(): Generator<{ readonly key: Buffer; readonly value: Buffer }, void, void> {
    for (const { key, low } of this.#lists.values()) {
      const value = newValue(low.length);
      value.set(low);
      yield { key, value: seal(key, value) };
    }
  }
}
