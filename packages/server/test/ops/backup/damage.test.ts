/**
 * Faults 5, 6 and 12: random damage of backups. Every piece of it is found by `verify`, which names
 * the file, and refused by `restore`, which leaves nothing behind. The message has the seed.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { JsonObject, Outcome } from '@stemedb/model';
import { lockFileName } from '../../../src/log/directory.js';
import { openBackupCopy } from '../../../src/ops/backup/backup_copy.js';
import type { LogCopy } from '../../../src/ops/log_copy.js';
import { verifyCopy } from '../../../src/ops/verify_copy.js';
import { SimulatedDisk } from '../../simulation/simulated_disk.js';
import { simulatedDatabase, submit } from '../../support/databases.js';
import { MemoryObjects } from '../../support/memory_objects.js';
import { countOf, type Seeded, seeded } from '../../support/seeded.js';
import { signedClaim } from '../directories.js';
import { backUp, backupClock, rewritten, tryRestore } from './backups.js';

const rounds = countOf(200, 20_000);
const firstSeed = Number(process.env.STEMEDB_SEED ?? 190_000);

/** Backups of one growing database: a full one, two on top of it, and a full one again. */
interface World {
  readonly store: MemoryObjects;
  readonly names: readonly string[];
}

let world: World;

/** The same each time, but for the claims. */
const makeWorld = async (claimAt: (index: number) => number): Promise<World> => {
  const disk = new SimulatedDisk();
  const target = await simulatedDatabase({
    startMs: 1_790_000_000_000,
    identity: 1,
    disk,
    segmentBytesMax: 8 * 1024,
  });
  const store = new MemoryObjects();
  const clock = backupClock();
  const names: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    for (let claim = 0; claim < 60; claim += 1) {
      target.clock.advance(1);
      await submit(target.database, signedClaim(claimAt(round * 1000 + claim)));
    }
    // A backup reads what the log has marked, and nobody waits for that here.
    await target.database.log.mark();
    const isIncremental = round === 1 || round === 2;
    const sleep = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
    const made = await backUp(store, clock, { disk, walDir: '/wal', isIncremental, sleep });
    names.push(made.name);
  }
  await target.database.close();
  return { store, names };
};

before(async () => {
  world = await makeWorld((index) => index);
});

type Objects = Map<string, Uint8Array>;

/** What is done to the objects that a backup consists of; gives the files that it harmed. */
type Damage = (
  random: Seeded,
  objects: Objects,
  keys: readonly string[],
  name: string,
) => readonly string[] | undefined;

const bytesOf = (objects: Objects, key: string): Uint8Array =>
  objects.get(key) ?? assert.fail(`no ${key}`);

const flip: Damage = (random, objects, keys) => {
  const key = random.pick(keys);
  const bytes = Uint8Array.from(bytesOf(objects, key));
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  objects.set(key, bytes);
  return [key];
};

const truncate: Damage = (random, objects, keys) => {
  const key = random.pick(keys);
  const bytes = bytesOf(objects, key);
  objects.set(key, bytes.slice(0, random.below(bytes.length)));
  return [key];
};

const lengthen: Damage = (random, objects, keys) => {
  const key = random.pick(keys);
  objects.set(key, Buffer.concat([bytesOf(objects, key), Buffer.alloc(1 + random.below(600))]));
  return [key];
};

const zeroSector: Damage = (random, objects, keys) => {
  const key = random.pick(keys);
  const bytes = Uint8Array.from(bytesOf(objects, key));
  const from = random.below(bytes.length);
  if (bytes.subarray(from, from + 512).every((byte) => byte === 0)) return undefined;
  objects.set(key, bytes.fill(0, from, from + 512));
  return [key];
};

const lose: Damage = (random, objects, keys) => {
  const key = random.pick(keys);
  objects.delete(key);
  return [key];
};

const swap: Damage = (random, objects, keys) => {
  const [one = '', other = ''] = random.shuffled(keys);
  const bytes = bytesOf(objects, one);
  if (Buffer.compare(bytes, bytesOf(objects, other)) === 0) return undefined;
  objects.set(one, bytesOf(objects, other));
  objects.set(other, bytes);
  return [one, other];
};

/** The file of the same name from another backup: older, newer, or with other metadata. */
const exchange: Damage = (random, objects, keys) => {
  const key = random.pick(keys);
  const [own = '', ...file] = key.split('/');
  const others = world.names
    .filter((name) => name !== own)
    .map((name) => objects.get([name, ...file].join('/')))
    .filter((bytes) => bytes !== undefined)
    .filter((bytes) => Buffer.compare(bytes, bytesOf(objects, key)) !== 0);
  if (others.length === 0) return undefined;
  objects.set(key, random.pick(others));
  return [key];
};

const add: Damage = (random, objects, _, name) => {
  const key = `${name}/${random.pick(['00000000000f0000.wal', 'admin/keys.log', 'note'])}`;
  objects.set(key, Buffer.from('nobody wrote this'));
  return [key];
};

const damages = { flip, truncate, lengthen, zeroSector, lose, swap, exchange, add };

/** All objects that restoring this backup reads. */
const keysOf = async (name: string): Promise<readonly string[]> => {
  const { store } = world;
  const keys = [...store.objects.keys()].filter((key) => key.startsWith(`${name}/`));
  const opened = await openBackupCopy(store, name);
  assert.ok(opened.ok);
  const { segments } = JSON.parse(
    Buffer.from(bytesOf(store.objects, `${name}/metadata.json`)).toString(),
  ) as { segments: readonly { readonly name: string; readonly backup: string }[] };
  return [...new Set([...keys, ...segments.map((one) => `${one.backup}/${one.name}`)])];
};

