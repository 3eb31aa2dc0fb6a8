/**
 * Numbers for what repeats in candidate rows. Both directions are entries of the store; what was
 * committed once never changes, so it may be cached for ever, across snapshots too.
 */
import { blake3 } from '@stemedb/model';
import { BoundedCache } from './cache.js';
import { StoreCorruption } from './corruption.js';
import type { Gets } from './engine.js';
import { checksumBytes, newValue, open, seal } from './entry.js';
import { bytesOfId, nameKey, numberKey, tables } from './keys.js';
import type { DictionaryName } from './state.js';

/** Names kept in memory for each direction of each dictionary: some tens of MiB at most. */
const cachedNamesMax = 65_536;

interface Layout {
  readonly numberTag: number;
  readonly nameTag: number;
  /** The stored name. */
  readonly encode: (name: string) => Buffer;
  readonly decode: (bytes: Buffer) => string;
  /** What stands in the key: the name itself when it is an id, else its hash. */
  readonly digest: (bytes: Buffer) => Uint8Array;
}

const ofIds = (numberTag: number, nameTag: number): Layout => ({
  numberTag,
  nameTag,
  encode: bytesOfId,
  decode: (bytes) => bytes.toString('hex'),
  digest: (bytes) => bytes,
});

const layouts: { readonly [name in DictionaryName]: Layout } = {
  agent: ofIds(tables.agentNumber, tables.agentName),
  epoch: ofIds(tables.epochNumber, tables.epochName),
  class: {
    numberTag: tables.classNumber,
    nameTag: tables.className,
    encode: (name) => Buffer.from(name, 'utf8'),
    decode: (bytes) => bytes.toString('utf8'),
    digest: blake3,
  },
  // An origin's name is the latin-1 text of its encoded expression: a string is a map key.
  origin: {
    numberTag: tables.originNumber,
    nameTag: tables.originName,
    encode: (name) => Buffer.from(name, 'latin1'),
    decode: (bytes) => bytes.toString('latin1'),
    digest: blake3,
  },
};

interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** One dictionary: looked up in memory, then in the engine. */
class Dictionary {
  readonly #layout: Layout;
  readonly #numbers = new BoundedCache<string, number>(cachedNamesMax);
  readonly #names = new BoundedCache<number, string>(cachedNamesMax);

  constructor(name: DictionaryName) {
    this.#layout = layouts[name];
  }

  /** The number of a committed name. */
  numberOf(name: string, engine: Gets): number | undefined {
    const cached = this.#numbers.get(name);
    if (cached !== undefined) return cached;
    const key = this.#numberKeyOf(name);
    const value = engine.get(key);
    if (value === undefined) return undefined;
    const number = open(key, value, 4).readUInt32BE(0);
    this.#numbers.set(name, number);
    return number;
  }

  /** The name of a number that a row holds: it must be there. */
  nameOf(number: number, engine: Gets): string {
    const cached = this.#names.get(number);
    if (cached !== undefined) return cached;
    const key = nameKey(this.#layout.nameTag, number);
    const value = engine.get(key);
    if (value === undefined) throw new StoreCorruption('dictionary', key, 'is missing');
    const checked = open(key, value);
    const name = this.#layout.decode(checked.subarray(0, checked.length - checksumBytes));
    this.#names.set(number, name);
    return name;
  }

  /** The two entries that make a name known. */
  entries(name: string, number: number): readonly [Entry, Entry] {
    const numberEntryKey = this.#numberKeyOf(name);
    const numberValue = newValue(4);
    numberValue.writeUInt32BE(number, 0);
    const nameEntryKey = nameKey(this.#layout.nameTag, number);
    const bytes = this.#layout.encode(name);
    const nameValue = newValue(bytes.length);
    bytes.copy(nameValue);
    return [
      { key: numberEntryKey, value: seal(numberEntryKey, numberValue) },
      { key: nameEntryKey, value: seal(nameEntryKey, nameValue) },
    ];
  }

  /** Called when the entries of a new name are committed. */
  remember(name: string, number: number): void {
    this.#numbers.set(name, number);
  }

  #numberKeyOf(name: string): Buffer {
    const { numberTag, encode, digest } = this.#layout;
    return numberKey(numberTag, digest(encode(name)));
  }
}

export type Dictionaries = { readonly [name in DictionaryName]: Dictionary };

export const newDictionaries = (): Dictionaries => ({
  agent: new Dictionary('agent'),
  class: new Dictionary('class'),
  epoch: new Dictionary('epoch'),
  origin: new Dictionary('origin'),
});
