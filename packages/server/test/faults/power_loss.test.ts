/**
 * Fault 3 through the whole database: power loss after every I/O operation of a script of 1,000
 * claims, with everything that was not synced lost, or kept, dropped, reordered and torn as a seed
 * chooses, and the store in any state that it had. Each failure names its operation and seed.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SeededRandom } from '../simulation/seeded_random.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import { changingOperations, type Fault, SimulatedDisk } from '../simulation/simulated_disk.js';
import type { Loss } from '../simulation/simulated_inode.js';
import { countOf } from '../support/seeded.js';
import * as world from './world.js';

const scriptSeed = Number(process.env.STEMEDB_SEED ?? 3);
const replay = `replay with STEMEDB_SEED=${scriptSeed} npm test -- faults/power_loss`;

/** The world before some operation: what was on the disk, and what had been promised. */
interface Moment {
  readonly operation: number;
  readonly disk: SimulatedDisk;
  readonly files: world.StoreFiles;
  readonly wallMs: number;
  readonly sent: number;
  readonly acknowledged: number;
}

interface Played {
  readonly operations: number;
  readonly claims: number;
}

/** Runs the script and hands each moment over before the next call is made. */
async function play(
  claims: number,
  lie: ((type: string) => Fault | undefined) | undefined,
  onMoment: (moment: Moment, ledger: world.Ledger) => Promise<void>,
): Promise<Played> {
  const disk = new SimulatedDisk();
  const clock = new SimulatedClock();
  const files = new world.StoreFiles();
  const ledger = world.newLedger();
  let waiting: Moment[] = [];
  let operations = 0;
  const keep = (): void => {
    waiting.push({
      operation: operations,
      disk: disk.clone(),
      files: files.at(files.count),
      wallMs: clock.wallMs(),
      sent: ledger.sent,
      acknowledged: ledger.acknowledged.length,
    });
    operations += 1;
  };
  disk.hook = ({ type }) => {
    if (changingOperations.has(type)) keep();
    return lie?.(type);
  };
  const handOver = async (): Promise<boolean> => {
    for (const moment of waiting) await onMoment(moment, ledger);
    waiting = [];
    return false;
  };
  const opened = await world.openWorld({ disk, clock, files });
  const random = new SeededRandom(scriptSeed);
  await world.runScript(opened, ledger, { claims, random, between: handOver });
  await opened.database.close();
  keep();
  await handOver();
  return { operations, claims: ledger.acknowledged.length };
}

interface Aftermath {
  readonly found: readonly string[];
  /** Bytes of a torn tail that were cut. */
  readonly cutBytes: number;
  /** Claims that nobody was told about and that are there all the same. */
  readonly survivors: number;
}

/** Cuts the power at this moment, and opens what is left. */
async function afterLoss(
  moment: Moment,
  ledger: world.Ledger,
  seed: number,
  loss: Loss,
): Promise<Aftermath> {
  const random = new SeededRandom(seed);
  const disk = moment.disk.clone();
  disk.crash(seed, loss);
  const recent = random.chance(0.1) ? moment.files.count : Math.min(4, moment.files.count);
  const files = moment.files.at(moment.files.count - random.below(recent));
  const clock = new SimulatedClock(moment.wallMs + random.below(3) * 1000);
  const opened = await world.tryOpen({ disk, files, clock });
  if (!opened.ok) return { found: [opened.error.detail], cutBytes: 0, survivors: 0 };
  const acknowledged = ledger.acknowledged.slice(0, moment.acknowledged);
  const { database } = opened.value;
  const survivors = database.store.assertionCount - moment.acknowledged;
  const cutBytes = database.report.log.cut?.cutBytes ?? 0;
  const found = [
    ...(await world.violations(opened.value, { sent: moment.sent, acknowledged })),
    ...(await writesOn(opened.value)),
  ];
  await database.close();
  return { found, cutBytes, survivors };
}

/** The database that came back takes a claim. */
async function writesOn({ database }: world.World): Promise<readonly string[]> {
  const principal = { type: 'node', agentId: database.agentId } as const;
  const content = { concept_path: 'after', predicate: 'power', value: 'back' };
  const accepted = await database.ingest.submit(principal, { kind: 'assertion', content });
  return accepted.ok ? [] : [accepted.error.detail];
}

describe('power loss of a database', () => {
  it('loses nothing acknowledged, whatever operation it follows', async (t) => {
    t.diagnostic(replay);
    let [cases, torn, survived] = [0, 0, 0];
    const played = await play(1000, undefined, async (moment, ledger) => {
      for (let run = 0; run <= countOf(1, 25); run += 1) {
        const seed = moment.operation * 1009 + run;
        const loss = run === 0 ? 'nothing kept' : moment.operation % 8 === 0 ? 'all kept' : 'any';
        const after = await afterLoss(moment, ledger, seed, loss);
        const name = `operation ${moment.operation}, crash seed ${seed}, ${loss}; ${replay}`;
        assert.deepEqual(after.found, [], name);
        cases += 1;
        if (after.cutBytes > 0) torn += 1;
        if (after.survivors > 0) survived += 1;
      }
    });
    t.diagnostic(
      `${played.operations} operations, ${played.claims} claims, ${cases} power losses: ` +
        `${torn} torn tails, ${survived} with claims that nobody was told about`,
    );
    assert.equal(played.claims, 1000);
    assert.ok(played.operations > 300 && torn > 20 && survived > 20);
  });
});

/** The checks above must be able to fail: each of these bugs makes them. */
describe('power loss of a database: planted bugs are found', () => {
  for (const type of ['datasync', 'syncDirectory']) {
    it(`${type} does nothing`, async () => {
      let losses = 0;
      const lie = (operation: string): Fault | undefined =>
        operation === type ? { type: 'lie' } : undefined;
      await play(150, lie, async (moment, ledger) => {
        const after = await afterLoss(moment, ledger, moment.operation, 'nothing kept');
        if (after.found.length > 0) losses += 1;
      });
      assert.ok(losses > 20, `${losses} losses were noticed`);
    });
  }
});