const findingsIn = async (copy: LogCopy): Promise<readonly string[]> => {
  const found: string[] = [];
  await verifyCopy({
    copy,
    checkpoints: new Map(),
    onFinding: ({ where, detail }) => found.push(`${where}: ${detail}`),
    onProgress: () => undefined,
  });
  return found;
};

/** Restores on a disk of its own, on which nothing may be left unless it went well. */
const restoredFrom = async (copy: LogCopy): Promise<Outcome<unknown>> => {
  const disk = new SimulatedDisk();
  const restored = await tryRestore(copy, { walDir: '/wal', dbDir: '/db' }, { disk });
  for (const directory of restored.ok ? [] : ['/wal', '/db']) {
    if (!(await disk.exists(directory))) continue;
    const left = (await disk.list(directory)).filter((name) => name !== lockFileName);
    assert.deepEqual(left, [], 'left behind');
  }
  return restored;
};

test('every backup is sound and restores', async () => {
  for (const name of world.names) {
    const copy = await openBackupCopy(world.store, name);
    assert.ok(copy.ok);
    assert.deepEqual(await findingsIn(copy.value), []);
    assert.ok((await restoredFrom(copy.value)).ok);
  }
});

test(`${rounds} pieces of random damage are found and refused`, async (t) => {
  const found = new Map<string, number>();
  for (let round = 0; round < rounds; round += 1) {
    const seed = firstSeed + round;
    const random = seeded(seed);
    const name = random.pick(world.names);
    const objects: Objects = new Map(world.store.objects);
    const kind = random.pick(Object.keys(damages)) as keyof typeof damages;
    const harmed = damages[kind](random, objects, await keysOf(name), name);
    if (harmed === undefined) continue;
    const where = `seed ${seed}: ${kind} of ${harmed.join()} for ${name}`;
    const copy = await openBackupCopy(new MemoryObjects(objects), name);
    if (copy.ok) {
      const findings = await findingsIn(copy.value);
      const isNamed = (key: string): boolean => findings.some((one) => one.includes(key));
      assert.ok(harmed.every(isNamed), `${where}: found ${findings.join('; ')}`);
      // What was only added is in nobody's way; the checkpoint is in the metadata as well.
      const isBeside = harmed.every((key) => kind === 'add' || key.endsWith('/checkpoint'));
      const restored = await restoredFrom(copy.value);
      assert.equal(restored.ok, isBeside, where);
      if (!restored.ok)
        assert.ok(
          harmed.some((key) => restored.error.detail.includes(key)),
          where,
        );
    } else {
      assert.ok(harmed.includes(`${name}/metadata.json`), where);
      assert.ok(['copy_damaged', 'not_found'].includes(copy.error.code), where);
      assert.ok(copy.error.detail.includes(name), where);
    }
    found.set(kind, (found.get(kind) ?? 0) + 1);
  }
  for (const kind of Object.keys(damages)) assert.ok((found.get(kind) ?? 0) > 0, kind);
  t.diagnostic([...found].map(([kind, count]) => `${kind} ${count}`).join(', '));
});

test('metadata that say another thing of sound segments are found', async () => {
  const name = world.names[0] ?? '';
  const opened = await openBackupCopy(world.store, name);
  assert.ok(opened.ok);
  const { facts } = opened.value;
  const changed: readonly Partial<typeof facts>[] = [
    { records: facts.records + 1 },
    { assertions: facts.assertions - 1 },
    { root: Buffer.alloc(32).toString('base64') },
    { newestStamp: 'f'.repeat(32) },
    { logId: '0'.repeat(32) },
    { vkey: facts.vkey.replace(/.{8}$/, 'AAAAAAA=') },
  ];
  for (const change of changed) {
    const copy = { ...opened.value, facts: { ...facts, ...change } };
    assert.ok((await findingsIn(copy)).length > 0, JSON.stringify(change));
    const restored = await restoredFrom(copy);
    assert.ok(!restored.ok && restored.error.code !== 'internal', JSON.stringify(change));
  }
});

test('a segment that says another thing under good hashes is found by the tree', async () => {
  const changedAt = 1030;
  const other = await makeWorld((index) => (index === changedAt ? 999_999 : index));
  assert.deepEqual(other.names, world.names);
  for (const [index, name] of world.names.entries()) {
    const key = `${name}/metadata.json`;
    const [genuine, changed] = [world, other].map(
      ({ store }) => JSON.parse(Buffer.from(bytesOf(store.objects, key)).toString()) as JsonObject,
    );
    const objects: Objects = new Map(other.store.objects);
    const segments = changed?.segments ?? null;
    objects.set(key, rewritten(bytesOf(world.store.objects, key), { segments }));
    assert.equal(genuine?.root === changed?.root, index === 0, 'the first was made before it');
    const copy = await openBackupCopy(new MemoryObjects(objects), name);
    assert.ok(copy.ok);
    const findings = await findingsIn(copy.value);
    const restored = await restoredFrom(copy.value);
    if (index === 0) {
      assert.deepEqual([findings, restored.ok], [[], true]);
      continue;
    }
    assert.ok(
      findings.some((one) => /the root of the tree is/.test(one)),
      findings.join('; '),
    );
    assert.ok(!restored.ok && restored.error.code === 'copy_damaged', name);
    assert.match(restored.error.detail, /the root of the tree is/);
  }
});
