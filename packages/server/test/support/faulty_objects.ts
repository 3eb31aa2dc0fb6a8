/**
 * Objects in memory, shared by all who open the same `FaultyPlace`; a fault may strike before or
 * after any operation, as when a process ends or an answer is lost.
 */
import {
  checkKey,
  type ListedObject,
  type ObjectStore,
  ObjectStoreError,
} from '../../src/io/object_store.js';

type ObjectOperation = 'put' | 'get' | 'list' | 'remove';

/** What becomes of an operation: it is not done, or it is done and nobody learns of it. */
export type ObjectFault = 'before' | 'after';

export class FaultyPlace {
  readonly objects = new Map<string, Uint8Array>();
  /** Operations so far. */
  count = 0;
  /** Bytes that were put so far. */
  putBytes = 0;
  fault: ((operation: ObjectOperation, key: string) => ObjectFault | undefined) | undefined;

  /** The same objects, to be spoilt. */
  clone(): FaultyPlace {
    const copy = new FaultyPlace();
    for (const [key, bytes] of this.objects) copy.objects.set(key, bytes);
    return copy;
  }

  /** Runs an operation, or breaks it off. */
  run<T>(operation: ObjectOperation, key: string, work: () => T): T {
    this.count += 1;
    const fault = this.fault?.(operation, key);
    const broken = new ObjectStoreError('unavailable', `memory: broken off, ${operation} ${key}`);
    if (fault === 'before') throw broken;
    const result = work();
    if (fault === 'after') throw broken;
    return result;
  }
}

export class FaultyObjects implements ObjectStore {
  readonly place = 'memory';
  readonly #at: FaultyPlace;

  constructor(at: FaultyPlace) {
    this.#at = at;
  }

  async put(
    key: string,
    bytes: Uint8Array,
    options: { readonly ifAbsent?: boolean } = {},
  ): Promise<'stored' | 'exists'> {
    checkKey(key);
    return this.#at.run('put', key, () => {
      if (options.ifAbsent === true && this.#at.objects.has(key)) return 'exists';
      this.#at.objects.set(key, Uint8Array.from(bytes));
      this.#at.putBytes += bytes.length;
      return 'stored';
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    checkKey(key);
    return this.#at.run('get', key, () => this.#at.objects.get(key));
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    const found = this.#at.run('list', prefix, () =>
      [...this.#at.objects].filter(([key]) => key.startsWith(prefix)),
    );
    found.sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, bytes] of found) yield { key, bytes: bytes.length };
  }

  async remove(key: string): Promise<void> {
    checkKey(key);
    this.#at.run('remove', key, () => this.#at.objects.delete(key));
  }
}
