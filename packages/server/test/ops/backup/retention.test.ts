/** Which backups are kept, what is removed, and what was cut off. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ObjectStoreError } from '../../../src/io/object_store.js';
import { systemDisk } from '../../../src/io/system_disk.js';
import { type FoundBackup, findBackups } from '../../../src/ops/backup/places.js';
import { planRetention, type Retention } from '../../../src/ops/backup/retention.js';
import { MemoryObjects } from '../../support/memory_objects.js';
import { seeded } from '../../support/seeded.js';
import { TestClock } from '../../support/test_clock.js';
import {
  fill,
  filledDirectories,
  must,
  openReal,
  scratchDirectories,
  type TestDirectories,
} from '../directories.js';
import { backUp, backupClock, copyNamed, forecast, tryBackup, tryRestore } from './backups.js';

const dayMs = 86_400_000;

const addClaims = async (directories: TestDirectories, count: number): Promise<void> => {
  const database = must(await openReal(directories, { segmentBytesMax: 16 * 1024 }));
  await fill(database, count);
  await database.close();
};

const namesAt = async (store: MemoryObjects): Promise<readonly string[]> =>
  (await findBackups(store)).map(({ name }) => name);

test('what a kept backup refers to is kept, and the newest always', async (context) => {
  const directories = await filledDirectories(context);
  const { walDir } = directories;
  const store = new MemoryObjects();
  const clock = backupClock();
  const made: string[] = [];
  for (const isIncremental of [false, false, true, true]) {
    clock.advance(dayMs);
    await addClaims(directories, 130 + 20 * made.length);
    made.push((await backUp(store, clock, { walDir, isIncremental })).name);
  }
  const [, second, third, fourth] = made;
  // The newest refers to segments of the second, and to none of the first.
  const kept = await backUp(store, clock, { walDir, isIncremental: true, retention: { count: 1 } });
  const copy = await copyNamed(store, kept.name);
  assert.ok(kept.removed.includes(made[0] ?? '') && !kept.removed.includes(second ?? ''));
  assert.ok((await namesAt(store)).includes(kept.name));
  for (const segment of await copy.disk.list(copy.directory)) {
    await copy.disk.open(`${copy.directory}/${segment}`, 'read');
  }
  clock.advance(40 * dayMs);
  const days = { days: 30 };
  const alone = await backUp(store, clock, { walDir, retention: days });
  assert.deepEqual(await namesAt(store), [alone.name], 'the others are older, and not needed');
  assert.ok([second, third, fourth].every((name) => name !== undefined));
});

test('a cut off backup is none, is listed, and goes with the next', async (context) => {
  const { walDir } = await filledDirectories(context, 60);
  const whole = new MemoryObjects();
  const full = await backUp(whole, backupClock(), { walDir });
  const puts = whole.objects.size + 1;
  for (let cut = 1; cut < puts; cut += 1) {
    const store = new MemoryObjects();
    let left = cut;
    store.onChange = () => {
      left -= 1;
      if (left < 0) throw new Error('power cut');
    };
    const clock = backupClock();
    await assert.rejects(backUp(store, clock, { walDir }), /power cut/);
    const [found] = await findBackups(store);
    assert.ok(found?.state === 'incomplete' && found.name === full.name, `after ${cut}`);
    store.onChange = undefined;
    const next = await backUp(store, clock, { walDir, isIncremental: true });
    assert.equal(next.type, 'full', 'it is no base');
    assert.deepEqual(next.removed, [found.name]);
    assert.deepEqual(await namesAt(store), [next.name]);
  }
});

test('a removal that is cut off is gone on with', async (context) => {
  const { walDir } = await filledDirectories(context, 60);
  let isCut = true;
  for (let changes = 1; isCut; changes += 1) {
    const store = new MemoryObjects();
    const clock = backupClock();
    const first = await backUp(store, clock, { walDir });
    let left = changes;
    isCut = false;
    store.onChange = (_, key) => {
      if (!key.startsWith(first.name)) return;
      left -= 1;
      isCut ||= left < 0;
      if (left < 0) throw new Error('power cut');
    };
    const options = { walDir, retention: { count: 1 } };
    await backUp(store, clock, options).catch(() => undefined);
    store.onChange = undefined;
    const last = await backUp(store, clock, options);
    assert.deepEqual(await namesAt(store), [last.name], `after ${changes} changes`);
  }
});

class InterruptedObjects extends MemoryObjects {
  /** Runs once, before the first segment is put. */
  interrupt: (() => Promise<void>) | undefined;

  override async put(...call: Parameters<MemoryObjects['put']>): Promise<'stored' | 'exists'> {
    const run = call[0].endsWith('.wal') ? this.interrupt : undefined;
    if (run !== undefined) this.interrupt = undefined;
    await run?.();
    return super.put(...call);
  }
}

