/**
 * What every `ObjectStore` must do. Each rule runs on a store of its own that is empty; two stores
 * of one harness are two programs that use the same place.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { type ObjectStore, ObjectStoreError } from '../../src/io/object_store.js';

export interface ObjectStoreHarness {
  /** Opens the same empty place, each time anew. */
  open(): ObjectStore;
  dispose(): Promise<void>;
}

type Body = (harness: ObjectStoreHarness) => Promise<void>;

export interface ConformanceOptions {
  /** Why nothing can be run here. */
  readonly skip?: string | undefined;
}

export function objectStoreConformance(
  name: string,
  make: () => Promise<ObjectStoreHarness>,
  { skip }: ConformanceOptions = {},
): void {
  describe(`object store conformance: ${name}`, { skip: skip ?? false }, () => {
    for (const [title, body] of rules) {
      it(title, async () => {
        const harness = await make();
        try {
          await body(harness);
        } finally {
          await harness.dispose();
        }
      });
    }
  });
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

const listOf = async (
  store: ObjectStore,
  prefix: string,
): Promise<readonly (readonly [string, number])[]> => {
  const found: (readonly [string, number])[] = [];
  for await (const { key, bytes } of store.list(prefix)) found.push([key, bytes]);
  return found;
};

const isInvalid = (error: unknown): boolean =>
  error instanceof ObjectStoreError && error.code === 'invalid';

/** More than one page of a listing has. */
const manyObjects = 1_100;

const rules: readonly (readonly [string, Body])[] = [
  [
    'gives back what was put, to everybody',
    async ({ open }) => {
      const store = open();
      assert.equal(await store.put('a/b/c-1_2.3', bytesOf('first')), 'stored');
      assert.equal(textOf(await open().get('a/b/c-1_2.3')), 'first');
      assert.equal(await store.put('empty', new Uint8Array()), 'stored');
      assert.equal((await store.get('empty'))?.length, 0);
    },
  ],
  [
    'takes every byte, and megabytes',
    async ({ open }) => {
      const store = open();
      const bytes = Buffer.concat([
        Uint8Array.from({ length: 256 }, (_, at) => at),
        randomBytes(5 * 1024 * 1024),
      ]);
      await store.put('big', bytes);
      assert.ok(bytes.equals((await open().get('big')) ?? new Uint8Array()));
    },
  ],
  [
    'knows what is not there',
    async ({ open }) => {
      const store = open();
      assert.equal(await store.get('none'), undefined);
      assert.equal(await store.get('none/below'), undefined);
      assert.deepEqual(await listOf(store, ''), []);
      await store.remove('none');
      await store.remove('none/below');
    },
  ],
  [
    'replaces',
    async ({ open }) => {
      const store = open();
      await store.put('head', bytesOf('a longer text'));
      assert.equal(await store.put('head', bytesOf('short')), 'stored');
      assert.equal(textOf(await store.get('head')), 'short');
      assert.deepEqual(await listOf(store, 'head'), [['head', 5]]);
    },
  ],
  [
    'keeps the first where nothing may be there yet',
    async ({ open }) => {
      const store = open();
      assert.equal(await store.put('a', bytesOf('first'), { ifAbsent: true }), 'stored');
      assert.equal(await open().put('a', bytesOf('second'), { ifAbsent: true }), 'exists');
      assert.equal(textOf(await store.get('a')), 'first');
      await store.remove('a');
      assert.equal(await store.put('a', bytesOf('third'), { ifAbsent: true }), 'stored');
    },
  ],
  [
    'lets one of many creators win, whole',
    async ({ open }) => {
      const results = await Promise.all(
        Array.from({ length: 12 }, async (_, at) => {
          const bytes = new Uint8Array(100_000).fill(at);
          return { at, result: await open().put('raced', bytes, { ifAbsent: true }) };
        }),
      );
      const winners = results.filter(({ result }) => result === 'stored');
      assert.equal(winners.length, 1);
      const kept = await open().get('raced');
      assert.deepEqual(kept && Buffer.from(kept), Buffer.alloc(100_000, winners[0]?.at));
    },
  ],
  [
    'shows the old or the new while one is replaced, never a part',
    async ({ open }) => {
      const store = open();
      const texts = [bytesOf('x'.repeat(300_000)), bytesOf('y'.repeat(400_000))] as const;
      await store.put('a', texts[0]);
      const writing = (async () => {
        for (let round = 1; round <= 10; round += 1) await store.put('a', texts[(round % 2) as 0]);
      })();
      let isDone = false;
      const ended = writing.finally(() => {
        isDone = true;
      });
      while (!isDone) {
        const seen = await open().get('a');
        const [first] = seen ?? [];
        assert.equal(seen?.length, first === 0x78 ? 300_000 : 400_000);
        assert.ok(seen.every((byte) => byte === first));
      }
      await ended;
    },
  ],
  [
    'lists what begins with a prefix, in bytewise order',
    async ({ open }) => {
      const store = open();
      const keys = ['a/b', 'a-b', 'a.b', 'ab', 'a/0/x', 'B', 'a/b.c', 'z/a/b/c', 'a0', 'a/b-c'];
      for (const key of keys) await store.put(key, bytesOf(key));
      const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const expected = (prefix: string) =>
        sorted.filter((key) => key.startsWith(prefix)).map((key) => [key, key.length]);
      for (const prefix of ['', 'a', 'a/', 'a/b', 'z/a/', 'z/a', 'z/a/b/c', 'none', 'a/none']) {
        assert.deepEqual(await listOf(store, prefix), expected(prefix), prefix);
      }
    },
  ],
  [
    'lists more than one page',
    async ({ open }) => {
      const store = open();
      const keys = Array.from({ length: manyObjects }, (_, at) => `many/${1000 + at}`);
      const waiting = [...keys];
      const work = async (): Promise<void> => {
        for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
          await store.put(key, bytesOf('1'));
        }
      };
      await Promise.all(Array.from({ length: 16 }, work));
      const found = await listOf(store, 'many/');
      assert.deepEqual(
        found.map(([key]) => key),
        keys.toSorted(),
      );
      await Promise.all(keys.map((key) => store.remove(key)));
      assert.deepEqual(await listOf(store, ''), []);
    },
  ],
  [
    'removes for everybody, and may be put again',
    async ({ open }) => {
      const store = open();
      await store.put('a/b', bytesOf('1'));
      await store.put('a/c', bytesOf('2'));
      await store.remove('a/b');
      assert.equal(await open().get('a/b'), undefined);
      assert.deepEqual(await listOf(open(), ''), [['a/c', 1]]);
      await store.remove('a/c');
      await open().put('a/b', bytesOf('3'));
      assert.equal(textOf(await store.get('a/b')), '3');
    },
  ],
  [
    'refuses what is no key',
    async ({ open }) => {
      const store = open();
      const wrong = ['', '/', 'a/', '/a', 'a//b', '.', '..', 'a/../b', 'a b', 'ä', 'a%2f', '~a'];
      for (const key of [...wrong, 'a\\b', 'x'.repeat(1000)]) {
        await assert.rejects(store.put(key, bytesOf('1')), isInvalid, key);
        await assert.rejects(store.get(key), isInvalid, key);
        await assert.rejects(store.remove(key), isInvalid, key);
      }
      assert.deepEqual(await listOf(store, ''), []);
    },
  ],
];
