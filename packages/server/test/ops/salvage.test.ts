/**
 * What is brought back of damaged archives and backups: exactly the records in front of the first
 * object that is not as it was put, held against a ledger of all that was written; and behind it
 * every record of a whole object is written out. The message has the seed.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type { ObjectStore } from '../../src/io/object_store.js';
import type { LogRecord } from '../../src/log/log.js';
import { newestHead } from '../../src/ops/archive/heads.js';
import { folderOf, headKey } from '../../src/ops/archive/keys.js';
import { allSealed } from '../../src/ops/archive/sealed_list.js';
import { sealFor, type Unseal, unsealWith } from '../../src/ops/archive/seals.js';
import { readMetadata } from '../../src/ops/backup/places.js';
import { formatExportLine } from '../../src/ops/export_line.js';
import { restoreCopy } from '../../src/ops/restore_copy.js';
import { openHoledArchive } from '../../src/ops/salvage/holed_archive.js';
import { openHoledBackup } from '../../src/ops/salvage/holed_backup.js';
import type { HoledCopy } from '../../src/ops/salvage/holed_copy.js';
import { planSalvage, type SalvagePlan } from '../../src/ops/salvage/plan.js';
import { entries } from '../conformance/log.js';
import { SeededRandom } from '../simulation/seeded_random.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import { simulatedDatabase, submit } from '../support/databases.js';
import { FaultyObjects, FaultyPlace } from '../support/faulty_objects.js';
import { MemoryObjects } from '../support/memory_objects.js';
import { countOf } from '../support/seeded.js';
import { ArchiveRoom, walDir } from './archive/room.js';
import { backUp, backupClock, contentOf, recordsOf } from './backup/backups.js';
import { must, signedClaim } from './directories.js';

/** An object that holds bytes of the log, or describes it. */
interface Placed {
  readonly key: string;
  /** Bytes that it holds, counted through all segments. */
  readonly from: number;
  readonly to: number;
}

/** A copy with all that was written into its log. */
interface World {
  readonly objects: ReadonlyMap<string, Uint8Array>;
  readonly records: readonly LogRecord[];
  readonly placed: readonly Placed[];
  readonly open: (store: ObjectStore) => Promise<HoledCopy>;
}

const kinds = ['flipped', 'cut', 'longer', 'removed', 'swapped'] as const;

/** Spoils one object, or two; gives their keys. */
const spoil = (
  objects: Map<string, Uint8Array>,
  keys: readonly string[],
  random: SeededRandom,
): readonly string[] => {
  const kind = random.pick(kinds);
  const key = random.pick(keys);
  const bytes = Buffer.from(objects.get(key) ?? assert.fail(key));
  if (kind === 'removed') objects.delete(key);
  if (kind === 'cut') objects.set(key, bytes.subarray(0, random.below(bytes.length)));
  if (kind === 'longer') objects.set(key, Buffer.concat([bytes, random.bytes(3)]));
  if (kind === 'flipped') {
    const bit = random.below(8 * bytes.length);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    objects.set(key, bytes);
  }
  if (kind !== 'swapped') return [key];
  const other = random.pick(keys.filter((one) => one !== key));
  objects.set(key, objects.get(other) ?? assert.fail(other));
  objects.set(other, bytes);
  return [key, other];
};

/** Restores what is planned on an empty disk; gives the records behind the continuation. */
const salvaged = async (plan: SalvagePlan) => {
  const disk = new SimulatedDisk();
  const outcome = await restoreCopy({
    ...{ disk, clock: new SimulatedClock(), random: new SeededRandom(1), copy: plan.copy },
    ...{ walDir: '/new/wal', dbDir: '/new/db', freeBytesMin: 0 },
    beside: plan.laterInto(disk, '/new/wal'),
    onProgress: () => undefined,
  });
  const restored = must(outcome);
  const [, ...records] = await recordsOf('/new/wal', disk);
  const path = '/new/wal/behind-damage.jsonl';
  return { restored, records, later: (await disk.exists(path)) ? await textOf(disk, path) : '' };
};

