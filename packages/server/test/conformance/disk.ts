/** What every `Disk` must do while nothing fails. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Disk, type DiskFile, diskErrorCode } from '../../src/io/disk.js';

export interface DiskHarness {
  readonly disk: Disk;
  /** An empty directory that exists. */
  readonly directory: string;
  dispose(): Promise<void>;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function contentOf(file: DiskFile): Promise<string> {
  const target = new Uint8Array(await file.size());
  const count = await file.read(target, 0, target.length, 0);
  return new TextDecoder().decode(target.subarray(0, count));
}

const codeIs = (code: string) => (error: unknown) => diskErrorCode(error) === code;

type Body = (harness: DiskHarness) => Promise<void>;

export function diskConformance(name: string, make: () => Promise<DiskHarness>): void {
  const check = (title: string, body: Body) =>
    it(title, async () => {
      const harness = await make();
      try {
        await body(harness);
      } finally {
        await harness.dispose();
      }
    });
  describe(`disk conformance: ${name}`, () => {
    for (const [title, body] of [...fileRules, ...nameRules]) check(title, body);
  });
}

const fileRules: readonly (readonly [string, Body])[] = [
  [
    'reads back what was written, anywhere in the file',
    async ({ disk, directory }) => {
      const file = await disk.open(join(directory, 'a'), 'create');
      assert.equal(await file.write(bytesOf('hello'), 0), 5);
      assert.equal(await file.write(bytesOf('J'), 0), 1);
      await file.datasync();
      assert.equal(await contentOf(file), 'Jello');
      const target = new Uint8Array(10);
      assert.equal(file.readSync(target, 2, 3, 1), 3);
      assert.deepEqual([...target.subarray(0, 6)], [0, 0, ...bytesOf('ell'), 0]);
      assert.equal(await file.read(target, 0, 10, 5), 0);
      assert.equal(file.readSync(target, 0, 10, 99), 0);
      await file.close();
    },
  ],
  [
    'fills a gap with zeros, cuts and grows',
    async ({ disk, directory }) => {
      const file = await disk.open(join(directory, 'a'), 'create');
      await file.write(bytesOf('abcdef'), 0);
      await file.truncate(3);
      assert.equal(await file.size(), 3);
      await file.write(bytesOf('x'), 5);
      assert.equal(await contentOf(file), 'abc\0\0x');
      await file.close();
    },
  ],
  [
    'shows one file to all who have it open',
    async ({ disk, directory }) => {
      const path = join(directory, 'a');
      const writer = await disk.open(path, 'create');
      const reader = await disk.open(path, 'read');
      await writer.write(bytesOf('seen'), 0);
      assert.equal(await contentOf(reader), 'seen');
      const sync = disk.openSync(path);
      assert.equal(await contentOf(sync), 'seen');
      await Promise.all([writer.close(), reader.close(), sync.close()]);
    },
  ],
  [
    'keeps an open file readable after it was replaced by a rename',
    async ({ disk, directory }) => {
      const old = await disk.open(join(directory, 'a'), 'create');
      await old.write(bytesOf('old'), 0);
      const young = await disk.open(join(directory, 'b'), 'create');
      await young.write(bytesOf('new'), 0);
      await disk.rename(join(directory, 'b'), join(directory, 'a'));
      await disk.syncDirectory(directory);
      assert.equal(await contentOf(old), 'old');
      assert.equal(await contentOf(young), 'new');
      const found = await disk.open(join(directory, 'a'), 'write');
      assert.equal(await contentOf(found), 'new');
      assert.deepEqual(await disk.list(directory), ['a']);
      await Promise.all([old.close(), young.close(), found.close()]);
    },
  ],
  [
    'knows whether a path names an open file, another one, or none',
    async ({ disk, directory }) => {
      const path = join(directory, 'a');
      const file = await disk.open(path, 'create');
      assert.equal(await file.isAt(path), true);
      await disk.rename(path, join(directory, 'b'));
      assert.equal(await file.isAt(path), false);
      assert.equal(await file.isAt(join(directory, 'b')), true);
      const other = await disk.open(path, 'create');
      assert.equal(await file.isAt(path), false);
      assert.equal(await file.isAt(join(path, 'below a file')), false);
      await disk.remove(join(directory, 'b'));
      assert.equal(await file.isAt(join(directory, 'b')), false);
      await Promise.all([file.close(), other.close()]);
    },
  ],
  [
    'closing twice is harmless',
    async ({ disk, directory }) => {
      const file = await disk.open(join(directory, 'a'), 'create');
      await file.close();
      await file.close();
    },
  ],
];

const nameRules: readonly (readonly [string, Body])[] = [
  [
    'creates only what is not there, opens only what is',
    async ({ disk, directory }) => {
      const path = join(directory, 'a');
      await assert.rejects(disk.open(path, 'read'), codeIs('ENOENT'));
      await assert.rejects(disk.open(path, 'write'), codeIs('ENOENT'));
      assert.throws(() => disk.openSync(path), codeIs('ENOENT'));
      await (await disk.open(path, 'create')).close();
      await assert.rejects(disk.open(path, 'create'), codeIs('EEXIST'));
      await (await disk.open(path, 'write')).close();
    },
  ],
  [
    'lists names bytewise, removes, tells what exists',
    async ({ disk, directory }) => {
      for (const name of ['b', 'a', 'B', 'é']) {
        await (await disk.open(join(directory, name), 'create')).close();
      }
      await disk.makeDirectory(join(directory, 'c'));
      assert.deepEqual(await disk.list(directory), ['B', 'a', 'b', 'c', 'é']);
      await disk.remove(join(directory, 'a'));
      assert.equal(await disk.exists(join(directory, 'a')), false);
      assert.equal(await disk.exists(join(directory, 'b')), true);
      await assert.rejects(disk.remove(join(directory, 'a')), codeIs('ENOENT'));
      await assert.rejects(disk.list(join(directory, 'none')), codeIs('ENOENT'));
    },
  ],
  [
    'makes a directory with its parents, and again',
    async ({ disk, directory }) => {
      const path = join(directory, 'x', 'y', 'z');
      await disk.makeDirectory(path);
      await disk.makeDirectory(path);
      assert.equal(await disk.exists(path), true);
      assert.deepEqual(await disk.list(path), []);
    },
  ],
  [
    'gives a lock to one at a time',
    async ({ disk, directory }) => {
      const path = join(directory, 'lock');
      const first = await disk.lock(path);
      assert.ok(first);
      assert.equal(await disk.lock(path), undefined);
      await first.release();
      const second = await disk.lock(path);
      assert.ok(second);
      await second.release();
    },
  ],
  [
    'knows its free space',
    async ({ disk, directory }) => {
      const free = await disk.freeBytes(directory);
      assert.ok(Number.isFinite(free) && free > 0);
    },
  ],
];
