/**
 * Faults 7 and 8: an error at the k-th call of the disk, for every k of the script. A failed sync
 * ends the log; a failed write is undone and, where it may pass, writing goes on.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openLog } from '../../src/log/open_log.js';
import { entries, entryOf } from '../conformance/log.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import {
  changingOperations,
  type Fault,
  type OperationType,
  SimulatedDisk,
} from '../simulation/simulated_disk.js';
import * as world from './script.js';

const records = 1000;
const callsMax = 300;

interface Outcome {
  readonly disk: SimulatedDisk;
  readonly ledger: world.Ledger;
  /** The operation that the fault met; undefined when the script ended before. */
  readonly met: OperationType | undefined;
  readonly isDead: boolean;
}

/** Runs the script with one fault at the k-th changing call after opening. */
async function runWithFault(callNumber: number, fault: Fault): Promise<Outcome> {
  const disk = new SimulatedDisk();
  await disk.makeDirectory(world.directory);
  const { log } = await world.open(disk);
  let calls = 0;
  let met: OperationType | undefined;
  disk.hook = ({ type }) => {
    if (!changingOperations.has(type)) return undefined;
    calls += 1;
    if (calls !== callNumber) return undefined;
    met = type;
    return fault;
  };
  const ledger = world.newLedger();
  // A few batches more show whether writing went on.
  const isEnough = () => calls > callNumber + 8;
  await world.runScript(log, ledger, { records, seed: 11, isEnough });
  disk.hook = undefined;
  const isDead = log.failure !== undefined;
  if (isDead) await assertStaysDead(disk, log, ledger);
  await log.close();
  disk.hook = undefined;
  return { disk, ledger, met, isDead };
}

async function assertStaysDead(
  disk: SimulatedDisk,
  log: Awaited<ReturnType<typeof world.open>>['log'],
  ledger: world.Ledger,
): Promise<void> {
  disk.hook = ({ type }) => {
    assert.ok(!changingOperations.has(type), `a dead log touched the disk: ${type}`);
    return undefined;
  };
  const again = await log.append([entryOf(ledger.acknowledged + 1)]);
  assert.equal(again.ok ? 'ok' : again.error.code, 'log_failed');
  assert.equal((await log.mark()).ok, false);
  assert.deepEqual(await world.violations(log, ledger), [], 'reads go on');
}

/** After a restart, or every other time a power loss, everything acknowledged is there. */
async function assertKept({ disk, ledger }: Outcome, seed: number): Promise<void> {
  const isCrash = seed % 2 === 1;
  if (isCrash) disk.crash(seed, 'any');
  const { log } = await world.open(disk, { provenSequence: ledger.acknowledged });
  assert.deepEqual(await world.violations(log, ledger), [], isCrash ? 'crash' : 'restart');
  await log.close();
}

async function sweep(fault: Fault, check: (outcome: Outcome) => void): Promise<void> {
  for (let call = 1; call <= callsMax; call += 1) {
    const outcome = await runWithFault(call, fault);
    assert.ok(outcome.met !== undefined, `the script has only ${call} calls`);
    check(outcome);
    await assertKept(outcome, call);
  }
}

/** Nothing but the one call was refused, and records were acknowledged after it. */
function assertResumed({ ledger }: Outcome): void {
  assert.ok(ledger.refusals.length <= 1);
  assert.ok(ledger.acknowledged > ledger.refusedAt);
}

const isSync = ({ met }: Outcome): boolean => met === 'datasync' || met === 'syncDirectory';

describe('an error at the k-th call', () => {
  it('EIO: the log is dead, nothing is acknowledged afterwards', async () => {
    await sweep({ type: 'error', code: 'EIO' }, (outcome) => {
      assert.equal(outcome.isDead, true);
      assert.equal(outcome.ledger.refusals.at(-1)?.code ?? 'log_failed', 'log_failed');
    });
  });

  it('EINTR: a write is repeated; only a sync may not fail', async () => {
    await sweep({ type: 'error', code: 'EINTR' }, (outcome) => {
      if (outcome.met === 'write') assert.deepEqual(outcome.ledger.refusals, []);
      assert.equal(outcome.isDead, outcome.met !== 'write');
    });
  });

  it('a short write is completed', async () => {
    await sweep({ type: 'short', bytes: 7 }, ({ ledger, isDead }) => {
      assert.equal(isDead, false);
      assert.deepEqual(ledger.refusals, []);
    });
  });

  for (const code of ['ENOSPC', 'EDQUOT']) {
    it(`${code}: refused with disk_full, then writing resumes without a restart`, async () => {
      await sweep({ type: 'error', code }, (outcome) => {
        assert.equal(outcome.isDead, isSync(outcome));
        if (outcome.isDead) return;
        assertResumed(outcome);
        for (const refusal of outcome.ledger.refusals) assert.equal(refusal.code, 'disk_full');
      });
    });
  }

  for (const code of ['EMFILE', 'EROFS']) {
    it(`${code}: refused with not_ready, then writing resumes without a restart`, async () => {
      await sweep({ type: 'error', code }, (outcome) => {
        assert.equal(outcome.isDead, isSync(outcome));
        if (outcome.isDead) return;
        assertResumed(outcome);
        for (const refusal of outcome.ledger.refusals) assert.equal(refusal.code, 'not_ready');
      });
    });
  }
});