const textOf = async (disk: SimulatedDisk, path: string): Promise<string> => {
  const file = await disk.open(path, 'read');
  const bytes = Buffer.alloc(await file.size());
  await file.read(bytes, 0, bytes.length, 0);
  await file.close();
  return bytes.toString('utf8');
};

const assertSalvages = async (world: World, harmed: readonly string[], plan: SalvagePlan) => {
  const bad = world.placed.filter(({ key }) => harmed.includes(key));
  const first = Math.min(...bad.map(({ from }) => from));
  const kept = world.records.filter(({ offset }) => offset < first);
  const isIn = ({ offset }: LogRecord): boolean =>
    bad.some(({ from, to }) => offset >= from && offset < to);
  const later = world.records.filter((record) => record.offset >= first && !isIn(record));
  const lost = world.records.filter(isIn).map(({ sequence }) => sequence);
  const told = plan.lost.flatMap(({ from, to }) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index),
  );
  assert.deepEqual(told, lost);
  for (const part of plan.lost) {
    assert.equal(part.after, world.records[part.from - 2]?.stamp ?? '0'.repeat(32));
    assert.equal(part.before, world.records[part.to]?.stamp);
    assert.ok(part.files.length > 0 && part.files.every((file) => harmed.includes(file)));
  }
  assert.deepEqual(plan.damage.map(({ file }) => file).sort(), [...harmed].sort());
  const found = await salvaged(plan);
  assert.deepEqual(found.records.map(contentOf), kept.map(contentOf));
  assert.equal(found.later, later.map(formatExportLine).join(''));
};

const segmentBytesMax = 2500;

/** Several sealed segments, several parts, and some history. */
const archiveWorld = async (isEncrypted: boolean): Promise<World> => {
  const room = await ArchiveRoom.make(7, segmentBytesMax);
  let unseal: Unseal | undefined;
  if (isEncrypted) {
    const secret = await generateIdentity();
    room.seal = must(await sealFor(await identityToRecipient(secret)));
    room.archiver = room.newArchiver();
    unseal = must(await unsealWith('keys', `${secret}\n`));
  }
  for (let at = 0; at < 14; at += 1) {
    await room.append(3);
    await room.log.mark();
    await room.pass();
  }
  const records = await recordsOf(walDir, room.disk);
  const placed = await placedIn(room.place);
  const open = async (store: ObjectStore) => must(await openHoledArchive({ store, unseal }));
  return { objects: room.place.objects, records, placed, open };
};

const headOf = async (place: FaultyPlace) => {
  const [key = ''] = place.objects.keys();
  const [databaseId = '', logId = ''] = key.split('/');
  const head = must(await newestHead(new FaultyObjects(place), { databaseId, logId }));
  return head ?? assert.fail('no head');
};

/** What the newest head leads to; the key of the node holds no byte of the log. */
const placedIn = async (place: FaultyPlace): Promise<readonly Placed[]> => {
  const head = await headOf(place);
  const folder = folderOf(head);
  const { firstOffset, parts } = head.open;
  const sealed = await allSealed(new FaultyObjects(place), folder, head.sealed);
  const none = Number.POSITIVE_INFINITY;
  return [
    ...sealed.map(({ name, firstOffset: from, bytes }) => ({
      ...{ key: `${folder}${name}`, from, to: from + bytes },
    })),
    ...parts.map(({ name, start, bytes }) => {
      const from = firstOffset + start;
      return { key: `${folder}${name}`, from, to: from + bytes };
    }),
    ...(head.identity === null
      ? []
      : [{ key: `${folder}${head.identity.name}`, from: none, to: none }]),
  ];
};

for (const isEncrypted of [false, true]) {
  const count = countOf(isEncrypted ? 15 : 60, 3000);
  const what = isEncrypted ? 'encrypted' : 'plain';
  test(`salvages ${count} damaged ${what} archives up to the damage`, async () => {
    const world = await archiveWorld(isEncrypted);
    assert.ok(world.placed.length > 8);
    const keys = world.placed.map(({ key }) => key);
    for (let seed = 1; seed <= count; seed += 1) {
      const place = new FaultyPlace();
      for (const [key, bytes] of world.objects) place.objects.set(key, bytes);
      const harmed = spoil(place.objects, keys, new SeededRandom(seed));
      try {
        const holed = await world.open(new FaultyObjects(place));
        await assertSalvages(world, harmed, must(await planSalvage(holed)));
      } catch (error) {
        throw new Error(`seed ${seed}: ${harmed.join()}: ${error}`, { cause: error });
      }
    }
  });
}

