/** An answer is final when nothing that arrives later can change it, a restart included. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '@stemedb/model';
import type { Database } from '../../src/bin/database.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import * as world from './world.js';

const question = {
  scope: { type: 'prefix', prefix: 'thing' },
  lens: 'recency',
  limit: 100,
} as const;

const ask = async (database: Database, asOf?: string | number): Promise<Answer> => {
  const principal = { type: 'node', agentId: database.agentId } as const;
  const asked = asOf === undefined ? question : { ...question, asOf };
  const answer = await database.query.ask(principal, asked);
  if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.detail}`);
  return answer.value;
};

test('what a failed sync left in doubt is not called final', async () => {
  const disk = new SimulatedDisk();
  const opened = await world.openWorld({ disk });
  const { database, clock } = opened;
  const ledger = world.newLedger();
  assert.ok(await world.submitMore(opened, ledger, 5));
  await clock.advance(10);
  disk.hook = ({ type }) => (type === 'datasync' ? { type: 'error', code: 'EIO' } : undefined);
  assert.equal(await world.submitMore(opened, ledger, 1), false);
  disk.hook = undefined;
  await clock.advance(10);
  const nowMs = clock.wallMs();
  const visible = await ask(database);
  assert.equal(visible.final, true, 'the failed batch was stamped later');
  const now = await ask(database, nowMs);
  assert.equal(now.final, false, 'the failed batch may come back');
  await database.close();
  // The process restarts, the machine does not: what was not synced is still read.
  const again = await world.openWorld({ disk, clock, files: opened.files() });
  assert.equal(again.database.store.assertionCount, 6);
  const [visibleAgain, nowAgain] = [
    await ask(again.database, visible.as_of_stamp),
    await ask(again.database, nowMs),
  ];
  assert.deepEqual(visibleAgain.results, visible.results);
  assert.notDeepEqual(nowAgain.results, now.results);
  assert.deepEqual([visibleAgain.final, nowAgain.final], [true, true]);
  await again.database.close();
});
