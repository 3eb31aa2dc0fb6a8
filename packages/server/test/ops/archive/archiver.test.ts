/** What a pass puts, what it reads, and what it refuses. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { newestHead } from '../../../src/ops/archive/heads.js';
import { readOperations } from '../../../src/ops/operations_file.js';
import { objectStoreConformance } from '../../conformance/object_store.js';
import { FaultyObjects, FaultyPlace } from '../../support/faulty_objects.js';
import { must } from '../directories.js';
import { ArchiveRoom, assertCopy, copyAt, walDir } from './room.js';

objectStoreConformance('memory', async () => {
  const place = new FaultyPlace();
  return { open: () => new FaultyObjects(place), dispose: async () => undefined };
});

it('puts what is durable, and only what is new', async () => {
  const room = await ArchiveRoom.make(1, 1024 * 1024);
  await room.append(40);
  await room.log.mark();
  const first = await room.pass();
  assert.deepEqual([first.position, first.segments, first.parts], [40, 0, 1]);
  await assertCopy(await copyAt(room.place), 40);
  await room.append(1);
  await room.log.mark();
  const second = await room.pass();
  assert.equal(second.position, 41);
  assert.ok(second.storedBytes < first.storedBytes / 4, `${second.storedBytes} bytes`);
  await assertCopy(await copyAt(room.place), 41);
  const [before, bytes] = [room.place.count, room.place.putBytes];
  const third = await room.pass();
  assert.deepEqual([third.position, third.parts, third.generation], [41, 0, 2]);
  assert.equal(room.place.count, before + 2, 'an idle pass asks twice');
  assert.equal(room.place.putBytes, bytes);
});

it('leaves a batch that nothing proves durable to a later pass', async () => {
  const room = await ArchiveRoom.make();
  await room.append(3);
  await room.append(2);
  assert.equal((await room.pass()).position, 3);
  await room.log.mark();
  assert.equal((await room.pass()).position, 5);
});

it('has every record of a log that was closed, and of one that was killed', async () => {
  for (const isKilled of [false, true]) {
    const room = await ArchiveRoom.make();
    await room.append(7);
    await room.append(5);
    await room.stop(isKilled);
    assert.equal((await room.pass()).position, 12);
    await assertCopy(await copyAt(room.place), 12);
    await room.start();
    await room.append(6);
    await room.log.mark();
    assert.equal((await room.pass()).position, 18);
    await assertCopy(await copyAt(room.place), 18);
  }
});

it('puts sealed segments whole, retires their parts, and removes them later', async () => {
  const room = await ArchiveRoom.make();
  const keysIn = (folder: string): readonly string[] =>
    [...room.place.objects.keys()].filter((key) => key.includes(`/${folder}/`));
  await room.append(3);
  await room.log.mark();
  await room.pass();
  const [old = ''] = keysIn('parts');
  assert.equal(keysIn('parts').length, 1);
  for (let at = 0; at < 8; at += 1) await room.append(5);
  await room.log.mark();
  const sealed = await room.pass();
  assert.ok(sealed.segments >= 2);
  assert.equal(keysIn('segments').length, sealed.segments);
  assert.equal(keysIn('parts').length, 2, 'the old part stays for those who read it');
  await assertCopy(await copyAt(room.place), 43);
  await room.clock.advance(16 * 60_000);
  let passes = 0;
  for (; keysIn('parts').includes(old); passes += 1) {
    await room.append(1);
    await room.log.mark();
    await room.pass();
  }
  assert.ok(passes > 0 && passes <= 8, `gone after ${passes} passes`);
  await assertCopy(await copyAt(room.place), 43 + passes);
});

it('keeps the number of parts and of heads low, and puts little again', async () => {
  const room = await ArchiveRoom.make(1, 64 * 1024 * 1024);
  const passes = 600;
  let parts = 0;
  let storedBytes = 0;
  for (let pass = 1; pass <= passes; pass += 1) {
    await room.append(2);
    await room.log.mark();
    storedBytes += (await room.pass()).storedBytes;
    await room.clock.advance(60_000);
    const head = must(await newestHead(new FaultyObjects(room.place), await idsOf(room)));
    parts = Math.max(parts, head?.open.parts.length ?? 0);
  }
  assert.ok(parts <= 7 * 4, `${parts} parts`);
  const { bytes } = room.log.usage;
  // These records do not shrink when they are compressed alone, and do together.
  assert.ok(storedBytes < 2 * bytes, `${storedBytes} put for ${bytes}`);
  const heads = room.place.putBytes - storedBytes;
  assert.ok(heads < passes * 12_000, `${heads} bytes of heads`);
  await assertCopy(await copyAt(room.place), 2 * passes);
  await room.clock.advance(16 * 60_000);
  await room.append(1);
  await room.log.mark();
  await room.pass();
  const kept = [...room.place.objects.keys()].filter((key) => key.includes('/heads/'));
  assert.equal(kept.length, 8);
});

const idsOf = async (room: ArchiveRoom) => {
  const { facts } = await copyAt(room.place);
  return { databaseId: facts.databaseId, logId: facts.logId };
};

it('knows all segments of a long log', async () => {
  const room = await ArchiveRoom.make(1, 600);
  for (let at = 0; at < 150; at += 1) await room.append(1);
  await room.log.mark();
  const pass = await room.pass();
  assert.ok(pass.segments > 100, `${pass.segments} segments`);
  await assertCopy(await copyAt(room.place), 150);
  const lists = [...room.place.objects.keys()].filter((key) => key.includes('/sealed/'));
  assert.ok(lists.length >= 2);
});

it('notes beside the log when it last succeeded', async () => {
  const room = await ArchiveRoom.make();
  await room.append(3);
  await room.log.mark();
  await room.pass();
  const note = must(await readOperations(room.disk, walDir)).get('archive');
  assert.deepEqual(note, { finishedAtMs: room.clock.wallMs(), position: 3, name: 'memory' });
});

it('notes and tells after each commit how far a long pass is', async () => {
  const room = await ArchiveRoom.make(1, 600);
  await room.append(1);
  for (let at = 0; at < 20; at += 1) await room.append(1);
  await room.log.mark();
  let heads = 0;
  room.place.fault = (operation, key) => {
    if (operation === 'put' && key.includes('/heads/')) heads += 1;
    return heads > 5 ? 'before' : undefined;
  };
  const told: number[] = [];
  const onCommit = (position: number, records: number): void => {
    assert.equal(records, 21);
    told.push(position);
  };
  const passed = await room.newArchiver(undefined, onCommit).pass();
  assert.equal(passed.ok ? '' : passed.error.code, 'not_ready');
  assert.equal(told.length, 5);
  const note = must(await readOperations(room.disk, walDir)).get('archive');
  assert.equal(note?.position, told.at(-1));
  room.place.fault = undefined;
  await assertCopy(await copyAt(room.place), told.at(-1) ?? 0);
});

it('refuses a log that was set back, and changes nothing', async () => {
  const { room, past } = await ArchiveRoom.withPast();
  await room.append(5);
  await room.log.mark();
  await room.pass();
  const objects = new Map(room.place.objects);
  room.disk = past;
  await room.start();
  for (const appended of [0, 3, 9]) {
    if (appended > 0) await room.append(appended);
    await room.log.mark();
    const passed = await room.newArchiver().pass();
    assert.equal(passed.ok ? '' : passed.error.code, 'log_altered', `${appended} appended`);
    assert.deepEqual(room.place.objects, objects);
  }
});

it('refuses a log that was set back to before a segment that is archived whole', async () => {
  const { room, past } = await ArchiveRoom.withPast();
  for (let at = 0; at < 4; at += 1) await room.append(5);
  // Whole segments and nothing of the open one.
  const store = new FaultyObjects(room.place);
  room.place.fault = (operation, key) =>
    operation === 'put' && key.includes('/parts/') ? 'before' : undefined;
  const cut = await room.archiver.pass();
  assert.equal(cut.ok ? '' : cut.error.code, 'not_ready');
  room.place.fault = undefined;
  const head = must(await newestHead(store, await idsOf(room)));
  assert.deepEqual([head?.open.bytes, head?.sealed.count], [0, 2]);
  room.disk = past;
  await room.start();
  for (let at = 0; at < 12; at += 1) {
    const passed = await room.newArchiver().pass();
    assert.equal(passed.ok ? '' : passed.error.code, 'log_altered');
    await room.append(1 + (at % 3));
    await room.log.mark();
  }
});

it('says when there is no log, or it cannot be read', async () => {
  const room = await ArchiveRoom.make();
  await room.append(5);
  await room.stop();
  room.disk.hook = ({ type }) => (type === 'read' ? { type: 'error', code: 'EIO' } : undefined);
  const unreadable = await room.archiver.pass();
  assert.equal(unreadable.ok ? '' : unreadable.error.code, 'log_failed');
  room.disk.hook = undefined;
  for (const path of room.disk.pathsIn(walDir)) room.disk.take(path);
  const missing = await room.archiver.pass();
  assert.equal(missing.ok ? '' : missing.error.code, 'not_found');
  assert.equal(room.place.objects.size, 0);
});

it('refuses to archive what is damaged', async () => {
  const room = await ArchiveRoom.make();
  for (let at = 0; at < 8; at += 1) await room.append(5);
  await room.log.mark();
  const [first = ''] = room.disk.pathsIn(walDir).filter((path) => path.endsWith('.wal'));
  room.disk.flipBit(first, 8 * 400);
  const passed = await room.archiver.pass();
  assert.equal(passed.ok ? '' : passed.error.code, 'log_corrupt');
  assert.equal(room.place.objects.size, 0);
});

/** Appends until the next part takes in those before, or until the open segment is sealed. */
const growTo = {
  'merged part': async (room: ArchiveRoom): Promise<void> => {
    for (let at = 0; at < 6; at += 1) {
      await room.append(1);
      await room.log.mark();
      await room.pass();
    }
    await room.append(1);
  },
  'sealed segment': async (room: ArchiveRoom): Promise<void> => {
    for (let at = 0; at < 12; at += 1) await room.append(5);
  },
};

