import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256Hex } from '../../src/ops/copied_file.js';
import { copyDisk } from '../../src/ops/copy_disk.js';
import { type CopiedFile, CopyDamagedError } from '../../src/ops/log_copy.js';

const content = Buffer.from('what was written');

const fileOf = (now: Uint8Array | undefined): CopiedFile => ({
  name: 'a.wal',
  place: 'backup-1/a.wal',
  bytes: content.length,
  sha256: sha256Hex(content),
  load: () => Promise.resolve(now),
});

test('a sound file is listed, opened and read at any place', async () => {
  const disk = copyDisk('/copy', [fileOf(content), { ...fileOf(content), name: '0.wal' }]);
  assert.deepEqual(await disk.list('/copy'), ['0.wal', 'a.wal']);
  assert.ok((await disk.exists('/copy/a.wal')) && !(await disk.exists('/copy/b.wal')));
  const file = await disk.open('/copy/a.wal', 'read');
  assert.equal(await file.size(), content.length);
  const target = Buffer.alloc(8);
  assert.equal(await file.read(target, 1, 7, 5), 7);
  assert.equal(target.toString('latin1', 1), 'was wri');
  assert.equal(file.readSync(target, 0, 8, 12), 4, 'the rest');
  assert.equal(file.readSync(target, 0, 8, 100), 0, 'behind the end');
  await assert.rejects(disk.open('/copy/b.wal', 'read'), { code: 'ENOENT' });
  await assert.rejects(disk.open('/copy/a.wal', 'write'), { code: 'EROFS' });
  await assert.rejects(file.write(target, 0), { code: 'EROFS' });
});

test('nothing is handed out of a file that is not what it was', async () => {
  const flipped = Buffer.from(content);
  flipped.writeUInt8((flipped[3] ?? 0) ^ 1, 3);
  const now = new Map([
    ['it is missing', undefined],
    ['15 bytes instead of 16', content.subarray(1)],
    ['SHA-256', flipped],
  ]);
  for (const [says, bytes] of now) {
    await assert.rejects(
      copyDisk('/copy', [fileOf(bytes)]).open('/copy/a.wal', 'read'),
      (error) => {
        assert.ok(error instanceof CopyDamagedError);
        assert.equal(error.file, 'backup-1/a.wal');
        assert.match(error.error.detail, new RegExp(says));
        return true;
      },
    );
  }
});
