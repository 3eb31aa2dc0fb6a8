/** Questions hold readers of the store, of which there is a bounded number. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histories } from '../../src/bin/histories.js';
import { LensRegistry } from '../../src/lens/registry.js';
import { localCandidates } from '../../src/query/local_candidates.js';
import { createQueryService } from '../../src/query/query_service.js';
import { singleNodeShards } from '../../src/store/shard_map.js';
import { simulatedDatabase, submit } from '../support/databases.js';

const startMs = Date.UTC(2026, 0, 1);
const content = { concept_path: 'a/b', predicate: 'p', value: 1, asserted_at: startMs };
const question = {
  scope: { type: 'concept', conceptPath: 'a/b' },
  lens: 'recency',
  limit: 1,
} as const;

test('questions beyond the limit are refused as overloaded, and later ones are not', async () => {
  const { database, clock } = await simulatedDatabase({ startMs, identity: 1 });
  await submit(database, { kind: 'assertion', content });
  const { log, store, policies, identity } = database;
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const shards = singleNodeShards(identity.nodeId);
  const service = createQueryService({
    log,
    store,
    policies,
    clock,
    timeline: {
      logId: log.logId,
      get visibleStamp() {
        return store.visibleStamp;
      },
      presentMs: () => clock.wallMs(),
      passMoment: () => Promise.resolve(),
      isFinal: () => true,
      waitFor: () => Promise.resolve(true),
    },
    rulesOver: new Histories(log, store).rulesOver,
    lenses: new LensRegistry(),
    random: { bytes: (length) => new Uint8Array(length) },
    cursorKey: new Uint8Array(32),
    loaderOf: (snapshot) => ({
      async *candidates(pair, asOf) {
        await gate;
        yield* localCandidates(snapshot, identity.nodeId, shards).candidates(pair, asOf);
      },
    }),
    limits: { questionsOpenMax: 3 },
  });
  const principal = { type: 'node', agentId: database.agentId } as const;
  const held = [1, 2, 3].map(() => service.ask(principal, question));
  const beyond = await service.ask(principal, question);
  assert.equal(beyond.ok ? 'answered' : beyond.error.code, 'overloaded');
  open();
  for (const answer of await Promise.all(held)) assert.ok(answer.ok);
  assert.ok((await service.ask(principal, question)).ok);
  await database.close();
});

test('the counts of the store are those of a snapshot', async () => {
  const { database } = await simulatedDatabase({ startMs, identity: 1 });
  await submit(database, { kind: 'assertion', content });
  const snapshot = database.store.snapshot();
  assert.equal(database.store.assertionCount, 1);
  assert.equal(database.store.assertionCount, snapshot.assertionCount);
  assert.equal(database.store.recordCount, snapshot.recordCount);
  snapshot.release();
  await database.close();
});