/** The second backup refers to the first for its sealed segments. */
const backupWorld = async (): Promise<World> => {
  const disk = new SimulatedDisk();
  const startMs = 1_790_000_000_000;
  const target = await simulatedDatabase({ startMs, identity: 1, disk, segmentBytesMax: 8 * 1024 });
  const store = new MemoryObjects();
  const clock = backupClock();
  let name = '';
  for (const isIncremental of [false, true]) {
    for (let claim = 0; claim < 50; claim += 1) {
      target.clock.advance(1);
      await submit(target.database, signedClaim(claim + (isIncremental ? 1000 : 0)));
    }
    await target.database.log.mark();
    const sleep = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
    ({ name } = await backUp(store, clock, { disk, walDir, isIncremental, sleep }));
  }
  const records = await recordsOf(walDir, disk);
  await target.database.close();
  const { segments, files } = must(await readMetadata(store, name));
  const none = Number.POSITIVE_INFINITY;
  const placed = [
    ...segments.map(({ name: segment, backup, bytes }) => {
      const from = Number.parseInt(segment, 16);
      return { key: `${backup}/${segment}`, from, to: from + bytes };
    }),
    ...files.map((file) => ({ key: `${name}/${file.name}`, from: none, to: none })),
  ];
  const open = async (from: ObjectStore) => must(await openHoledBackup(from, name));
  return { objects: store.objects, records, placed, open };
};

const backupCount = countOf(35, 3000);

test(`salvages ${backupCount} damaged backups up to the damage`, async () => {
  const world = await backupWorld();
  assert.ok(world.placed.length > 5);
  const keys = world.placed.map(({ key }) => key);
  for (let seed = 1; seed <= backupCount; seed += 1) {
    const store = new MemoryObjects(world.objects);
    const harmed = spoil(store.objects, keys, new SeededRandom(seed));
    try {
      await assertSalvages(world, harmed, must(await planSalvage(await world.open(store))));
    } catch (error) {
      throw new Error(`seed ${seed}: ${harmed.join()}: ${error}`, { cause: error });
    }
  }
});

let room: ArchiveRoom;

before(async () => {
  room = await ArchiveRoom.make(7, segmentBytesMax);
  for (let at = 0; at < 6; at += 1) {
    await room.append(2);
    await room.log.mark();
    await room.pass();
  }
});

const planAt = async (place: FaultyPlace) =>
  planSalvage(must(await openHoledArchive({ store: new FaultyObjects(place) })));

test('refuses an archive in which nothing is damaged', async () => {
  const planned = await planAt(room.place);
  assert.equal(planned.ok ? '' : planned.error.code, 'conflict');
  assert.match(planned.ok ? '' : planned.error.detail, /nothing to salvage: restore it plainly/);
});

test('goes back to the newest head that can be read, and is signed for exactly that', async () => {
  const place = room.place.clone();
  const head = await headOf(place);
  for (const back of [0, 1]) {
    place.objects.set(headKey(head, head.generation - back), Buffer.from('{}'));
  }
  const before = headKey(head, head.generation - 2);
  const plan = must(await planAt(place));
  assert.deepEqual(plan.proof, { where: before, size: plan.copy.facts.records });
  assert.ok(plan.copy.facts.records < head.tree.size && plan.copy.facts.records > 0);
  assert.notEqual(plan.copy.checkpoint, undefined);
  assert.equal(plan.damage.length, 2);
  const { records } = await salvaged(plan);
  assert.equal(records.length, plan.copy.facts.records);
});

test('is held against an older head where no head covers exactly what is whole', async () => {
  const place = room.place.clone();
  const head = await headOf(place);
  const [newest] = head.open.parts.toReversed();
  place.objects.delete(`${folderOf(head)}${newest?.name}`);
  for (const older of [1, 2]) place.objects.delete(headKey(head, head.generation - older));
  const plan = must(await planAt(place));
  assert.ok(plan.proof !== undefined && plan.proof.size < plan.copy.facts.records);
  assert.equal(plan.copy.checkpoint, undefined);
  await salvaged(plan);
});

