/** A directory gets another identity, whatever strikes while it does. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { originOf, signCheckpoint } from '@stemedb/model';
import { systemDisk } from '../../src/io/system_disk.js';
import { systemRandom } from '../../src/io/system_random.js';
import { decodeSegmentHeader } from '../../src/log/format.js';
import { encodeIdentity, openIdentity, readIdentity } from '../../src/log/identity.js';
import { checkpointFileName } from '../../src/log/merkle/checkpoint_file.js';
import { sodiumNoteSigner } from '../../src/log/merkle/sodium_signer.js';
import { noteOperation, readOperations } from '../../src/ops/operations_file.js';
import { renewIdentity } from '../../src/ops/renew_identity.js';
import * as world from '../log/script.js';
import { verified } from '../log/verified.js';
import { changingOperations, SimulatedDisk } from '../simulation/simulated_disk.js';
import { seededBytes } from '../support/databases.js';
import { filledDirectories, must, openReal } from './directories.js';

const records = 150;
const walDir = world.directory;
const dbDir = '/db';
const old = {
  nodeKeySeed: new Uint8Array(32).fill(5),
  nodeId: '0e'.repeat(8),
  databaseId: world.options.databaseId,
  logId: world.options.logId,
};

const signed = (size: number): Buffer =>
  Buffer.from(
    signCheckpoint(
      { origin: originOf(old.databaseId, old.logId), size, root: new Uint8Array(32) },
      sodiumNoteSigner(old.nodeKeySeed),
    ),
  );

/** A closed log over several segments, with its identity and a checkpoint. */
const closedLog = async (signedRecords = records): Promise<SimulatedDisk> => {
  const disk = new SimulatedDisk();
  for (const directory of [walDir, dbDir]) await disk.makeDirectory(directory);
  disk.put(join(walDir, 'identity'), encodeIdentity(old));
  disk.put(join(walDir, checkpointFileName), signed(signedRecords));
  disk.put(join(dbDir, 'tree'), Buffer.from('of the old log'));
  const finished = { finishedAtMs: 1, position: records, name: 'of the old log' };
  await noteOperation(disk, walDir, 'backup', finished);
  const { log } = await world.open(disk);
  await world.runScript(log, world.newLedger(), { records, seed: 3 });
  await log.close();
  return disk;
};

const renew = (disk: SimulatedDisk, newKey = false, seed = 77) =>
  renewIdentity({ disk, random: seededBytes(seed), walDir, dbDir, newKey });

const logIdsOf = (disk: SimulatedDisk): ReadonlySet<string> => {
  const segments = disk.pathsIn(walDir).filter((path) => path.endsWith('.wal'));
  const headers = segments.map((path) => decodeSegmentHeader(disk.peek(path)));
  return new Set(headers.map((one) => (one.type === 'header' ? one.header.logId : one.type)));
};

/** The log is whole, and is that of the identity beside it; gives the id. */
const assertWhole = async (disk: SimulatedDisk): Promise<string> => {
  const identity = must(await openIdentity(disk, systemRandom, walDir));
  assert.deepEqual([...logIdsOf(disk)], [identity.logId]);
  const { databaseId } = identity;
  const { findings, end } = await verified(disk, { directory: walDir, databaseId });
  assert.deepEqual(findings, []);
  assert.equal(end.records, records);
  return identity.logId;
};

test('renew: node and log become others, database, key and records stay', async () => {
  const disk = await closedLog();
  const { identity, segments, isResumed } = must(await renew(disk));
  assert.ok(segments >= 3 && !isResumed);
  assert.notEqual(identity.nodeId, old.nodeId);
  assert.notEqual(identity.logId, old.logId);
  assert.equal(identity.databaseId, old.databaseId);
  assert.deepEqual(identity.nodeKeySeed, old.nodeKeySeed);
  assert.equal(await assertWhole(disk), identity.logId);
  assert.deepEqual(must(await readIdentity(disk, walDir)), identity);
  const names = await disk.list(walDir);
  assert.ok(!names.includes('checkpoint') && !names.includes('renewing'), String(names));
  const aside = disk.peek(join(walDir, `checkpoint.before-${identity.logId}`));
  assert.equal(aside.toString(), signed(records).toString());
  assert.deepEqual(disk.pathsIn(dbDir), []);
  assert.equal(must(await readOperations(disk, walDir)).size, 0, 'the new log has no backup');
});

