import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemDisk } from '../../src/io/system_disk.js';
import { tryLockDirectory } from '../../src/log/directory.js';
import { filledDirectories, scratchDirectories, type TestDirectories } from '../ops/directories.js';
import { run } from './harness.js';

const identity = (words: readonly string[], { walDir, dbDir }: TestDirectories) =>
  run(['identity', ...words, '--wal-dir', walDir, '--db-dir', dbDir]);

test('identity show: who the node is, without its secret', async (context) => {
  const directories = await filledDirectories(context, 5);
  const file = JSON.parse(await readFile(join(directories.walDir, 'identity'), 'utf8'));
  const ran = await identity(['show', '--json'], directories);
  assert.equal(ran.exit, 0, ran.err);
  const shown = JSON.parse(ran.out);
  for (const name of ['database_id', 'log_id', 'node_id']) assert.equal(shown[name], file[name]);
  assert.match(shown.vkey, new RegExp(`^stemedb/${file.database_id}/${file.log_id}\\+`));
  const table = await identity(['show'], directories);
  assert.match(table.out, new RegExp(`^agent id +${shown.agent_id}$`, 'm'));
  for (const text of [ran.out, table.out]) assert.ok(!text.includes(file.node_key_seed));
});

test('identity renew: new node and log, and a dry run changes nothing', async (context) => {
  const directories = await filledDirectories(context, 5);
  const before = JSON.parse((await identity(['show', '--json'], directories)).out);
  const dry = await identity(['renew', '--dry-run'], directories);
  assert.match(dry.out, /^Would give .*wal a new node id and log id; it is [0-9a-f]{32} now\./);
  const said = JSON.parse((await identity(['renew', '--dry-run', '--json'], directories)).out);
  assert.deepEqual(said, { ...before, would_renew: ['node_id', 'log_id'] });
  const ran = await identity(['renew'], directories);
  assert.equal(ran.exit, 0, ran.err);
  assert.match(ran.err, new RegExp(`The log ${before.log_id} is [0-9a-f]{32} now, in 1 segment`));
  const after = JSON.parse((await identity(['show', '--json'], directories)).out);
  assert.equal(after.agent_id, before.agent_id);
  assert.equal(after.database_id, before.database_id);
  assert.notEqual(after.node_id, before.node_id);
  assert.notEqual(after.log_id, before.log_id);
  const keyed = await identity(['renew', '--new-key', '--json'], directories);
  assert.notEqual(JSON.parse(keyed.out).agent_id, before.agent_id);
});

test('identity renew: refused while either directory is in use', async (context) => {
  const directories = await filledDirectories(context, 5);
  for (const directory of [directories.walDir, directories.dbDir]) {
    const lock = await tryLockDirectory(systemDisk, directory);
    assert.ok(lock !== undefined);
    const ran = await identity(['renew'], directories);
    await lock.release();
    assert.equal(ran.exit, 75, ran.out);
    assert.match(ran.err, /data_directory_locked/);
  }
});

test('identity: an empty directory has none', async (context) => {
  const directories = await scratchDirectories(context);
  for (const words of [['show'], ['renew']]) {
    const ran = await identity(words, directories);
    assert.equal(ran.exit, 1, ran.out);
    assert.match(ran.err, /not_found: There is no identity in/);
  }
});