for (const [what, grow] of Object.entries(growTo)) {
  for (const isFollowing of [true, false]) {
    const who = isFollowing ? 'an archiver that follows' : 'a new archiver';
    it(`puts no ${what} with archived bytes that went bad, as ${who}`, async () => {
      const room = await ArchiveRoom.make(1, 8192);
      await room.append(4);
      await room.log.mark();
      await room.pass();
      await grow(room);
      await room.log.mark();
      const before = new Map(room.place.objects);
      const [first = ''] = room.disk.pathsIn(walDir).filter((path) => path.endsWith('.wal'));
      room.disk.flipBit(first, 8 * 400);
      if (!isFollowing) room.archiver = room.newArchiver();
      for (let tries = 0; tries < 3; tries += 1) {
        const passed = await room.archiver.pass();
        assert.equal(passed.ok ? '' : passed.error.code, 'log_corrupt');
        assert.match(passed.ok ? '' : passed.error.detail, /is damaged at offset \d+/);
        assert.deepEqual(room.place.objects, before);
        await room.clock.advance(20 * 60_000);
      }
      await assertCopy(await copyAt(room.place), 4);
      room.disk.flipBit(first, 8 * 400);
      await room.pass();
      await assertCopy(await copyAt(room.place), room.log.lastSequence);
    });
  }
}

it('goes on where a place gives no right to remove anything', async () => {
  const room = await ArchiveRoom.make();
  room.place.fault = (operation) => (operation === 'remove' ? 'before' : undefined);
  for (let at = 0; at < 30; at += 1) {
    await room.append(3);
    await room.log.mark();
    await room.pass();
    await room.clock.advance(20 * 60_000);
  }
  await assertCopy(await copyAt(room.place), 90);
});
