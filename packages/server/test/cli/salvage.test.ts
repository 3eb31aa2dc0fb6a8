import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Disk } from '../../src/io/disk.js';
import { systemDisk } from '../../src/io/system_disk.js';
import { isEmptyDirectory } from '../../src/ops/data_directory.js';
import { filledDirectories, must, openReal } from '../ops/directories.js';
import { run } from './over_files.js';

/** A database with a copy of its log, which is all that stays of it, and where it may go. */
const copied = async (context: TestContext, command: 'archive' | 'backup') => {
  const directories = await filledDirectories(context, 120);
  const place = join(directories.walDir, '..', 'copies');
  const made = await run([command, '--to', place], directories);
  assert.equal(made.exit, 0, made.err);
  await rm(directories.walDir, { recursive: true });
  await rm(directories.dbDir, { recursive: true });
  return { directories, place };
};

/** The object of a segment, below a place; the first is 0. */
const segmentOf = async (place: string, index: number): Promise<string> => {
  const names = await readdir(place, { recursive: true });
  const sorted = names.filter((name) => /\.wal(\.gz)?$/.test(name)).sort(byName);
  return join(place, sorted[index] ?? assert.fail('too few segments'));
};

/** Names of segments and their parts begin with the offset. */
const byName = (one: string, other: string): number =>
  Buffer.compare(Buffer.from(basename(one)), Buffer.from(basename(other)));

const flip = async (path: string): Promise<void> => {
  const bytes = await readFile(path);
  bytes.writeUInt8((bytes[300] ?? 0) ^ 4, 300);
  await writeFile(path, bytes);
};

for (const command of ['archive', 'backup'] as const) {
  test(`restore --salvage: of ${command} what stands in front of damage`, async (context) => {
    const { directories, place } = await copied(context, command);
    await flip(await segmentOf(place, 2));
    const plain = await run(['restore', place], directories);
    assert.equal(plain.exit, 65, plain.err);
    assert.match(plain.err, /"stemedb restore --salvage" brings back what stands in front/);
    const dry = await run(['restore', place, '--salvage', '--dry-run'], directories);
    assert.equal(dry.exit, 65, dry.err);
    assert.match(dry.out, /^\S*wal(\.gz)?: its SHA-256 is that of another content$/m);
    assert.match(dry.out, /^Whole, in front of the damage: \d+ records \(1-\d+\), root \S+\.$/m);
    assert.match(dry.out, /^Lost: \d+ records \(\d+-\d+\), after \S+ \([0-9a-f]{32}\) and before/m);
    assert.match(dry.out, /^Whole, behind damage: \d+ records/m);
    assert.match(dry.err, /Nothing was restored/);
    const ran = await run(['restore', place, '--salvage', '--json'], directories);
    assert.equal(ran.exit, 0, ran.err);
    const { records, salvage } = JSON.parse(ran.out);
    assert.equal(records, salvage.kept);
    const [lost] = salvage.lost;
    assert.deepEqual([lost.from, salvage.records], [salvage.kept + 1, 161]);
    const later = join(directories.walDir, 'behind-damage.jsonl');
    const lines = (await readFile(later, 'utf8')).trimEnd().split('\n');
    assert.equal(records + (lost.to - lost.from + 1) + lines.length, 161);
    const verified = await run(['verify'], directories);
    assert.equal(verified.exit, 0, verified.out);
    const database = must(await openReal(directories));
    assert.equal(database.log.lastSequence, records + 1);
    await database.close();
  });
}

/** Spoils something as soon as the first segment of the new log is made. */
const spoiledMeanwhile = (spoil: () => Promise<void>): Disk => {
  let isSpoiled = false;
  return {
    ...systemDisk,
    open: async (path, purpose) => {
      if (!isSpoiled && purpose === 'create' && path.endsWith('.wal')) {
        isSpoiled = true;
        await spoil();
      }
      return systemDisk.open(path, purpose);
    },
  };
};

for (const [command, spoil, said] of [
  ['archive', (path: string) => rm(path), 'it is missing'],
  ['backup', flip, 'its SHA-256 is that of another content'],
] as const) {
  test(`restore --salvage: of ${command} that gets worse meanwhile`, async (context) => {
    const { directories, place } = await copied(context, command);
    await flip(await segmentOf(place, 1));
    const path = await segmentOf(place, 3);
    const disk = spoiledMeanwhile(() => spoil(path));
    const ran = await run(['restore', place, '--salvage'], directories, disk);
    assert.equal(ran.exit, 65, ran.out + ran.err);
    assert.ok(ran.err.includes(`${basename(path)} of the copy is damaged: ${said}`), ran.err);
    assert.match(ran.err, /\d+ whole records stood behind damage, and now \d+ do\. Nothing was/);
    assert.ok(await isEmptyDirectory(systemDisk, directories.walDir), 'nothing is left');
    const again = await run(['restore', place, '--salvage', '--json'], directories);
    assert.equal(again.exit, 0, again.err);
    const text = await readFile(join(directories.walDir, 'behind-damage.jsonl'), 'utf8');
    const later: { from: number; to: number }[] = JSON.parse(again.out).salvage.later;
    const told = later.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    assert.equal(text.trimEnd().split('\n').length, told);
  });
}

test('restore --salvage: refused when nothing is damaged, and nothing is left', async (context) => {
  const { directories, place } = await copied(context, 'archive');
  const ran = await run(['restore', place, '--salvage'], directories);
  assert.equal(ran.exit, 1, ran.err);
  assert.match(ran.err, /conflict: Nothing is damaged in .*: restore it plainly/);
  await assert.rejects(readdir(directories.walDir), { code: 'ENOENT' });
  assert.equal((await run(['restore', place], directories)).exit, 0);
});

test('restore --salvage: what it does not go with', async (context) => {
  const { directories, place } = await copied(context, 'backup');
  for (const words of [
    [place, '--dry-run'],
    [place, '--salvage', '--to', '2026-01-31T12:00:00Z'],
    ['--from-export', 'x.jsonl', '--salvage'],
  ]) {
    const ran = await run(['restore', ...words], directories);
    assert.equal(ran.exit, 2, ran.err);
  }
});
