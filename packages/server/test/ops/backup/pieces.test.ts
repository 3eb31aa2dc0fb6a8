/** Files beside the log that are too large to be in memory: kept in pieces, and restored whole. */
import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Disk } from '../../../src/io/disk.js';
import { systemDisk } from '../../../src/io/system_disk.js';
import { openHoledBackup } from '../../../src/ops/salvage/holed_backup.js';
import { planSalvage } from '../../../src/ops/salvage/plan.js';
import { MemoryObjects } from '../../support/memory_objects.js';
import { filledDirectories, must, scratchDirectories } from '../directories.js';
import { backUp, backupClock, copyNamed, findingsOf, tryRestore } from './backups.js';

const pieceBytesMax = 4096;

/** The most that was read of, and written to, a file of the audit at once. */
const watched = () => {
  const most = { read: 0, written: 0 };
  const open: Disk['open'] = async (path, purpose) => {
    const file = await systemDisk.open(path, purpose);
    if (!path.includes('/audit/')) return file;
    const read = file.read.bind(file);
    file.read = (target, offset, length, position) => {
      most.read = Math.max(most.read, length);
      return read(target, offset, length, position);
    };
    const write = file.write.bind(file);
    file.write = (source, position) => {
      most.written = Math.max(most.written, source.length);
      return write(source, position);
    };
    return file;
  };
  return { disk: { ...systemDisk, open }, most };
};

/** Sizes about the one at which a file is cut. */
const sizes = [0, 1, pieceBytesMax, pieceBytesMax + 1, 3 * pieceBytesMax, 5 * pieceBytesMax - 1];

const backedUp = async (context: TestContext) => {
  const { walDir } = await filledDirectories(context, 20);
  const audit = join(walDir, 'audit');
  await mkdir(join(audit, 'folder'), { recursive: true });
  const contents = new Map(
    sizes.map((size) => [`${size}.log`, Buffer.alloc(size, `the entry of ${size}; `)] as const),
  );
  for (const [name, bytes] of contents) await writeFile(join(audit, name), bytes);
  const store = new MemoryObjects();
  const { disk, most } = watched();
  const { name } = await backUp(store, backupClock(), { walDir, disk, pieceBytesMax });
  return { store, name, contents, most };
};

test('no more of a file is in memory than a piece, on the way out and back', async (context) => {
  const { store, name, contents, most } = await backedUp(context);
  assert.equal(most.read, pieceBytesMax);
  const pieces = [...store.objects].filter(([key]) => key.startsWith(`${name}/pieces/`));
  assert.equal(pieces.length, 2 + 3 + 5);
  for (const [key, bytes] of pieces) assert.ok(bytes.length <= pieceBytesMax, key);
  assert.deepEqual(await findingsOf(store, name), []);
  const target = await scratchDirectories(context);
  const back = watched();
  must(await tryRestore(await copyNamed(store, name), target, { disk: back.disk }));
  assert.equal(back.most.written, pieceBytesMax);
  const audit = join(target.walDir, 'audit');
  assert.deepEqual((await readdir(audit)).sort(), [...contents.keys()].sort());
  for (const [file, bytes] of contents) {
    assert.ok(bytes.equals(await readFile(join(audit, file))), file);
  }
});

test('of a file that grows meanwhile a backup has what it began with', async (context) => {
  const { walDir } = await filledDirectories(context, 20);
  const audit = join(walDir, 'audit');
  await mkdir(audit);
  const contents = new Map(
    sizes.map((size) => [`${size}.log`, Buffer.alloc(size, 'an entry; ')] as const),
  );
  for (const [name, bytes] of contents) await writeFile(join(audit, name), bytes);
  const growing: Disk['open'] = async (path, purpose) => {
    const file = await systemDisk.open(path, purpose);
    if (!path.includes('/audit/')) return file;
    const { size, read } = { size: file.size.bind(file), read: file.read.bind(file) };
    const grow = () => appendFile(path, Buffer.alloc(pieceBytesMax / 2, 'one more; '));
    file.size = async () => {
      const bytes = await size();
      await grow();
      return bytes;
    };
    file.read = async (...range) => {
      await grow();
      return read(...range);
    };
    return file;
  };
  const store = new MemoryObjects();
  const disk = { ...systemDisk, open: growing };
  const { name } = await backUp(store, backupClock(), { walDir, disk, pieceBytesMax });
  const target = await scratchDirectories(context);
  must(await tryRestore(await copyNamed(store, name), target));
  for (const [file, bytes] of contents) {
    const restored = await readFile(join(target.walDir, 'audit', file));
    assert.ok(bytes.equals(restored), `${file}: ${restored.length} bytes`);
  }
});

test('a piece that is gone or another is found, and its file not salvaged', async (context) => {
  const { store, name, contents } = await backedUp(context);
  const [first = '', second = ''] = [...store.objects.keys()].filter((key) =>
    key.includes('/pieces/'),
  );
  for (const spoil of [
    (objects: Map<string, Uint8Array>) => objects.delete(second),
    (objects: Map<string, Uint8Array>) => objects.set(second, objects.get(first) ?? Buffer.of()),
  ]) {
    const spoilt = new MemoryObjects(store.objects);
    spoil(spoilt.objects);
    const [finding] = await findingsOf(spoilt, name);
    assert.ok(finding?.includes(second), finding);
    const refused = await tryRestore(
      await copyNamed(spoilt, name),
      await scratchDirectories(context),
    );
    assert.equal(refused.ok ? '' : refused.error.code, 'copy_damaged');
    const plan = must(await planSalvage(must(await openHoledBackup(spoilt, name))));
    const target = await scratchDirectories(context);
    must(await tryRestore(plan.copy, target));
    const kept = await readdir(join(target.walDir, 'audit'));
    assert.equal(kept.length, contents.size - 1);
  }
});