test('refuses what was not signed, however whole its objects are', async () => {
  const other = await ArchiveRoom.make(7, segmentBytesMax);
  must(await other.log.append(entries(5, 2)));
  await other.log.mark();
  await other.pass();
  const store = new FaultyObjects(room.place);
  const holed = must(await openHoledArchive({ store }));
  const { checkpoint } = await headOf(other.place);
  const planned = await planSalvage({ ...holed, notes: new Map([['saved', checkpoint]]) });
  assert.equal(planned.ok ? '' : planned.error.code, 'log_altered');
});

test('finds the segments of a damaged list by their names, and all are proved', async () => {
  const many = await ArchiveRoom.make(7, 400);
  for (let at = 0; at < 60; at += 1) await many.append(1);
  await many.log.mark();
  await many.pass();
  const head = await headOf(many.place);
  const list = head.sealed.list ?? assert.fail('no list');
  const listKey = `${folderOf(head)}${list.name}`;
  const [third] = (await placedIn(many.place)).slice(2);
  many.place.objects.set(listKey, Buffer.from('{}'));
  const plan = must(await planAt(many.place));
  assert.deepEqual([plan.copy.facts.records, plan.lost], [60, []]);
  assert.equal(plan.proof?.size, 60);
  assert.equal((await salvaged(plan)).records.length, 60);
  many.place.objects.set(third?.key ?? '', Buffer.from('x'));
  const less = must(await planAt(many.place));
  const { records, later } = await salvaged(less);
  const lost = less.lost.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  assert.ok(lost > 0);
  assert.equal(records.length + lost + later.split('\n').length - 1, 60);
  assert.deepEqual(less.damage.map(({ file }) => file).sort(), [listKey, third?.key].sort());
});

test('names what is lost where neither the list nor the segment is there any more', async () => {
  const many = await ArchiveRoom.make(7, 400);
  for (let at = 0; at < 60; at += 1) await many.append(1);
  await many.log.mark();
  await many.pass();
  const head = await headOf(many.place);
  const [, , third] = await placedIn(many.place);
  many.place.objects.delete(`${folderOf(head)}${head.sealed.list?.name}`);
  many.place.objects.delete(third?.key ?? '');
  const plan = must(await planAt(many.place));
  assert.equal(plan.lost.length, 1);
  const [{ from = 0, to = 0, files = [] } = {}] = plan.lost;
  assert.deepEqual([from, files], [plan.copy.facts.records + 1, []]);
  const { records, later } = await salvaged(plan);
  assert.equal(records.length, from - 1);
  assert.equal(later.split('\n').length - 1, 60 - to);
});

test('an archive without a readable head says so', async () => {
  const place = room.place.clone();
  for (const key of place.objects.keys()) {
    if (key.includes('/heads/')) place.objects.set(key, Buffer.from('{}'));
  }
  const opened = await openHoledArchive({ store: new FaultyObjects(place) });
  assert.equal(opened.ok ? '' : opened.error.code, 'copy_damaged');
});

test('what fails after the log was written leaves nothing', async () => {
  const place = room.place.clone();
  const head = await headOf(place);
  const [first] = await placedIn(place);
  place.objects.delete(first?.key ?? '');
  const plan = must(await planAt(place));
  assert.ok(plan.laterRecords > 0 && head.tree.size > plan.laterRecords);
  const disk = new SimulatedDisk();
  const beside = plan.laterInto(disk, '/new/wal');
  const outcome = await restoreCopy({
    ...{ disk, clock: new SimulatedClock(), random: new SeededRandom(1), copy: plan.copy },
    ...{ walDir: '/new/wal', dbDir: '/new/db', freeBytesMin: 0 },
    beside: {
      ...beside,
      write: async () => {
        await beside.write();
        throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      },
    },
    onProgress: () => undefined,
  });
  assert.ok(!outcome.ok);
  const left = disk.pathsIn('/new/wal').filter((path) => !path.endsWith('/lock'));
  assert.deepEqual(left, []);
});
