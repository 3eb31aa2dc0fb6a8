/** How questions end: late, left alone, over damaged data; nothing is left open (spec 6, 8). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalBytes, recordIdOf } from '@stemedb/model';
import { QueryEnded } from '../../src/query/pace.js';
import type { QueryCollaborators } from '../../src/query/query_service.js';
import { StoreCorruption } from '../../src/store/corruption.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { TestClock } from '../support/test_clock.js';
import {
  asked,
  claim,
  principalOf,
  question,
  refused,
  result,
  serviceOver,
  startMs,
  write,
} from './asking.js';

/** A clock whose time passes with every look at it. */
class TickingClock extends TestClock {
  #ticks = 0;
  override monotonicMs(): number {
    this.#ticks += 1;
    return this.#ticks;
  }
}

const pairs = 20;
const all = question({ scope: { type: 'prefix', prefix: 'a' } });

const filled = async (disk?: SimulatedDisk): Promise<SimulatedDatabase> => {
  const target = await simulatedDatabase({
    startMs,
    identity: 1,
    ...(disk === undefined ? {} : { disk }),
  });
  for (let at = 0; at < pairs; at += 1) await write(target, claim(at, { concept_path: `a/${at}` }));
  return target;
};

const corruption = new StoreCorruption('claims', Uint8Array.of(1), 'planted');

describe('the end of a question', () => {
  it('comes when its time is over', async () => {
    const target = await filled();
    const ending = async (queryTimeoutMs: number) => {
      const limits = { queryTimeoutMs, supportRowsMax: 1000 };
      const { query, snapshots } = serviceOver(target, {
        limits,
        clock: new TickingClock(startMs),
      });
      const outcome = await query.ask(principalOf(target), all);
      assert.deepEqual(snapshots, { taken: 1, held: 0 });
      return outcome;
    };
    const late = await ending(pairs / 2);
    assert.ok(!late.ok);
    assert.equal(late.error.code, 'query_timeout');
    assert.match(late.error.detail, new RegExp(`longer than ${pairs / 2} ms`));
    assert.ok((await ending(pairs * 10)).ok);
    await target.database.close();
  });

  it('comes when its caller is gone, before or meanwhile', async () => {
    const target = await filled();
    const gone = new AbortController();
    gone.abort();
    const { query, snapshots } = serviceOver(target);
    const error = await refused(query.ask(principalOf(target), all, gone.signal));
    assert.deepEqual(
      [error.code, error.detail],
      ['query_timeout', new QueryEnded('The caller has gone.').message],
    );
    const leaving = new AbortController();
    let loaded = 0;
    const loaderOf: QueryCollaborators['loaderOf'] = () => ({
      async *candidates() {
        loaded += 1;
        if (loaded === 3) leaving.abort();
        yield [];
      },
    });
    const second = serviceOver(target, { loaderOf });
    const ended = await refused(second.query.ask(principalOf(target), all, leaving.signal));
    assert.equal(ended.code, 'query_timeout');
    assert.equal(loaded, 3);
    assert.deepEqual([snapshots.held, second.snapshots.held], [0, 0]);
    await target.database.close();
  });
});

describe('damage', () => {
  it('is an error that names the entry when the store is damaged', async () => {
    const target = await filled();
    const loaderOf: QueryCollaborators['loaderOf'] = () => ({
      candidates() {
        throw corruption;
      },
    });
    const { query, snapshots } = serviceOver(target, { loaderOf });
    const error = await refused(query.ask(principalOf(target), all));
    assert.equal(error.code, 'store_corrupt');
    assert.match(error.detail, /entry 01 of table claims: planted.*stemedb verify/);
    assert.deepEqual(snapshots, { taken: 1, held: 0 });
    await target.database.close();
  });

  it('is an exception when the program is at fault, with nothing left open', async () => {
    const target = await filled();
    const loaderOf: QueryCollaborators['loaderOf'] = () => ({
      candidates() {
        throw new RangeError('planted');
      },
    });
    const { query, snapshots } = serviceOver(target, { loaderOf });
    await assert.rejects(query.ask(principalOf(target), all), /planted/);
    assert.deepEqual(snapshots, { taken: 1, held: 0 });
    await target.database.close();
  });

  it('leaves no snapshot open, however it comes', async () => {
    const target = await filled();
    const { query, snapshots } = serviceOver(target);
    const principal = principalOf(target);
    const [id] = await write(target, claim('x'));
    assert.ok(id !== undefined);
    const missing = recordIdOf(canonicalBytes('none'));
    await query.ask(principal, all);
    await query.ask(principal, { ...all, limit: 1 });
    await query.ask(principal, { ...all, lens: 'none' });
    await query.ask(principal, { ...all, cursor: 'none' });
    await query.ask(principal, { ...all, asOf: 'none' });
    await query.record(principal, id);
    await query.record(principal, missing);
    await query.record(principal, id, { kind: 'source' });
    assert.deepEqual(snapshots, { taken: 5, held: 0 });
    await target.database.close();
  });
});

describe('a damaged log', () => {
  it('fails the questions that need the damaged record, and no other', async () => {
    const disk = new SimulatedDisk();
    const target = await filled(disk);
    const marker = Buffer.from('"concept_path":"a/7"');
    const path = '/wal/0000000000000000.wal';
    const at = disk.peek(path).indexOf(marker);
    assert.ok(at > 0);
    disk.flipBit(path, 8 * at + 1);
    const scopeOf = (conceptPath: string) => ({ scope: { type: 'concept', conceptPath } as const });
    assert.equal((await refused(asked(target, scopeOf('a/7')))).code, 'log_corrupt');
    assert.equal((await result(target, scopeOf('a/8')))?.value, 8);
    const { query, snapshots } = serviceOver(target);
    const error = await refused(query.ask(principalOf(target), all));
    assert.equal(error.code, 'log_corrupt');
    assert.match(error.detail, /stemedb verify/);
    assert.deepEqual(snapshots, { taken: 1, held: 0 });
    await target.database.close();
  });
});
