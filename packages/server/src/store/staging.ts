/**
 * One batch in the making: what the store will be when the batch is committed. Nothing outside sees
 * it before `adopt`, so a commit that fails leaves the store as it was and may be tried again.
 */
import { shardOf } from '@stemedb/model';
import type { BoundedCache } from './cache.js';
import type { Dictionaries, Entry } from './dictionaries.js';
import type { Change, Engine } from './engine.js';
import type { EntrySink, GrowingState } from './index-record.js';
import { idKey, pairKey, pairText, sequenceKey, stateKey } from './keys.js';
import {
  decodePair,
  decodePlace,
  decodeSequence,
  encodePair,
  type PairEntry,
  type StoredPlace,
} from './row.js';
import { type DictionaryName, dictionaryNames, encodeState, type StoreState } from './state.js';

/** What is known of a pair: its entry and the shard of its path. */
export interface KnownPair extends PairEntry {
  readonly shard: number;
}

export type PairCache = BoundedCache<string, KnownPair>;

/** Numbers are 32 bits wide in the rows. */
const numberMax = 0xffff_ffff;

export class Staging implements EntrySink {
  readonly #engine: Pick<Engine, 'get'>;
  readonly #dictionaries: Dictionaries;
  readonly #pairCache: PairCache;
  readonly #puts = new Map<string, Entry>();
  readonly #places = new Map<string, StoredPlace>();
  readonly #pairs = new Map<string, KnownPair>();
  readonly #names: { readonly [name in DictionaryName]: Map<string, number> } = {
    agent: new Map(),
    class: new Map(),
    epoch: new Map(),
    origin: new Map(),
  };
  readonly state: GrowingState;

  constructor(
    engine: Pick<Engine, 'get'>,
    state: StoreState,
    dictionaries: Dictionaries,
    pairCache: PairCache,
  ) {
    this.#engine = engine;
    this.#dictionaries = dictionaries;
    this.#pairCache = pairCache;
    this.state = { ...state };
  }

  put(key: Buffer, value: Buffer): void {
    this.#puts.set(key.toString('latin1'), { key, value });
  }

  place(id: StoredPlace['id']): StoredPlace | undefined {
    return this.#places.get(id) ?? readPlace(this.#engine, id);
  }

  setPlace(stored: StoredPlace): void {
    this.#places.set(stored.id, stored);
  }

  number(dictionary: DictionaryName, name: string): number {
    const known =
      this.#names[dictionary].get(name) ??
      this.#dictionaries[dictionary].numberOf(name, this.#engine);
    if (known !== undefined) return known;
    const number = this.state.names[dictionary] + 1;
    if (number > numberMax) throw new Error(`dictionary ${dictionary} is full`);
    this.state.names = { ...this.state.names, [dictionary]: number };
    this.#names[dictionary].set(name, number);
    for (const entry of this.#dictionaries[dictionary].entries(name, number)) {
      this.put(entry.key, entry.value);
    }
    return number;
  }

  pair(conceptPath: string, predicate: string, isNew: boolean): KnownPair {
    const text = pairText(conceptPath, predicate);
    let pair = this.#pairs.get(text) ?? this.#pairCache.get(text) ?? this.#readPair(text);
    if (pair === undefined) {
      this.state.pairs += 1;
      if (this.state.pairs > numberMax) throw new Error('the pair directory is full');
      pair = { number: this.state.pairs, claims: 0, shard: shardOf(conceptPath) };
    }
    if (isNew) {
      pair = { ...pair, claims: pair.claims + 1 };
      this.#pairs.set(text, pair);
    }
    return pair;
  }

  /** Everything that the batch writes, by key, each key once. */
  changes(): readonly Change[] {
    for (const [text, pair] of this.#pairs) {
      const key = pairKey(text);
      this.put(key, encodePair(key, pair));
    }
    this.put(stateKey, encodeState(this.state));
    const puts = [...this.#puts].sort(([a], [b]) => (a < b ? -1 : 1));
    return puts.map(([, { key, value }]) => ({ type: 'put', key, value }));
  }

  /** Hands what the batch learned to the caches of the store, after the commit. */
  adopt(): void {
    for (const dictionary of dictionaryNames) {
      for (const [name, number] of this.#names[dictionary]) {
        this.#dictionaries[dictionary].remember(name, number);
      }
    }
    for (const [text, pair] of this.#pairs) this.#pairCache.set(text, pair);
  }

  #readPair(text: string): KnownPair | undefined {
    const key = pairKey(text);
    const value = this.#engine.get(key);
    if (value === undefined) return undefined;
    const pair = { ...decodePair(key, value), shard: shardOf(text.slice(0, text.indexOf('\0'))) };
    this.#pairCache.set(text, pair);
    return pair;
  }
}

/** Id -> sequence -> place: two reads, the second of them among the newest entries. */
export function readPlace(
  engine: Pick<Engine, 'get'>,
  id: StoredPlace['id'],
): StoredPlace | undefined {
  const key = idKey(id);
  const value = engine.get(key);
  if (value === undefined) return undefined;
  return readSequence(engine, decodeSequence(key, value));
}

export function readSequence(
  engine: Pick<Engine, 'get'>,
  sequence: number,
): StoredPlace | undefined {
  const key = sequenceKey(sequence);
  const value = engine.get(key);
  return value === undefined ? undefined : decodePlace(key, value);
}
