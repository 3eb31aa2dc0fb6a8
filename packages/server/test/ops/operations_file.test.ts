import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemDisk } from '../../src/io/system_disk.js';
import { noteOperation, readOperations } from '../../src/ops/operations_file.js';
import { must, scratchDirectories } from './directories.js';

const noteOf = (position: number) => ({ finishedAtMs: 1_700_000_000_000, position, name: 'a' });

test('nothing noted, then each operation its newest note', async (context) => {
  const { walDir } = await scratchDirectories(context);
  assert.equal(must(await readOperations(systemDisk, walDir)).size, 0, 'no directory at all');
  await systemDisk.makeDirectory(walDir);
  assert.equal(must(await readOperations(systemDisk, walDir)).size, 0);
  await Promise.all([
    noteOperation(systemDisk, walDir, 'backup', noteOf(1)),
    noteOperation(systemDisk, walDir, 'archive', noteOf(2)),
    noteOperation(systemDisk, walDir, 'drill', noteOf(3)),
  ]);
  await noteOperation(systemDisk, walDir, 'backup', noteOf(4));
  const notes = must(await readOperations(systemDisk, walDir));
  assert.deepEqual(
    [...notes],
    [
      ['backup', noteOf(4)],
      ['archive', noteOf(2)],
      ['drill', noteOf(3)],
    ],
  );
});

test('a note that is none is named', async (context) => {
  const { walDir } = await scratchDirectories(context);
  await systemDisk.makeDirectory(walDir);
  const path = join(walDir, 'operation-verify.json');
  const texts = [
    ...['', '{', '[]', '{"v":2}'],
    '{"finished_at_ms":-1,"name":"a","position":1,"v":1}',
  ];
  for (const text of texts) {
    await writeFile(path, text);
    const read = await readOperations(systemDisk, walDir);
    assert.ok(!read.ok && read.error.detail.includes(path), text);
  }
});