test('a backup of another log under way is left alone, with what it needs', async (context) => {
  const directories = await filledDirectories(context);
  const { walDir } = directories;
  const store = new InterruptedObjects();
  const clock = backupClock();
  const base = await backUp(store, clock, { walDir });
  const restored = await scratchDirectories(context);
  must(await tryRestore(await copyNamed(store, base.name), restored));
  await addClaims(directories, 300);
  // While the old node backs up what it has, the restored one keeps only its own.
  const keepOne = (at: TestClock) => async (): Promise<void> => {
    const other = { walDir: restored.walDir, retention: { count: 1 } };
    await backUp(store, at, other);
  };
  store.interrupt = keepOne(clock);
  const slow = await backUp(store, clock, { walDir, isIncremental: true });
  assert.equal(slow.base, base.name);
  must(await tryRestore(await copyNamed(store, slow.name), await scratchDirectories(context)));

  // By a clock that is days ahead it was given up long ago.
  store.interrupt = keepOne(new TestClock(clock.wallMs() + 3 * dayMs));
  const robbed = await tryBackup(store, clock, { walDir, isIncremental: true });
  assert.ok(!robbed.ok && robbed.error.code === 'conflict', JSON.stringify(robbed));
  assert.match(robbed.error.detail, /make it again/);
  assert.ok((await findBackups(store)).every(({ state }) => state === 'complete'));
  assert.equal((await backUp(store, clock, { walDir, isIncremental: true })).type, 'full');
});

test('a place that lets nobody remove anything takes backups', async (context) => {
  const { walDir } = await filledDirectories(context, 20);
  const store = new MemoryObjects();
  store.onChange = (call) => {
    if (call === 'remove') throw new ObjectStoreError('denied', 'Nothing is removed here.');
  };
  const clock = backupClock();
  const first = await backUp(store, clock, { walDir });
  assert.equal(first.notRemoved, null, 'nobody asked for it');
  const second = await backUp(store, clock, { walDir, retention: { count: 1 } });
  assert.deepEqual([second.notRemoved, second.removed], ['Nothing is removed here.', []]);
  assert.ok(second.isNoted);
});

test('a failure leaves no part of a backup when the store can still be asked', async (context) => {
  const { walDir } = await filledDirectories(context, 60);
  const store = new MemoryObjects();
  store.onChange = (call, key) => {
    if (call === 'put' && key.endsWith('metadata.json')) throw new Error('refused');
  };
  await assert.rejects(backUp(store, backupClock(), { walDir }), /refused/);
  assert.equal(store.objects.size, 0);
});

test('two at once: the second is refused, and a taken name is passed over', async (context) => {
  const { walDir } = await filledDirectories(context, 20);
  const store = new MemoryObjects();
  const clock = backupClock();
  const lock = await systemDisk.lock(`${walDir}/backup.lock`);
  const refused = await tryBackup(store, clock, { walDir });
  assert.ok(!refused.ok && refused.error.code === 'data_directory_locked');
  await lock?.release();
  store.objects.set('stemedb-backup-20270115-080002/started.json', Buffer.from('{}'));
  const made = await backUp(store, clock, { walDir });
  assert.equal(made.name, 'stemedb-backup-20270115-080003');
  clock.advance(2 * dayMs);
  const later = await backUp(store, clock, { walDir, retention: { count: 1 } });
  assert.deepEqual(later.removed, [made.name], 'nobody knows who goes on with the other');
});

test('a clock that was set back does not make the newest backup the oldest', async (context) => {
  const directories = await filledDirectories(context, 20);
  const { walDir } = directories;
  const store = new MemoryObjects();
  const ahead = new TestClock(1_900_000_000_000);
  const first = await backUp(store, ahead, { walDir });
  await addClaims(directories, 40);
  const clock = backupClock();
  const second = await backUp(store, clock, { walDir, retention: { count: 1 } });
  assert.deepEqual(second.removed, [first.name]);
  assert.deepEqual(await namesAt(store), [second.name]);
  const third = await backUp(store, clock, { walDir, retention: { days: 1 } });
  assert.deepEqual(await namesAt(store), [second.name, third.name]);
});

test('metadata are read once, and not held', async (context) => {
  const { walDir } = await filledDirectories(context, 20);
  const store = new MemoryObjects();
  const clock = backupClock();
  for (let count = 0; count < 10; count += 1) await backUp(store, clock, { walDir });
  let reads = 0;
  store.get = async (key) => {
    if (key.endsWith('metadata.json')) reads += 1;
    return store.objects.get(key);
  };
  await backUp(store, clock, { walDir, isIncremental: true, retention: { count: 8 } });
  assert.equal(reads, 10 + 1 + 1, 'each there, the whole of the base, and the one just made');
  for (const found of await findBackups(store)) {
    assert.ok(found.state === 'complete' && !('segments' in found.metadata));
  }
});

