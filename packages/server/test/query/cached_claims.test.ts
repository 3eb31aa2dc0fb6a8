/** What is kept of claims that win, and what the answers that name them leave behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CachedClaims } from '../../src/query/cached_claims.js';
import { Generations } from '../../src/query/generations.js';
import type { Pace } from '../../src/query/pace.js';
import { QueryCache } from '../../src/query/query_cache.js';
import { RecordReader } from '../../src/query/records.js';
import { simulatedDatabase } from '../support/databases.js';
import { claim, startMs, write } from './asking.js';

test('what an answer parses of a kept claim does not stay with it', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  const { log, store } = target.database;
  const [id] = await write(target, claim('x'));
  assert.ok(id);
  const snapshot = store.snapshot();
  const moment = { stamp: snapshot.visibleStamp, ms: startMs };
  const pace = { spend: () => undefined } as unknown as Pace;
  const { sequence: home = 0 } = snapshot.place(id) ?? {};
  const stored = { id, home };
  const looked: boolean[] = [];
  const cache = new QueryCache({
    bytesMax: 1024 * 1024,
    generations: new Generations(moment.stamp),
    metrics: { looked: (_cache, found) => looked.push(found) },
  });
  const claims = new CachedClaims(cache);
  const asked = () => {
    const reader = new RecordReader(log, snapshot);
    return claims.stated({ snapshot, reader, moment, pace }, stored);
  };
  const read = await asked();
  const kept = await asked();
  const again = await asked();
  assert.deepEqual(looked, [false, true, true]);
  assert.deepEqual(again?.record.parsed, read?.record.parsed);
  assert.ok(again?.record !== kept?.record);
  snapshot.release();
  await target.database.close();
});
