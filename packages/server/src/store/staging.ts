/**
 * One batch in the making: what the store will be when the batch is committed. Nothing outside sees
 * it before `adopt`, so a commit that fails leaves the store as it was and may be tried again.
 */
import { type RecordId, shardOf } from '@stemedb/model';
import type { BoundedCache } from './cache.js';
import type { Dictionaries } from './dictionaries.js';
import type { Change, Gets } from './engine.js';
import type { FreeIds } from './free_ids.js';
import { encodeHomes, homesOf, placeAmong } from './homes.js';
import type { EntrySink, GrowingState } from './index_record.js';
import { idKey, idPrefix, pairKey, pairText, stateKey } from './keys.js';
import { PlaceBlocks, type StoredPlace } from './places.js';
import { RecordLists } from './record_list.js';
import { decodePair, encodePair, type KnownPair } from './row.js';
import { type DictionaryName, dictionaryNames, encodeState, type StoreState } from './state.js';

export type PairCache = BoundedCache<string, KnownPair>;

/** Numbers are 32 bits wide in the rows. */
const numberMax = 0xffff_ffff;
const noHomes: readonly number[] = [];

export class Staging implements EntrySink {
  readonly #engine: Gets;
  readonly #dictionaries: Dictionaries;
  readonly #pairCache: PairCache;
  readonly #freeIds: FreeIds;
  readonly #changes: Change[] = [];
  readonly #places = new Map<string, StoredPlace>();
  /** By prefix of their ids. */
  readonly #homes = new Map<string, readonly number[]>();
  /** What was looked up last: a record that is not known is added right after. */
  #lookedUp: { readonly prefix: string; readonly homes: readonly number[] } | undefined;
  readonly #blocks: PlaceBlocks;
  readonly #lists: RecordLists;
  readonly #pairs = new Map<string, KnownPair>();
  readonly #names: { readonly [name in DictionaryName]: Map<string, number> } = {
    agent: new Map(),
    class: new Map(),
    epoch: new Map(),
    origin: new Map(),
  };
  readonly state: GrowingState;

  constructor(
    engine: Gets,
    state: StoreState,
    dictionaries: Dictionaries,
    pairCache: PairCache,
    freeIds: FreeIds,
  ) {
    this.#engine = engine;
    this.#freeIds = freeIds;
    this.#blocks = new PlaceBlocks(engine);
    this.#lists = new RecordLists(engine);
    this.#dictionaries = dictionaries;
    this.#pairCache = pairCache;
    this.state = { ...state };
  }

  put(key: Buffer, value: Buffer): void {
    this.#changes.push({ type: 'put', key, value });
  }

  place(id: RecordId): StoredPlace | undefined {
    const staged = this.#places.get(id);
    if (staged !== undefined) return staged;
    const prefix = idPrefix(id);
    const homes = this.#freeIds.has(prefix) ? noHomes : homesOf(this.#engine, prefix);
    this.#lookedUp = { prefix, homes };
    return placeAmong(this.#engine, id, homes);
  }

  addPlace(stored: StoredPlace): void {
    const prefix = idPrefix(stored.id);
    if (this.#lookedUp?.prefix !== prefix) throw new Error(`${stored.id} was not looked for`);
    const homes = this.#homes.get(prefix) ?? this.#lookedUp.homes;
    this.#homes.set(prefix, [...homes, stored.home]);
    this.movePlace(stored);
  }

  movePlace(stored: StoredPlace): void {
    this.#blocks.set(stored);
    this.#places.set(stored.id, stored);
  }

  list(agent: number, sequence: number): void {
    this.#lists.add(agent, sequence);
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

  /** Everything that the batch writes; of several changes to a key the last counts. */
  changes(): readonly Change[] {
    for (const [prefix, homes] of this.#homes) this.put(idKey(prefix), encodeHomes(homes));
    for (const { key, value } of this.#blocks.entries()) this.put(key, value);
    for (const { key, value } of this.#lists.entries()) this.put(key, value);
    for (const [text, pair] of this.#pairs) {
      const key = pairKey(text);
      this.put(key, encodePair(key, pair));
    }
    this.put(stateKey, encodeState(this.state));
    return this.#changes;
  }

  /** Hands what the batch learned to the caches of the store, after the commit. */
  adopt(): void {
    for (const dictionary of dictionaryNames) {
      for (const [name, number] of this.#names[dictionary]) {
        this.#dictionaries[dictionary].remember(name, number);
      }
    }
    for (const [text, pair] of this.#pairs) this.#pairCache.set(text, pair);
    for (const prefix of this.#homes.keys()) this.#freeIds.delete(prefix);
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