test('renew --new-key: the key is another one too', async () => {
  const { identity } = must(await renew(await closedLog(), true));
  assert.notDeepEqual(identity.nodeKeySeed, old.nodeKeySeed);
});

test('renew: after power was lost at any operation it goes on', async () => {
  const whole = await closedLog();
  let [refused, resumed] = [0, 0];
  for (let cutAt = 1; ; cutAt += 1) {
    let isEnded = true;
    for (const loss of ['any', 'nothing kept', 'all kept'] as const) {
      const disk = whole.clone();
      let operation = 0;
      disk.hook = ({ type }) => {
        if (changingOperations.has(type)) operation += 1;
        return operation >= cutAt ? { type: 'power off' } : undefined;
      };
      const first = await renew(disk).catch(() => undefined);
      isEnded = first?.ok === true;
      disk.hook = undefined;
      disk.crash(cutAt * 31, loss);
      const start = await openIdentity(disk, systemRandom, walDir);
      if (start.ok) await assertWhole(disk);
      else {
        assert.match(start.error.detail, /begun and not ended.*identity renew/);
        refused += 1;
        const again = must(await renew(disk, true, 78));
        assert.ok(again.isResumed);
        assert.deepEqual(
          again.identity.nodeKeySeed,
          old.nodeKeySeed,
          'what was chosen first counts',
        );
        resumed += 1;
        assert.equal(await assertWhole(disk), again.identity.logId);
      }
    }
    if (isEnded) break;
  }
  assert.ok(refused > 20 && resumed === refused, `${refused} refused, ${resumed} resumed`);
});

test('renew: an error of the disk is told, and the next run goes on', async () => {
  const whole = await closedLog();
  let failures = 0;
  for (let failAt = 1; ; failAt += 1) {
    const disk = whole.clone();
    let operation = 0;
    disk.hook = ({ type }) => {
      if (!changingOperations.has(type)) return undefined;
      operation += 1;
      return operation === failAt ? { type: 'error', code: 'EIO' } : undefined;
    };
    const first = await renew(disk);
    if (first.ok) break;
    failures += 1;
    assert.match(first.error.detail, /EIO/);
    disk.hook = undefined;
    disk.crash(failAt, 'any');
    if (!(await openIdentity(disk, systemRandom, walDir)).ok) must(await renew(disk));
    await assertWhole(disk);
  }
  assert.ok(failures > 10);
});

test('renew: a log with a damaged header, or of another identity, is left alone', async () => {
  const disk = await closedLog();
  const [, second = ''] = disk.pathsIn(walDir).filter((path) => path.endsWith('.wal'));
  const bytes = disk.peek(second);
  disk.flipBit(second, 8 * 40);
  const before = disk.pathsIn(walDir);
  const refused = await renew(disk);
  assert.match(refused.ok ? '' : refused.error.detail, /Nothing was changed; run "stemedb verify"/);
  assert.deepEqual(disk.pathsIn(walDir), before);
  disk.put(second, bytes);
  disk.put(join(walDir, 'identity'), encodeIdentity({ ...old, logId: 'ab'.repeat(16) }));
  const foreign = await renew(disk);
  assert.match(foreign.ok ? '' : foreign.error.detail, /another log than the identity/);
});

test('renew: a real database answers as before, and signs a log of its own', async (context) => {
  const directories = await filledDirectories(context, 60);
  const first = must(await openReal(directories));
  const origin = must(await first.proofs.checkpoint()).split('\n')[0];
  const { lastSequence } = first.log;
  await first.close();
  const effects = { disk: systemDisk, random: systemRandom };
  const renewed = must(await renewIdentity({ ...effects, ...directories, newKey: true }));
  const again = must(await openReal(directories));
  assert.equal(again.log.lastSequence, lastSequence);
  assert.equal(again.report.storeRebuilt, undefined);
  assert.equal(again.identity.logId, renewed.identity.logId);
  assert.notEqual(must(await again.proofs.checkpoint()).split('\n')[0], origin);
  await again.close();
  const text = await readFile(join(directories.walDir, 'identity'), 'utf8');
  assert.match(text, new RegExp(renewed.identity.logId));
});

test('a log that was cut below what its node has signed is left alone', async () => {
  const disk = await closedLog(records + 1);
  const before = disk.peek(join(walDir, 'identity'));
  const refused = await renew(disk);
  assert.ok(!refused.ok && refused.error.code === 'log_altered');
  assert.deepEqual(disk.peek(join(walDir, 'identity')), before);
  assert.ok(await disk.exists(join(walDir, checkpointFileName)));
});
