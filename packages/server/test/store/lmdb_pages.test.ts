/**
 * The look at every page: sound files of any history pass, and a file that passes ends no process,
 * whichever bit of it was flipped.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Disk } from '../../src/io/disk.js';
import { systemDisk } from '../../src/io/system_disk.js';
import type { Change } from '../../src/store/engine.js';
import { lmdbPagesFault } from '../../src/store/lmdb_pages.js';
import { storeFaultAtStart } from '../../src/store/store_engine.js';
import { countOf, type Seeded, seeded } from '../support/seeded.js';
import { lmdbHome } from './homes.js';
import { spoilLength, spoilNode } from './spoilt_pages.js';

const seed = Number(process.env.STEMEDB_SEED ?? 7);
const pageBytes = 4096;

const keyOf = (number: number): Buffer => Buffer.from(`\x10key ${String(number).padStart(6, '0')}`);

/** Puts and removes over a range of keys; some values take pages of their own. */
const someChanges = (random: Seeded, keys: number): readonly Change[] =>
  Array.from({ length: 1 + random.below(400) }, () => {
    const key = keyOf(random.below(keys));
    if (random.chance(0.3)) return { type: 'delete', key };
    const length = random.chance(0.02) ? random.below(30_000) : random.below(200);
    return { type: 'put', key, value: Buffer.alloc(length, random.below(256)) };
  });

/** A home whose file has a history of commits, so that it has free pages as well. */
const grownHome = async (t: TestContext, random: Seeded, commits: number, keys: number) => {
  const home = lmdbHome();
  t.after(() => home.remove());
  const engine = home.open();
  for (let count = 0; count < commits; count += 1) {
    await engine.commit(someChanges(random, keys));
    // What was committed before a sync is free only after it.
    if (random.chance(0.3)) await engine.flush();
  }
  await engine.close();
  return home;
};

