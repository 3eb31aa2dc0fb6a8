/**
 * Faults 7 and 8 through the whole database: an error at the k-th call of the disk, all k up to
 * 300. What ends writing is told, nothing is acknowledged afterwards, reading goes on, and the
 * restart has it all. What may pass refuses one call, and writing resumes without a restart.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorTable, type StemeError } from '@stemedb/model';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import {
  changingOperations,
  type Fault,
  type Operation,
  SimulatedDisk,
} from '../simulation/simulated_disk.js';
import { countOf, seeded } from '../support/seeded.js';
import * as world from './world.js';

const callsMax = 300;
/** A life of the node begins with what was there so many calls before. */
const callsPerLife = 20;

type Counts = (operation: Operation) => boolean;
const isWrite: Counts = ({ type }) => type === 'write';
const isSync: Counts = ({ type }) => type === 'datasync' || type === 'syncDirectory';
/** What needs space or a descriptor; what a failed sync means is another matter. */
const isGrowth: Counts = ({ type }) => type === 'write' || type === 'create';

/** The database after its log has seen so many calls, closed in order. */
interface Prepared {
  readonly calls: number;
  readonly disk: SimulatedDisk;
  readonly files: world.StoreFiles;
  readonly wallMs: number;
  readonly ledger: world.Ledger;
}

const copied = (ledger: world.Ledger): world.Ledger => ({
  sent: ledger.sent,
  acknowledged: [...ledger.acknowledged],
  refusals: [],
});

/** One life after the other of `callsPerLife` calls, each kept as it ended. */
async function prepare(counts: Counts): Promise<readonly Prepared[]> {
  const kept: Prepared[] = [];
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk();
  const ledger = world.newLedger();
  let files = new world.StoreFiles();
  let calls = 0;
  for (;;) {
    const wallMs = clock.wallMs();
    const state = { disk: disk.clone(), files: files.at(files.count), ledger: copied(ledger) };
    kept.push({ calls, wallMs, ...state });
    if (calls >= callsMax) return kept;
    disk.hook = (operation) => {
      if (counts(operation)) calls += 1;
      return undefined;
    };
    const opened = await world.openWorld({ disk, clock, files });
    for (const until = calls + callsPerLife; calls < until; ) await callOnce(opened, ledger);
    await opened.database.close();
    files = opened.files();
  }
}

/** Some claims; after some of the calls time passes, which writes marks and checkpoints. */
async function callOnce(opened: world.World, ledger: world.Ledger): Promise<boolean> {
  const isDone = await world.submitMore(opened, ledger, 1 + (ledger.sent % 3));
  if (ledger.sent % 11 === 0) await opened.clock.advance(150);
  if (ledger.sent % 37 === 0) await opened.clock.advance(11_000);
  return isDone;
}

interface Life {
  readonly opened: world.World;
  readonly ledger: world.Ledger;
  readonly told: readonly StemeError[];
  /** What the fault met; undefined when nothing. */
  readonly met: () => Operation | undefined;
}

/** A life with one fault at the k-th call. */
async function begin(
  prepared: readonly Prepared[],
  counts: Counts,
  callNumber: number,
  fault: Fault,
): Promise<Life> {
  const before = prepared.findLast(({ calls }) => calls < callNumber);
  if (before === undefined) throw new Error('The first life begins before the first call.');
  const disk = before.disk.clone();
  const clock = new SimulatedClock(before.wallMs);
  const files = before.files.at(before.files.count);
  const told: StemeError[] = [];
  let calls = before.calls;
  let met: Operation | undefined;
  disk.hook = (operation) => {
    if (!counts(operation)) return undefined;
    calls += 1;
    if (calls !== callNumber) return undefined;
    met = operation;
    return fault;
  };
  const onWriteFailure = (error: StemeError): void => void told.push(error);
  const opened = await world.tryOpen({ disk, clock, files, onWriteFailure });
  if (opened.ok)
    return { opened: opened.value, ledger: copied(before.ledger), told, met: () => met };
  // The fault met the start, which ends with a sentence; the next one is well.
  assert.ok(met !== undefined, opened.error.detail);
  assert.ok(opened.error.detail.length > 40, opened.error.detail);
  disk.hook = undefined;
  const again = await world.openWorld({ disk, clock, files, onWriteFailure });
  return { opened: again, ledger: copied(before.ledger), told, met: () => met };
}

/** Reading goes on: every acknowledged claim, its proof, and a question. */
async function assertReads({ opened, ledger }: Life, isThorough: boolean): Promise<void> {
  if (isThorough) assert.deepEqual(await world.violations(opened, ledger), []);
  const principal = { type: 'node', agentId: opened.database.agentId } as const;
  const question = {
    scope: { type: 'prefix', prefix: 'thing' },
    lens: 'recency',
    limit: 9,
  } as const;
  const answer = await opened.database.query.ask(principal, question);
  assert.ok(answer.ok && answer.value.results.length >= Math.min(1, ledger.acknowledged.length));
}