test('a dry run says what would be removed, and what would be needed', async (context) => {
  const directories = await filledDirectories(context);
  const { walDir } = directories;
  const store = new MemoryObjects();
  const clock = backupClock();
  const made: string[] = [];
  for (const isIncremental of [false, false, true]) {
    await addClaims(directories, 130 + 20 * made.length);
    made.push((await backUp(store, clock, { walDir, isIncremental })).name);
  }
  for (const isIncremental of [true, false]) {
    const options = { walDir, isIncremental, retention: { count: 1 } };
    const before = await namesAt(store);
    const said = await forecast(store, clock, options);
    assert.deepEqual(await namesAt(store), before);
    const done = await backUp(store, clock, options);
    assert.deepEqual(said.removed, done.removed);
    assert.ok(done.removed.length > 0);
  }
});

test('damaged metadata keep everything, and backups of others stay', async (context) => {
  const { walDir } = await filledDirectories(context, 20);
  const other = await filledDirectories(context, 20);
  const store = new MemoryObjects();
  const clock = backupClock();
  const first = await backUp(store, clock, { walDir });
  const foreign = await backUp(store, clock, { walDir: other.walDir });
  const second = await backUp(store, clock, { walDir, retention: { count: 1 } });
  assert.deepEqual(second.removed, [first.name]);
  store.objects.set('stemedb-backup-20200101-000000/metadata.json', Buffer.from('{}'));
  const third = await backUp(store, clock, { walDir, retention: { count: 1 } });
  assert.deepEqual(third.removed, []);
  assert.deepEqual(third.damaged, ['stemedb-backup-20200101-000000']);
  store.objects.delete('stemedb-backup-20200101-000000/metadata.json');
  const last = await backUp(store, clock, { walDir, retention: { count: 1 } });
  assert.deepEqual(await namesAt(store), [foreign.name, last.name]);
});

test('no plan removes the one just made, or what a kept one needs', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = seeded(seed);
    const needs = new Map<string, readonly string[]>();
    const stated = Array.from({ length: 1 + random.below(12) }, (_, at) => {
      const name = `stemedb-backup-20270101-0000${String(at).padStart(2, '0')}`;
      needs.set(name, [...[...needs.keys()].filter(() => random.chance(0.2)), name]);
      // Of three logs, two of them of this database, by clocks that jump.
      const log_id = random.pick(['own', 'before', 'foreign']);
      const database_id = log_id === 'foreign' ? 'other' : 'a';
      const time_ms = random.below(12) * dayMs;
      const order = { newest_stamp: String(100 + at), record_count: at };
      return { name, time_ms, database_id, log_id, ...order };
    });
    const found = random.shuffled(stated).map((metadata) => {
      const { name } = metadata;
      const refersTo = needs.get(name) ?? [];
      const backup = { name, files: new Map(), state: 'complete', metadata, refersTo };
      return backup as unknown as FoundBackup;
    });
    const made = stated.filter(({ log_id }) => log_id === 'own').at(-1);
    if (made === undefined) continue;
    const [count, days] = [1 + random.below(5), 1 + random.below(8)];
    const retention: Retention = random.pick([{}, { count }, { days }, { count, days }]);
    const nowMs = random.below(12) * dayMs + 1;
    const refersTo = needs.get(made.name) ?? [];
    const of = { databaseId: 'a', logId: 'own', name: made.name, refersTo };
    const plan = planRetention(found, of, retention, nowMs);
    const unmade = found.filter(({ name }) => name !== made.name);
    const dry = planRetention(unmade, { ...of, name: 'unmade' }, retention, nowMs);
    assert.deepEqual(dry.removed, plan.removed, `seed ${seed}: a dry run says the same`);
    const ours = ['own', 'before'].flatMap((id) =>
      stated.filter(({ log_id }) => log_id === id).reverse(),
    );
    const isAll = retention.count === undefined && retention.days === undefined;
    const wanted = ours.filter(
      ({ time_ms }, at) =>
        at < Math.max(1, retention.count ?? 0) ||
        isAll ||
        nowMs - time_ms < (retention.days ?? -100) * dayMs,
    );
    const expected = new Set([
      ...wanted.flatMap(({ name }) => needs.get(name) ?? []),
      ...stated.filter(({ log_id }) => log_id === 'foreign').map(({ name }) => name),
    ]);
    const kept = plan.kept.map(({ name }) => name);
    assert.deepEqual([...kept].sort(), [...expected].sort(), `seed ${seed}`);
    assert.equal(kept.length + plan.removed.length, stated.length);
  }
});
