/** Whom the files belong to that root makes in a directory of another user. */
import assert from 'node:assert/strict';
import { chown, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { systemDisk } from '../../src/io/system_disk.js';
import { scratch } from '../cli/harness.js';

const isRoot = process.geteuid?.() === 0;
const [uid, gid] = [12_345, 12_346];

it('gives what root makes to the owner of the directory', {
  skip: isRoot ? false : 'only root can give files to others',
}, async (context) => {
  const folder = await scratch(context);
  await chown(folder, uid, gid);
  const own = join(folder, 'own');
  await systemDisk.makeDirectory(join(folder, 'new', 'deeper'));
  await (await systemDisk.open(own, 'create')).close();
  await (await systemDisk.lock(join(folder, 'lock')))?.release();
  await (await systemDisk.open(own, 'write')).close();
  for (const name of ['own', 'lock', 'new', 'new/deeper']) {
    const status = await stat(join(folder, name));
    assert.deepEqual([status.uid, status.gid], [uid, gid], name);
    assert.equal(status.mode & 0o077, 0, name);
  }
});

it('leaves what a user makes to that user', async (context) => {
  const path = join(await scratch(context), 'own');
  await (await systemDisk.open(path, 'create')).close();
  assert.equal((await stat(path)).uid, process.geteuid?.());
});
