/** Backups in a real S3-compatible service: the same commands, without the key of the node. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Ceph, noCeph, storeAt } from '../../support/ceph.js';
import { runProgram } from '../../support/cli_process.js';
import { cliBinary } from '../../support/server_process.js';
import { fill, filledDirectories, must, openReal, scratchDirectories } from '../directories.js';
import { assertFollows, recordsOf } from './backups.js';

let ceph: Ceph;

before(async () => {
  if (noCeph === undefined) ceph = await Ceph.start();
});

after(() => ceph?.stop());

test('full, incremental, retention, verify, restore', {
  skip: noCeph ?? false,
}, async (context) => {
  const directories = await filledDirectories(context, 60);
  const place = `s3://${await ceph.bucket()}/copies/of-one`;
  const run = async (expected: number, ...words: readonly string[]): Promise<string> => {
    const { exit, out, err } = await runProgram(cliBinary, words, ceph.env);
    assert.equal(exit, expected, `${words.join(' ')}: ${out}${err}`);
    return out + err;
  };
  const own = ['--wal-dir', directories.walDir];
  const backUp = async (...words: readonly string[]) =>
    JSON.parse(await run(0, 'backup', '--to', place, '--json', '--quiet', ...words, ...own));
  const full = await backUp();
  assert.equal(full.has_identity, false);
  const database = must(await openReal(directories, { segmentBytesMax: 16 * 1024 }));
  await fill(database, 150);
  await database.close();
  const late = await backUp('--incremental', '--keep', '1');
  assert.deepEqual([late.type, late.base, late.removed], ['incremental', full.name, []]);
  assert.match(await run(0, 'verify', place), /No damage found/);
  const target = await scratchDirectories(context);
  const into = ['--wal-dir', target.walDir, '--db-dir', target.dbDir];
  const said = await run(0, 'restore', `${place}/${late.name}`, ...into);
  assert.match(said, /does not have the key of its node/);
  await assertFollows(await recordsOf(directories.walDir), target.walDir);

  const store = storeAt(place, ceph.env);
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  assert.ok(!keys.some((key) => key.endsWith('/identity')), keys.join());
  await store.remove(`${full.name}/0000000000000000.wal`);
  assert.match(await run(65, 'verify', place), /0000000000000000\.wal: damage: it is missing/);
  const whole = await backUp('--keep', '1');
  assert.equal(whole.removed.length, 2);
  assert.match(await run(0, 'verify', place), /No damage found/);
});
