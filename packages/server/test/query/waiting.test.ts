/** What a question waits for: what was stamped up to its moment, and no longer than its time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HybridClock, ok, type RecordId, stampMs } from '@stemedb/model';
import { Histories } from '../../src/bin/histories.js';
import { NodeTimeline } from '../../src/bin/node_timeline.js';
import { GroupCommit } from '../../src/ingest/group_commit.js';
import { LensRegistry } from '../../src/lens/registry.js';
import type { Log } from '../../src/log/log.js';
import { createQueryService } from '../../src/query/query_service.js';
import type { Store } from '../../src/store/store.js';
import { simulatedDatabase, submit } from '../support/databases.js';
import { ask } from '../support/questions.js';
import { TestClock } from '../support/test_clock.js';

const startMs = Date.UTC(2026, 0, 1);
const nodeId = '00000000000000aa';

test('a moment before all that is in flight does not wait for the disk', async () => {
  const clock = new TestClock(startMs);
  const hybrid = new HybridClock(nodeId, () => clock.wallMs());
  let sync = (): void => undefined;
  const synced = new Promise<void>((resolve) => {
    sync = resolve;
  });
  const log = {
    append: () => synced.then(() => ok({ firstSequence: 1, offsets: [0] })),
  } as unknown as Log;
  const store = { appliedSequence: 0, place: () => undefined, apply: async () => undefined };
  const commit = new GroupCommit({
    log,
    store: store as unknown as Store,
    clock: hybrid,
    monotonicMs: () => clock.monotonicMs(),
    turn: () => clock.turn(),
  });
  const timeline = new NodeTimeline({
    logId: 'log',
    clock,
    hybrid,
    commit,
    store: store as unknown as Store,
  });
  const written = commit.commit([
    {
      id: '1'.repeat(64) as RecordId,
      kind: 1,
      shard: 0,
      proof: 'node',
      bytes: new Uint8Array(1),
      content: undefined,
    },
  ]);
  await clock.turn();
  const latest = hybrid.latest();
  let isPast = false;
  let isPresent = false;
  const past = timeline.passMoment(startMs - 1).then(() => {
    isPast = true;
  });
  const present = timeline.passMoment(stampMs(latest)).then(() => {
    isPresent = true;
  });
  await clock.turn();
  assert.deepEqual([isPast, isPresent], [true, false]);
  sync();
  await Promise.all([past, present, written]);
  await clock.turn();
  assert.equal(commit.isInFlight(hybrid.latest()), false);
});

test('a wait for the disk ends with the time of the question', async () => {
  const { database, clock } = await simulatedDatabase({ startMs, identity: 1 });
  clock.after = (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  };
  const { log, store, policies } = database;
  const service = createQueryService({
    log,
    store,
    policies,
    clock,
    timeline: {
      logId: log.logId,
      visibleStamp: store.visibleStamp,
      presentMs: () => clock.wallMs(),
      passMoment: () => new Promise(() => undefined),
      isFinal: () => true,
      waitFor: () => Promise.resolve(true),
    },
    rulesOver: new Histories(log, store).rulesOver,
    lenses: new LensRegistry(),
    random: { bytes: (length) => new Uint8Array(length) },
    cursorKey: new Uint8Array(32),
    loaderOf: (snapshot) => snapshot,
    limits: { queryTimeoutMs: 5 },
  });
  const principal = { type: 'node', agentId: database.agentId } as const;
  const scope = { type: 'concept', conceptPath: 'a/b' } as const;
  const asked = { scope, lens: 'recency', limit: 1, asOf: startMs } as const;
  const answer = await service.ask(principal, asked);
  assert.equal(answer.ok ? 'answered' : answer.error.code, 'query_timeout');
  const read = await service.record(principal, '1'.repeat(64) as RecordId, { asOf: startMs });
  assert.equal(read.ok ? 'answered' : read.error.code, 'query_timeout');
  await database.close();
});

test('a page with a cursor checks min_position as the first one does', async () => {
  const { database } = await simulatedDatabase({ startMs, identity: 1 });
  for (const concept_path of ['a/b', 'a/c']) {
    const content = { concept_path, predicate: 'p', value: 1, asserted_at: startMs };
    await submit(database, { kind: 'assertion', content });
  }
  const scope = { type: 'prefix', prefix: 'a' } as const;
  const first = await ask(database, { scope, lens: 'recency', limit: 1 });
  assert.ok(first.next_cursor !== undefined);
  const principal = { type: 'node', agentId: database.agentId } as const;
  const next = { scope, lens: 'recency', limit: 1, cursor: first.next_cursor } as const;
  const elsewhere = `${'0'.repeat(32)}.1`;
  const refused = await database.query.ask(principal, { ...next, minPosition: elsewhere });
  assert.equal(refused.ok ? 'answered' : refused.error.code, 'conflict');
  const here = `${database.log.logId}.1`;
  assert.ok((await database.query.ask(principal, { ...next, minPosition: here })).ok);
  await database.close();
});
