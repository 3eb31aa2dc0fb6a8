/**
 * `restore --to T` answers as `as_of` T did, for histories of every kind of record: supersessions,
 * votes, retractions, aliases, epochs, records that came late and out of order. T lies at stamps,
 * in the middle of milliseconds that have several records, and at whole milliseconds.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOfMs, type HlcStamp, stampMs } from '@stemedb/model';
import { verifyDatabase } from '../../../src/ops/verify.js';
import { SimulatedDisk } from '../../simulation/simulated_disk.js';
import { historyOf, playWholeHistory, simulatedDatabase, submit } from '../../support/databases.js';
import { firstDifference } from '../../support/first_difference.js';
import { firstPolicy } from '../../support/histories/cast.js';
import { idsOfKind } from '../../support/log_records.js';
import { MemoryObjects } from '../../support/memory_objects.js';
import { answersTo, someQuestions } from '../../support/questions.js';
import { countOf, seeded, seedsOf } from '../../support/seeded.js';
import { must, signedClaim } from '../directories.js';
import { backUp, backupClock, copyNamed, tryRestore } from './backups.js';

const startMs = Date.UTC(2026, 0, 1);
const dayMs = 86_400_000;
const questionsPerMoment = 250;

/** A stamp behind which its millisecond goes on; every history has some. */
const inBusyMs = (stamps: readonly HlcStamp[], from: number): HlcStamp => {
  const found = stamps.findIndex((stamp, at) => {
    const next = stamps[at + 1];
    return at >= from && next !== undefined && stampMs(stamp) === stampMs(next);
  });
  return stamps[found] ?? assert.fail('No millisecond has two records.');
};

for (const seed of seedsOf(countOf(1, 60))) {
  test(`as_of a moment, and restored to it, seed ${seed}`, async () => {
    const random = seeded(seed + 9_000_000);
    const disk = new SimulatedDisk();
    const origin = await simulatedDatabase({ startMs, identity: 1, policy: firstPolicy, disk });
    await playWholeHistory(origin, random, { length: 200 });
    const records = await historyOf(origin);
    const stamps = records.map(({ stamp }) => stamp).sort();
    const at = (part: number): number => Math.floor((stamps.length - 1) * part);
    const drawn = stamps[at(random.fraction())] ?? assert.fail();
    const moments: readonly (HlcStamp | number)[] = [
      ...[drawn, inBusyMs(stamps, at(0.3)), stampMs(inBusyMs(stamps, at(0.6)))],
      stampMs(stamps[at(1)] ?? assert.fail()),
    ];
    const known = { epochs: idsOfKind(records, 'epoch'), startMs };
    const questions = someQuestions(random, questionsPerMoment, known);
    const expected = new Map<HlcStamp | number, readonly string[]>();
    for (const moment of moments) {
      expected.set(moment, await answersTo(origin.database, questions, moment));
    }
    await origin.database.close();
    const store = new MemoryObjects();
    const { name } = await backUp(store, backupClock(), { disk, walDir: '/wal' });
    for (const [moment, answers] of expected) {
      const to = typeof moment === 'number' ? endOfMs(moment) : moment;
      const restored = new SimulatedDisk();
      const directories = { walDir: '/wal', dbDir: '/db' };
      const copy = await copyNamed(store, name);
      const { leftOut } = must(await tryRestore(copy, directories, { to, disk: restored }));
      assert.equal(leftOut, records.filter(({ stamp }) => stamp > to).length);
      const later = { startMs: startMs + 400 * dayMs, identity: 2 };
      const there = await simulatedDatabase({ ...later, disk: restored });
      const again = await answersTo(there.database, questions, moment);
      for (const [number, text] of answers.entries()) {
        const other = again[number] ?? '';
        const asked = JSON.stringify(questions[number]);
        assert.ok(other === text, `${moment}: ${asked}: ${firstDifference(other, text)}`);
      }
      await there.database.close();
    }
  });
}

test('a log that was restored before still follows from the first one', async () => {
  const disk = new SimulatedDisk();
  const origin = await simulatedDatabase({ startMs, identity: 1, disk });
  for (let claim = 0; claim < 5; claim += 1) await submit(origin.database, signedClaim(claim));
  const note = must(await origin.database.proofs.checkpoint());
  const to = origin.database.log.lastStamp ?? assert.fail();
  await origin.database.close();
  const store = new MemoryObjects();
  const clock = backupClock();
  const directories = { walDir: '/wal', dbDir: '/db' };
  const first = await backUp(store, clock, { disk, walDir: '/wal' });
  const once = new SimulatedDisk();
  must(await tryRestore(await copyNamed(store, first.name), directories, { disk: once }));
  const second = await backUp(store, clock, { disk: once, walDir: '/wal' });
  const twice = new SimulatedDisk();
  const copy = await copyNamed(store, second.name);
  const restored = must(await tryRestore(copy, directories, { to, disk: twice }));
  assert.equal(restored.leftOut, 0);
  const findings: string[] = [];
  const report = await verifyDatabase({
    disk: twice,
    ...directories,
    isLocked: false,
    checkpoints: new Map([['saved', note]]),
    checkStore: async () => 'because there is none',
    onFinding: ({ detail }) => findings.push(detail),
    onProgress: () => undefined,
  });
  assert.deepEqual(findings, []);
  // Each of the two continuations states a root, beside the one that was saved.
  assert.equal(report.tree.checkpoints, 3);
});