test('a sound file of any history has no fault', { timeout: 300_000 }, async (t) => {
  t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed}`);
  const random = seeded(seed);
  const empty = lmdbHome();
  assert.equal(await lmdbPagesFault(systemDisk, empty.path), undefined);
  await empty.open().close();
  assert.equal(await lmdbPagesFault(systemDisk, empty.path), undefined);
  await empty.remove();
  for (let count = 0; count < countOf(15, 300); count += 1) {
    const keys = 1 + random.below(20_000);
    const home = await grownHome(t, random, 1 + random.below(25), keys);
    assert.equal(await lmdbPagesFault(systemDisk, home.path), undefined, `file ${count}`);
    // Free pages are used again by the next life.
    const engine = home.open();
    for (let more = random.below(6); more > 0; more -= 1) {
      await engine.commit(someChanges(random, keys));
    }
    await engine.close();
    assert.equal(await lmdbPagesFault(systemDisk, home.path), undefined, `file ${count}, again`);
    await home.remove();
  }
});

interface Page {
  readonly at: number;
  readonly bytes: Buffer;
}

const flagOf = ({ bytes }: Page): number => bytes.readUInt8(18);
const branch = 1;
const leaf = 2;
const long = 4;

test('each kind of damage is found and says where it is', async (t) => {
  const home = await grownHome(t, seeded(seed), 20, 5000);
  const path = join(home.path, 'data.mdb');
  const whole = readFileSync(path);
  /** The fault of the file when all pages with this flag, free ones included, are changed. */
  const faultOf = async (flag: number, change: (page: Buffer) => void): Promise<string> => {
    const file = Buffer.from(whole);
    for (let at = 2 * pageBytes; at < file.length; at += pageBytes) {
      const page = { at, bytes: file.subarray(at, at + pageBytes) };
      if (page.bytes.readBigUInt64LE(0) === BigInt(at / pageBytes) && flagOf(page) === flag) {
        change(page.bytes);
      }
    }
    writeFileSync(path, file);
    return (await lmdbPagesFault(systemDisk, home.path)) ?? 'none';
  };
  const nodeOf = (page: Buffer, index = 0): Buffer =>
    page.subarray(24 + page.readUInt16LE(24 + 2 * index));
  const cases: readonly (readonly [number, (page: Buffer) => void, RegExp])[] = [
    [leaf, (page) => page.writeUInt8(1, 0), /says that it is page/],
    [leaf, (page) => page.writeUInt8(0x7f, 14), /transaction \d+ after/],
    [leaf, (page) => page.writeUInt8(0x22, 18), /flags 34 where 2 is expected/],
    [branch, (page) => page.writeUInt8(leaf, 18), /flags 2 where 1 is expected/],
    [leaf, (page) => page.writeUInt16LE(page.readUInt16LE(20) + 1, 20), /nodes listed up to/],
    [leaf, (page) => page.writeUInt16LE(4095, 22), /nodes listed up to|is not inside/],
    [leaf, (page) => page.writeUInt16LE(0, 20), /no node/],
    [leaf, (page) => page.writeUInt16LE(0xfff0, 24), /node 0 is not inside of it/],
    [leaf, (page) => nodeOf(page).writeUInt32LE(5000, 0), /node 0 is not inside of it/],
    [leaf, (page) => nodeOf(page).writeUInt16LE(5000, 6), /node 0 is not inside of it/],
    [leaf, (page) => nodeOf(page).writeUInt16LE(4, 4), /flags 4 of an entry/],
    [leaf, (page) => nodeOf(page).writeUInt8(0xff, 8), /keys do not ascend/],
    [branch, (page) => nodeOf(page).writeUInt32LE(0x7fff_ffff, 0), /it names 1 pages from page/],
    [branch, (page) => void nodeOf(page).copy(nodeOf(page, 1), 0, 0, 4), /in use twice/],
    [long, (page) => page.writeUInt32LE(77, 20), /77 pages where/],
    [long, (page) => page.writeUInt8(0, 18), /flags 0 where 4 is expected/],
  ];
  assert.equal(await faultOf(leaf, () => {}), 'none');
  for (const [flag, change, expected] of cases) {
    const fault = await faultOf(flag, change);
    assert.match(fault, expected, `${change}`);
    assert.match(fault, /^page \d+ of the store file is damaged \(/);
  }
  writeFileSync(path, whole);
  const present = keyOf(Number(/key (\d{6})/.exec(whole.toString('latin1'))?.[1]));
  assert.ok(spoilLength(home.path, present) > 0);
  assert.match((await lmdbPagesFault(systemDisk, home.path)) ?? '', /is not inside of it/);
  writeFileSync(path, whole);
  assert.ok(spoilNode(home.path, present) > 0);
  assert.match(
    (await lmdbPagesFault(systemDisk, home.path)) ?? '',
    /a value of|it names|is not inside/,
  );
});

/** A disk without the paths that match, whose reads from a position on fail. */
const diskWithout = (hidden: RegExp, readFrom = Number.POSITIVE_INFINITY): Disk => ({
  ...systemDisk,
  open: async (path, purpose) => {
    if (hidden.test(path)) throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    const file = await systemDisk.open(path, purpose);
    const read: typeof file.read = async (target, offset, length, position) => {
      if (position >= readFrom) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return file.read(target, offset, length, position);
    };
    return { ...file, read, size: () => file.size(), close: () => file.close() };
  },
});

test('a store of a killed process is looked at, whether or not the boot is known', async (t) => {
  const random = seeded(seed + 2);
  const home = await grownHome(t, random, 5, 3000);
  const killed = lmdbHome();
  t.after(() => killed.remove());
  const engine = home.open();
  const unknownBoot = diskWithout(/boot_id/);
  for (let round = 0; round < 8; round += 1) {
    await engine.commit(someChanges(random, 3000));
    if (random.chance(0.5)) await engine.flush();
    const file = readFileSync(join(home.path, 'data.mdb'));
    writeFileSync(join(killed.path, 'data.mdb'), file);
    assert.equal(await lmdbPagesFault(systemDisk, killed.path), undefined);
    assert.equal(await lmdbPagesFault(unknownBoot, killed.path), undefined);
    for (let at = 2 * pageBytes; at < file.length; at += pageBytes) {
      if (file.readUInt8(at + 18) === leaf) file.writeUInt16LE(0xfff0, at + 24);
    }
    writeFileSync(join(killed.path, 'data.mdb'), file);
    assert.match((await lmdbPagesFault(systemDisk, killed.path)) ?? '', /is not inside of it/);
    assert.match((await lmdbPagesFault(unknownBoot, killed.path)) ?? '', /is not inside of it/);
  }
  await engine.close();
});

test('a store that the disk cannot read is damaged', async (t) => {
  const home = await grownHome(t, seeded(seed), 3, 1000);
  assert.equal(await storeFaultAtStart(systemDisk, home.path), undefined);
  const badHead = diskWithout(/none/, 0);
  assert.match((await storeFaultAtStart(badHead, home.path)) ?? '', /cannot read/);
  assert.match((await lmdbPagesFault(diskWithout(/none/, 8192), home.path)) ?? '', /cannot read/);
});

const reader = fileURLToPath(new URL('./read_everything.js', import.meta.url));

test('a file without a fault ends no process that reads it', { timeout: 3_600_000 }, async (t) => {
  t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed}`);
  const random = seeded(seed + 1);
  const home = await grownHome(t, random, 12, 2000);
  const path = join(home.path, 'data.mdb');
  const whole = readFileSync(path);
  const counts = { found: 0, read: 0, refused: 0 };
  for (let count = 0; count < countOf(60, 3000); count += 1) {
    const file = Buffer.from(whole);
    const page = 2 + random.below(whole.length / pageBytes - 2);
    // The heads of pages, the lists and the nodes are what can do harm.
    const at = page * pageBytes + random.below(random.chance(0.7) ? 64 : pageBytes);
    file.writeUInt8(file.readUInt8(at) ^ (1 << random.below(8)), at);
    writeFileSync(path, file);
    if ((await lmdbPagesFault(systemDisk, home.path)) !== undefined) {
      counts.found += 1;
      continue;
    }
    const ran = spawnSync(process.execPath, [reader, home.path], { encoding: 'utf8' });
    const name = `byte ${at} of page ${page} (seed ${seed}): ${ran.stdout}${ran.stderr}`;
    assert.equal(ran.signal, null, name);
    assert.equal(ran.status, 0, name);
    counts.read += 1;
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.found > 0 && counts.read > 0);
});
