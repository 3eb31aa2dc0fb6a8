/** Objects in memory that a test can look at and spoil; puts may be made to fail. */
import type { ListedObject, ObjectStore } from '../../src/io/object_store.js';

export class MemoryObjects implements ObjectStore {
  readonly place = 'memory';
  readonly objects: Map<string, Uint8Array>;
  /** Asked before each call that changes something. */
  onChange: ((call: 'put' | 'remove', key: string) => void) | undefined;

  constructor(objects: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.objects = new Map(objects);
  }

  async put(
    key: string,
    bytes: Uint8Array,
    options: { readonly ifAbsent?: boolean } = {},
  ): Promise<'stored' | 'exists'> {
    this.onChange?.('put', key);
    if (options.ifAbsent === true && this.objects.has(key)) return 'exists';
    this.objects.set(key, Uint8Array.from(bytes));
    return 'stored';
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.objects.get(key);
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    for (const key of [...this.objects.keys()].sort()) {
      if (key.startsWith(prefix)) yield { key, bytes: this.objects.get(key)?.length ?? 0 };
    }
  }

  async remove(key: string): Promise<void> {
    this.onChange?.('remove', key);
    this.objects.delete(key);
  }
}
