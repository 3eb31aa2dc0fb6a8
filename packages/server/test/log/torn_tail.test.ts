/** Fault 4: the last segment cut at every byte of its last three frames. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frameBytes } from '../../src/log/frame.js';
import { entries, entryOf } from '../conformance/log.js';
import { SeededRandom } from '../simulation/seeded_random.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import * as world from './script.js';

const sealedRecords = 60;
const records = sealedRecords + 3;

/** A log of which only the last three records, one batch, may still be torn; never closed. */
async function crashedLog(): Promise<{ readonly disk: SimulatedDisk; readonly path: string }> {
  const disk = new SimulatedDisk();
  await disk.makeDirectory(world.directory);
  const { log } = await world.open(disk);
  await log.append(entries(1, sealedRecords));
  await log.append(entries(sealedRecords + 1, 3));
  const names = (await disk.list(world.directory)).filter((name) => name.endsWith('.wal'));
  return { disk, path: `${world.directory}/${names.at(-1)}` };
}

describe('a torn tail', () => {
  it('is cut to the last whole frame, and only the rest is lost', async () => {
    const { disk: whole, path } = await crashedLog();
    const bytes = whole.peek(path);
    const lengths = entries(sealedRecords + 1, 3).map(frameBytes);
    const tailBytes = lengths.reduce((sum, length) => sum + length);
    for (let cut = 0; cut <= tailBytes; cut += 1) {
      const disk = whole.clone();
      disk.crash(0, 'all kept');
      disk.put(path, bytes.subarray(0, bytes.length - cut));
      let left = tailBytes - cut;
      let kept = 0;
      while ((lengths[kept] ?? Number.POSITIVE_INFINITY) <= left) {
        left -= lengths[kept] ?? 0;
        kept += 1;
      }
      const { log, report } = await world.open(disk);
      assert.equal(log.lastSequence, sealedRecords + kept, `cut by ${cut}`);
      assert.equal(report.cut?.cutBytes ?? 0, left, `cut by ${cut}`);
      assert.equal(report.cleanStop, false);
      const ledger = { ...world.newLedger(), acknowledged: sealedRecords + kept, sent: records };
      assert.deepEqual(await world.violations(log, ledger), []);
      const again = await log.append([entryOf(log.lastSequence + 1)]);
      assert.ok(again.ok);
      await log.close();
      const { log: reopened, report: second } = await world.open(disk);
      assert.equal(second.cleanStop, true);
      assert.equal(reopened.lastSequence, sealedRecords + kept + 1);
      await reopened.close();
    }
  });

  it('is cut as well when it ends in bytes that were never written', async (t) => {
    const seed = Number(process.env.STEMEDB_SEED ?? 4);
    t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed} npm test -- log/torn_tail`);
    const { disk: whole, path } = await crashedLog();
    const bytes = whole.peek(path);
    const lengths = entries(sealedRecords + 1, 3).map(frameBytes);
    const tailBytes = lengths.reduce((sum, length) => sum + length);
    const random = new SeededRandom(seed);
    for (let run = 0; run < world.runs(200, 10_000); run += 1) {
      const left = random.below(tailBytes);
      const noise = random.bytes(random.below(700));
      const disk = whole.clone();
      disk.crash(0, 'all kept');
      disk.put(path, Buffer.concat([bytes.subarray(0, bytes.length - tailBytes + left), noise]));
      const { log } = await world.open(disk);
      const [first = 0, second = 0] = lengths;
      const kept = left < first ? 0 : left < first + second ? 1 : 2;
      const acknowledged = sealedRecords + kept;
      const ledger = { ...world.newLedger(), acknowledged, sent: acknowledged };
      assert.deepEqual(await world.violations(log, ledger), [], `run ${run}, ${left} bytes left`);
      await log.close();
    }
  });
});

describe('a torn tail that is more than cut', () => {
  it('is damage when the store has what is missing', async () => {
    const { disk: whole, path } = await crashedLog();
    const bytes = whole.peek(path);
    for (const cut of [1, 40, frameBytes(entryOf(records))]) {
      const disk = whole.clone();
      disk.crash(0, 'all kept');
      disk.put(path, bytes.subarray(0, bytes.length - cut));
      const error = await world.openError(disk, { provenSequence: records });
      assert.equal(error.code, 'log_corrupt');
      assert.match(error.detail, /records to 63 were durable/);
      assert.deepEqual(disk.peek(path), bytes.subarray(0, bytes.length - cut), 'nothing changed');
    }
  });

  it('is written anew, so pages of a failed sync are durable before they are served', async () => {
    const { disk } = await crashedLog();
    const { log } = await world.open(disk);
    disk.hook = ({ type }) => (type === 'datasync' ? { type: 'error', code: 'EIO' } : undefined);
    const refused = await log.append([entryOf(records + 1)]);
    assert.equal(refused.ok ? 'ok' : refused.error.code, 'log_failed');
    disk.hook = undefined;
    // The process restarts, the machine does not: the page cache still shows the record.
    const { log: second } = await world.open(disk);
    assert.equal(second.lastSequence, records + 1);
    disk.crash(1, 'nothing kept');
    const { log: third } = await world.open(disk);
    assert.equal(third.lastSequence, records + 1);
    await third.close();
  });
});