describe('a disk without space', () => {
  it('is refused before it is full, and written again when there is space', async () => {
    const disk = new SimulatedDisk({ capacityBytes: 200_000 });
    await disk.makeDirectory(world.directory);
    const { log } = await world.open(disk, { freeBytesMin: 150_000 });
    const ledger = world.newLedger();
    let refused = 0;
    for (let from = 1; refused < 3; from = ledger.acknowledged + 1) {
      const appended = await log.append(entries(from, 10));
      if (appended.ok) ledger.acknowledged += 10;
      else {
        assert.equal(appended.error.code, 'disk_full');
        refused += 1;
        // The file system is asked at most once a second while it said yes.
      }
      if (ledger.acknowledged > 5000) break;
    }
    disk.capacityBytes = 10_000_000;
    assert.ok((await log.append(entries(ledger.acknowledged + 1, 10))).ok);
    await log.close();
  });

  it('that fills up in the middle of a batch keeps what was whole', async () => {
    for (let capacityBytes = 3000; capacityBytes < 6000; capacityBytes += 37) {
      const disk = new SimulatedDisk({ capacityBytes });
      await disk.makeDirectory(world.directory);
      const { log } = await world.open(disk, { freeBytesMin: 0 });
      const ledger = world.newLedger();
      for (let batch = 0; batch < 6; batch += 1) {
        ledger.sent = Math.max(ledger.sent, ledger.acknowledged + 3);
        const appended = await log.append(entries(ledger.acknowledged + 1, 3));
        if (appended.ok) ledger.acknowledged += 3;
        else assert.equal(appended.error.code, 'disk_full');
      }
      assert.equal(log.failure, undefined);
      assert.deepEqual(await world.violations(log, ledger), []);
      disk.capacityBytes = 2 ** 30;
      assert.ok((await log.append(entries(ledger.acknowledged + 1, 3))).ok);
      await log.close();
    }
  });
});

describe('a write that cannot be undone', () => {
  it('ends the log', async () => {
    const disk = new SimulatedDisk();
    await disk.makeDirectory(world.directory);
    const { log } = await world.open(disk);
    await log.append(entries(1, 3));
    disk.hook = ({ type }) => {
      if (type === 'write') return { type: 'error', code: 'ENOSPC' };
      return type === 'truncate' ? { type: 'error', code: 'EIO' } : undefined;
    };
    const refused = await log.append(entries(4, 3));
    assert.equal(refused.ok ? 'ok' : refused.error.code, 'log_failed');
    disk.hook = undefined;
    assert.equal((await log.append(entries(4, 3))).ok, false);
    await log.close();
  });
});

describe('a log that was taken away', () => {
  const segment = `${world.directory}/0000000000000000.wal`;
  const ways: readonly (readonly [string, (disk: SimulatedDisk) => void])[] = [
    ['removed', (disk) => disk.take(segment)],
    ['replaced by a copy of it', (disk) => disk.put(segment, disk.peek(segment))],
  ];
  for (const [way, takeAway] of ways) {
    it(`is dead within a second: ${way}`, async () => {
      const disk = new SimulatedDisk();
      await disk.makeDirectory(world.directory);
      const clock = new SimulatedClock();
      const opened = await openLog(disk, clock, world.options);
      assert.ok(opened.ok);
      const { log } = opened.value;
      assert.ok((await log.append(entries(1, 3))).ok);
      await clock.advance(1000);
      assert.ok((await log.append(entries(4, 3))).ok, 'it is there');
      takeAway(disk);
      await clock.advance(1000);
      const refused = await log.append(entries(7, 3));
      assert.equal(refused.ok ? 'ok' : refused.error.code, 'log_failed');
      assert.match(refused.ok ? '' : refused.error.detail, /removed, moved or replaced/);
      assert.equal(log.lastSequence, 6);
      assert.notEqual(log.failure, undefined);
      await log.close();
    });
  }

  const segmentBytesMax = 16 * 1024;
  const rotating: readonly (readonly [string, (disk: SimulatedDisk) => void, number])[] = [
    ['before the next segment is made, and nothing is made', (disk) => disk.take(segment), 0],
    ['while the next segment is made', (disk) => takeAtCreate(disk, segment), 1],
  ];
  for (const [when, takeAway, made] of rotating) {
    it(`is dead at once when it rolls: ${when}`, async () => {
      const disk = new SimulatedDisk();
      await disk.makeDirectory(world.directory);
      const { log } = await world.open(disk, { segmentBytesMax });
      let kept = 0;
      while (log.usage.bytes < segmentBytesMax - 1000) {
        assert.ok((await log.append(entries(kept + 1, 1))).ok);
        kept += 1;
      }
      assert.equal(log.usage.segments, 1);
      takeAway(disk);
      const answers: string[] = [];
      // The clock stands: no second passes.
      for (let batch = 0; batch < 40; batch += 1) {
        const appended = await log.append(entries(log.lastSequence + 1, 10));
        answers.push(appended.ok ? 'ok' : appended.error.detail);
      }
      assert.match(answers[0] ?? '', /removed, moved or replaced/);
      assert.equal(log.lastSequence, kept);
      assert.equal(log.failure?.code, 'log_failed');
      assert.equal((await disk.list(world.directory)).length, made);
      await log.close();
    });
  }
});

/** The segment goes away just before the next one is made. */
function takeAtCreate(disk: SimulatedDisk, segment: string): void {
  disk.hook = ({ type }) => {
    if (type !== 'create') return undefined;
    disk.hook = undefined;
    disk.take(segment);
    return undefined;
  };
}
