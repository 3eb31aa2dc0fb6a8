/**
 * Fault 3: power loss after every I/O operation of a script of 1,000 records, with everything not
 * synced kept, lost, torn or reordered. Replay one case: the message names operation and seed.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changingOperations, type Fault, SimulatedDisk } from '../simulation/simulated_disk.js';
import type { Loss } from '../simulation/simulated_inode.js';
import * as world from './script.js';

/** The disk as it was after some operation, and what had been promised by then. */
interface Moment {
  readonly operation: number;
  readonly disk: SimulatedDisk;
  readonly ledger: world.Ledger;
}

type Lie = (type: string) => Fault | undefined;

/** Runs the script once and keeps the world after each changing operation. */
async function moments(records: number, seed: number, lie?: Lie): Promise<readonly Moment[]> {
  const disk = new SimulatedDisk();
  await disk.makeDirectory(world.directory);
  const ledger = world.newLedger();
  const kept: Moment[] = [];
  const keep = () =>
    kept.push({ operation: kept.length, disk: disk.clone(), ledger: { ...ledger } });
  disk.hook = ({ type }) => {
    if (changingOperations.has(type)) keep();
    return lie?.(type);
  };
  const { log } = await world.open(disk);
  await world.runScript(log, ledger, { records, seed });
  keep();
  await log.close();
  keep();
  return kept;
}

/** Crashes a copy of the world and opens what is left. */
async function afterCrash(
  moment: Moment,
  seed: number,
  loss: Loss,
  provenSequence = moment.ledger.acknowledged,
): Promise<readonly string[]> {
  const disk = moment.disk.clone();
  disk.crash(seed, loss);
  const bytesBefore = await world.segmentBytes(disk);
  try {
    const { log, report } = await world.open(disk, { provenSequence });
    const found = [...(await world.violations(log, moment.ledger))];
    const isNew = bytesBefore < report.bytes;
    const cutBytes = isNew ? 0 : bytesBefore - report.bytes;
    if (!isNew && (report.cut?.cutBytes ?? 0) !== cutBytes) {
      found.push(`${cutBytes} bytes were cut, ${report.cut?.cutBytes} reported`);
    }
    await log.close();
    return found;
  } catch (error) {
    return [String(error)];
  }
}

async function assertSurvives(moment: Moment, seed: number, loss: Loss): Promise<void> {
  const found = await afterCrash(moment, seed, loss);
  assert.deepEqual(found, [], `operation ${moment.operation}, seed ${seed}, ${loss}`);
}

describe('power loss', () => {
  it('loses nothing acknowledged, whatever operation it follows', async () => {
    const kept = await moments(1000, 1);
    assert.ok(kept.length > 300);
    for (const moment of kept) {
      await assertSurvives(moment, 0, 'nothing kept');
      if (moment.operation % 4 === 0) await assertSurvives(moment, 0, 'all kept');
      for (let seed = 1; seed <= world.runs(2, 30); seed += 1) {
        await assertSurvives(moment, seed * 7919 + moment.operation, 'any');
      }
    }
  });

  it('cuts a torn tail somewhere in the script, and reports it', async () => {
    let cuts = 0;
    for (const moment of await moments(1000, 2)) {
      const disk = moment.disk.clone();
      disk.crash(moment.operation, 'any');
      const { report, log } = await world.open(disk);
      if (report.cut) {
        cuts += 1;
        assert.match(report.cut.segment, /^[0-9a-f]{16}\.wal$/);
        assert.ok(report.cut.cutBytes > 0 && report.cut.offset >= 0);
      }
      await log.close();
    }
    assert.ok(cuts > 20, `${cuts} torn tails were met`);
  });

  it('may strike again at any operation of the recovery, and again', async () => {
    for (const moment of await moments(150, 3)) {
      const seed = moment.operation + 1;
      const crashed = moment.disk.clone();
      crashed.crash(seed, 'any');
      for (let cutAt = 1; ; cutAt += 1) {
        const disk = crashed.clone();
        let operation = 0;
        disk.hook = ({ type }) => {
          if (changingOperations.has(type)) operation += 1;
          return operation >= cutAt ? { type: 'power off' } : undefined;
        };
        const isOpen = await world.open(disk).then(
          () => true,
          () => false,
        );
        const again = { ...moment, disk };
        await assertSurvives(again, seed + cutAt, cutAt % 2 === 0 ? 'any' : 'nothing kept');
        if (isOpen) break;
      }
    }
  });

  it('finds nothing unsynced behind any acknowledgement', async () => {
    const disk = new SimulatedDisk();
    await disk.makeDirectory(world.directory);
    const { log } = await world.open(disk);
    let acknowledged = 0;
    const onAcknowledged = () => {
      acknowledged += 1;
      assert.equal(disk.hasUnsynced(world.directory), false);
    };
    await world.runScript(log, world.newLedger(), { records: 1000, seed: 4, onAcknowledged });
    assert.ok(acknowledged > 60);
    await log.close();
  });
});

/** The checks above must be able to fail: each of these bugs makes them. */
describe('power loss: planted bugs are found', () => {
  const planted: readonly (readonly [string, Lie])[] = [
    ['fdatasync does nothing', (type) => (type === 'datasync' ? { type: 'lie' } : undefined)],
    [
      'the directory is never synced',
      (type) => (type === 'syncDirectory' ? { type: 'lie' } : undefined),
    ],
  ];
  for (const [title, lie] of planted) {
    it(title, async () => {
      let losses = 0;
      for (const moment of await moments(300, 5, lie)) {
        const found = await afterCrash(moment, moment.operation, 'nothing kept', 0);
        if (found.length > 0) losses += 1;
      }
      assert.ok(losses > 50, `${losses} losses were noticed`);
    });
  }
});
