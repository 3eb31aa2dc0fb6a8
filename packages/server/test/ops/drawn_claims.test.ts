/** Claims drawn by a seed: the same again, all equally likely, never more than asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindNumber } from '@stemedb/model';
import { systemDisk } from '../../src/io/system_disk.js';
import { drawClaims } from '../../src/ops/drill/drawn_claims.js';
import { openReadOnlyLog } from '../../src/ops/read_only_log.js';
import { recordsOf } from './backup/backups.js';
import { filledDirectories, must } from './directories.js';

test('the same seed draws the same claims, and all when more are asked for', async (t) => {
  const { walDir } = await filledDirectories(t, 60);
  const log = must(await openReadOnlyLog(systemDisk, walDir));
  const idsOf = async (seed: number, count: number): Promise<readonly string[]> =>
    (await drawClaims(log, seed, count)).map(({ id }) => id);
  const ten = await idsOf(1, 10);
  assert.equal(new Set(ten).size, 10);
  assert.deepEqual(await idsOf(1, 10), ten);
  assert.notDeepEqual(await idsOf(2, 10), ten);
  assert.equal((await idsOf(1, 1000)).length, 60);
  const written = (await recordsOf(walDir)).filter(({ kind }) => kind === kindNumber.assertion);
  const texts = new Set(written.map(({ bytes }) => Buffer.from(bytes).toString('utf8')));
  for (const { text } of await drawClaims(log, 3, 20)) assert.ok(texts.has(text));
});

test('each claim is as likely as any other', async (t) => {
  const { walDir } = await filledDirectories(t, 30);
  const log = must(await openReadOnlyLog(systemDisk, walDir));
  const times = new Map<string, number>();
  const [seeds, count] = [600, 5];
  for (let seed = 0; seed < seeds; seed += 1) {
    for (const { id } of await drawClaims(log, seed, count))
      times.set(id, (times.get(id) ?? 0) + 1);
  }
  // 100 expected of each; its deviation is 9, so that five of them miss once in a million runs,
  // and the seeds are always the same.
  assert.equal(times.size, 30);
  for (const [id, drawn] of times) assert.ok(drawn > 55 && drawn < 145, `${id}: ${drawn}`);
});
