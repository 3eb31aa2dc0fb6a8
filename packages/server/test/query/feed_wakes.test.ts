/** Followers are woken by commits, many of which in a short time wake once, and by nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Followed, Follower } from '../../src/query/feed.js';
import { simulatedDatabase, submit } from '../support/databases.js';
import { startMs } from './asking.js';

const records = 60;
const feedWakeIntervalMs = 200;
const patienceMs = 60_000;

const mustRead = async (follower: Follower): Promise<Followed> => {
  const piece = await follower.read();
  assert.ok(piece.ok);
  piece.value.release();
  return piece.value;
};

test('many commits wake a follower a few times, the last of them too; silence never', async () => {
  const { database } = await simulatedDatabase({
    ...{ startMs, identity: 1 },
    feedLimits: { feedWakeIntervalMs },
  });
  let wakes = 0;
  const principal = { type: 'node', agentId: database.agentId } as const;
  const begun = await database.feed.follow(principal, { since: 'now' }, () => {
    wakes += 1;
  });
  assert.ok(begun.ok);
  const follower = begun.value;
  const begunMs = performance.now();
  const ids: string[] = [];
  for (let value = 0; value < records; value += 1) {
    const content = { concept_path: 'a', predicate: 'n', value, asserted_at: startMs };
    ids.push(await submit(database, { kind: 'assertion', content }));
  }
  const told: string[] = [];
  for (let seen = 0; told.length < records; ) {
    assert.ok(performance.now() - begunMs < patienceMs, `${told.length} were told`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (wakes === seen) continue;
    seen = wakes;
    const { items } = await mustRead(follower);
    for (const { json } of items) {
      told.push((JSON.parse(json.toString()) as { readonly id: string }).id);
    }
  }
  assert.deepEqual(told, ids);
  const intervals = (performance.now() - begunMs) / feedWakeIntervalMs;
  assert.ok(wakes <= intervals + 2, `${wakes} times in ${intervals} intervals`);
  // What was written has woken; from here on nothing happens.
  await new Promise((resolve) => setTimeout(resolve, 2 * feedWakeIntervalMs));
  const before = wakes;
  await new Promise((resolve) => setTimeout(resolve, 3 * feedWakeIntervalMs));
  assert.equal(wakes, before);
  follower.close();
  await database.close();
});