/** Nothing is acknowledged nor written any more. */
async function assertStaysDead(life: Life, isThorough: boolean): Promise<void> {
  const { opened, ledger, told } = life;
  const { sent, acknowledged } = ledger;
  const known = acknowledged.length;
  opened.disk.hook = ({ type, path }) => {
    const isLog = path.endsWith('.wal') && changingOperations.has(type);
    assert.ok(!isLog, `a dead log is touched: ${type} ${path}`);
    return undefined;
  };
  for (let call = 0; call < 3; call += 1) {
    assert.equal(await callOnce(opened, ledger), false);
  }
  assert.equal(acknowledged.length, known, 'acknowledged after the failure');
  assert.ok(ledger.refusals.every(({ code }) => code === 'log_failed'));
  assert.equal(told.length > 0, true, 'nobody was told to restart');
  assert.equal(opened.database.writeFailure?.code, 'log_failed');
  await assertReads({ ...life, ledger: { ...ledger, sent } }, isThorough);
  opened.disk.hook = undefined;
}

/** The restart, on every other time after a power loss, has it all and writes. */
async function assertRestarts({ opened, ledger }: Life, seed: number): Promise<void> {
  const { disk } = opened;
  await opened.database.close().catch(() => undefined);
  disk.hook = undefined;
  if (seed % 2 === 1) disk.crash(seed, 'any');
  const clock = new SimulatedClock(opened.clock.wallMs() + 1000);
  const again = await world.openWorld({ disk, clock, files: opened.files() });
  assert.deepEqual(await world.violations(again, ledger), []);
  assert.ok(await world.submitMore(again, ledger, 1));
  await again.database.close();
}

/** The k of a sweep: all up to 300, and as many random ones more in the long run. */
const sweep = (random: number): readonly number[] => {
  const all = Array.from({ length: callsMax }, (_, at) => at + 1);
  const more = seeded(random);
  const extra = Array.from({ length: countOf(0, 2000) }, () => 1 + more.below(callsMax));
  return [...all, ...extra];
};

const named = async (title: string, callNumber: number, work: () => Promise<void>) => {
  try {
    await work();
  } catch (error) {
    throw new Error(`${title} at call ${callNumber}: ${error}`, { cause: error });
  }
};

describe('an error that ends writing', () => {
  const cases: readonly (readonly [string, Counts])[] = [
    ['EIO at a write', isWrite],
    ['EIO at a sync', isSync],
    ['EINTR at a sync', isSync],
  ];
  for (const [title, counts] of cases) {
    it(`${title}: no acknowledgement after it, a clean restart`, async (t) => {
      const prepared = await prepare(counts);
      const code = title.startsWith('EIO') ? 'EIO' : 'EINTR';
      let [deaths, besides] = [0, 0];
      for (const [run, callNumber] of sweep(7).entries()) {
        await named(title, callNumber, async () => {
          const life = await begin(prepared, counts, callNumber, { type: 'error', code });
          for (let call = 0; call < 2 * callsPerLife && life.met() === undefined; call += 1) {
            await callOnce(life.opened, life.ledger);
          }
          assert.ok(life.met() !== undefined, 'the fault was not met');
          if (life.opened.database.writeFailure === undefined) besides += 1;
          else {
            deaths += 1;
            await assertStaysDead(life, run % 4 === 0);
          }
          await assertRestarts(life, run);
        });
      }
      t.diagnostic(`${deaths} times the log died; ${besides} times a start or a view was met`);
      assert.ok(deaths > 200);
    });
  }
});

describe('an error that passes', () => {
  const none: readonly string[] = [];
  const cases: readonly (readonly [string, Counts, Fault, readonly string[]])[] = [
    ['EINTR at a write', isWrite, { type: 'error', code: 'EINTR' }, none],
    ['a short write', isWrite, { type: 'short', bytes: 7 }, none],
    ['ENOSPC', isGrowth, { type: 'error', code: 'ENOSPC' }, ['disk_full']],
    ['EDQUOT', isGrowth, { type: 'error', code: 'EDQUOT' }, ['disk_full']],
    ['EMFILE', isGrowth, { type: 'error', code: 'EMFILE' }, ['not_ready']],
    ['EROFS', isGrowth, { type: 'error', code: 'EROFS' }, ['not_ready']],
  ];
  for (const [title, counts, fault, codes] of cases) {
    it(`${title}: writing resumes without a restart`, async (t) => {
      const prepared = await prepare(counts);
      let refusals = 0;
      for (const [run, callNumber] of sweep(8).entries()) {
        await named(title, callNumber, async () => {
          const life = await begin(prepared, counts, callNumber, fault);
          for (let call = 0; call < 2 * callsPerLife && life.met() === undefined; call += 1) {
            await callOnce(life.opened, life.ledger);
          }
          assert.ok(life.met() !== undefined, 'the fault was not met');
          const refused = new Set(life.ledger.refusals.map(({ code }) => code));
          assert.ok(
            [...refused].every((code) => codes.includes(code)),
            [...refused].join(),
          );
          refusals += refused.size;
          assert.ok(await callOnce(life.opened, life.ledger), 'writing did not resume');
          assert.equal(life.opened.database.writeFailure, undefined);
          assert.deepEqual(life.told, []);
          await assertReads(life, run % 6 === 1);
          if (run % 3 === 0) await assertRestarts(life, run);
          else await life.opened.database.close();
        });
      }
      t.diagnostic(`${refusals} of ${callsMax} calls refused what was sent`);
      assert.ok(codes.length === 0 ? refusals === 0 : refusals > 200);
    });
  }

  it('is answered with 507 and no time to retry, or with 503', () => {
    const { disk_full, not_ready, log_failed } = errorTable;
    assert.deepEqual([disk_full.status, disk_full.retryable], [507, false]);
    assert.deepEqual([not_ready.status, not_ready.retryable], [503, true]);
    assert.equal(log_failed.status, 503);
  });
});
