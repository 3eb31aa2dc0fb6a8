/** A directory as an object store: the common rules, and what only a file system can do. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DirectoryObjects } from '../../src/io/directory_objects.js';
import { ObjectStoreError } from '../../src/io/object_store.js';
import { objectStoreConformance } from '../conformance/object_store.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const emptyDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), 'stemedb-objects-'));

objectStoreConformance('directory', async () => {
  const above = await emptyDirectory();
  return {
    open: () => new DirectoryObjects(join(above, 'place')),
    dispose: () => rm(above, { recursive: true }),
  };
});

const within = (body: (directory: string) => Promise<void>) => async () => {
  const directory = await emptyDirectory();
  try {
    await body(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
};

const codeIs = (code: string) => (error: unknown) =>
  error instanceof ObjectStoreError && error.code === code;

const keysIn = async (directory: string): Promise<readonly string[]> => {
  const keys: string[] = [];
  for await (const { key } of new DirectoryObjects(directory).list('')) keys.push(key);
  return keys;
};

describe('a directory of objects', () => {
  it(
    'is for its owner alone',
    within(async (directory) => {
      await new DirectoryObjects(directory).put('a/b', bytesOf('secret'));
      assert.equal((await stat(join(directory, 'a'))).mode & 0o777, 0o700);
      assert.equal((await stat(join(directory, 'a/b'))).mode & 0o777, 0o600);
    }),
  );

  it(
    'leaves no folder and no unfinished file behind',
    within(async (directory) => {
      const store = new DirectoryObjects(directory);
      await store.put('a/b/c', bytesOf('1'), { ifAbsent: true });
      await store.put('a/b/c', bytesOf('1'), { ifAbsent: true });
      assert.deepEqual(await readdir(join(directory, 'a/b')), ['c']);
      await store.remove('a/b/c');
      assert.deepEqual(await readdir(directory), []);
    }),
  );

  it(
    'lists nothing but keys, and removes what a crash left after a day',
    within(async (directory) => {
      await mkdir(join(directory, 'a'));
      const [old, fresh] = [join(directory, 'a/~old'), join(directory, 'a/~fresh')];
      for (const path of [old, fresh, join(directory, 'a b')]) await writeFile(path, 'half');
      const twoDaysAgo = new Date(Date.now() - 2 * 24 * 3600 * 1000);
      await utimes(old, twoDaysAgo, twoDaysAgo);
      await new DirectoryObjects(directory).put('a/c', bytesOf('1'));
      assert.deepEqual(await keysIn(directory), ['a/c']);
      assert.deepEqual(await readdir(join(directory, 'a')), ['c', '~fresh']);
    }),
  );

  it(
    'says when a file stands where a folder belongs',
    within(async (directory) => {
      const store = new DirectoryObjects(directory);
      await store.put('a', bytesOf('1'));
      await assert.rejects(store.put('a/b', bytesOf('2')), codeIs('invalid'));
      await assert.rejects(store.get('a/b'), codeIs('invalid'));
    }),
  );

  it('says when it may not write', async () => {
    // Where nobody may make a directory, the superuser included.
    const put = new DirectoryObjects('/sys/stemedb-objects').put('a', bytesOf('1'));
    await assert.rejects(put, codeIs('denied'));
  });

  it('says when no room is left, and keeps what it has', async (context) => {
    const directory = await emptyDirectory();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory]);
    try {
      if (mounted.status !== 0) return context.skip('a file system may not be mounted here');
      const store = new DirectoryObjects(directory);
      await store.put('head', bytesOf('old'));
      await assert.rejects(store.put('head', new Uint8Array(100_000)), codeIs('full'));
      assert.deepEqual(await store.get('head'), Buffer.from('old'));
      assert.deepEqual(await readdir(directory), ['head']);
    } finally {
      if (mounted.status === 0) spawnSync('umount', [directory]);
      await rm(directory, { recursive: true });
    }
  });
});

describe('a directory of objects whose writer is killed', () => {
  it(
    'has the old object or the new one',
    within(async (directory) => {
      const module = fileURLToPath(new URL('../../src/io/directory_objects.js', import.meta.url));
      const program = `
        const { DirectoryObjects } = await import(${JSON.stringify(module)});
        const store = new DirectoryObjects(${JSON.stringify(directory)});
        for (let round = 1; ; round += 1) {
          await store.put('head', new Uint8Array(200_000 + (round % 7)).fill(round % 7));
        }`;
      const flags = ['--input-type=module', '--eval', program];
      for (let kill = 0; kill < 8; kill += 1) {
        const child = spawn(process.execPath, flags, { stdio: 'inherit' });
        const ended = once(child, 'exit');
        while (kill === 0 && (await keysIn(directory)).length === 0) await sleep(5);
        await sleep(60 + 17 * kill);
        child.kill('SIGKILL');
        await ended;
        const head = await new DirectoryObjects(directory).get('head');
        const [first = 0] = head ?? [];
        assert.equal(head?.length, 200_000 + first);
        assert.ok(head.every((byte) => byte === first));
        assert.deepEqual(await keysIn(directory), ['head']);
      }
    }),
  );
});
