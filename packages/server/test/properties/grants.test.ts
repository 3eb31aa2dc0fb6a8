/** Invariant 6: authority is granted, never self-declared, and volume below never outvotes it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AnswerResult,
  canonicalBytes,
  defaultPolicyTable,
  type JsonValue,
  keyPairFromSeed,
  recordIdOf,
  sign,
} from '@stemedb/model';
import type { Database } from '../../src/bin/database.js';
import type { Submission } from '../../src/ingest/ingest.js';
import { simulatedDatabase, submit } from '../support/databases.js';
import { ask } from '../support/questions.js';

const startMs = Date.UTC(2026, 0, 1);
const regulator = keyPairFromSeed(new Uint8Array(32).fill(7));
const crowd = 10_000;

const claimOf = (value: string, more: { readonly [key: string]: JsonValue }): Submission => ({
  kind: 'assertion',
  content: { concept_path: 'drug/x', predicate: 'safe', value, asserted_at: startMs, ...more },
});

const signedByRegulator = (value: string): Submission => {
  const { content } = claimOf(value, { source_class: 'regulatory' });
  const complete = {
    ...(content as { readonly [key: string]: JsonValue }),
    kind: 'assertion',
    v: 1,
    agent_id: regulator.agentId,
  };
  const id = recordIdOf(canonicalBytes(complete));
  const signature = sign('assertion', id, regulator.secretSeed);
  return {
    kind: 'assertion',
    content: complete,
    signatures: [{ agent_id: regulator.agentId, signature }],
  };
};

const layered = async (database: Database): Promise<AnswerResult> => {
  const scope = { type: 'concept', conceptPath: 'drug/x' } as const;
  const { results } = await ask(database, { scope, lens: 'layered', limit: 10 });
  const [result] = results;
  assert.ok(result !== undefined);
  return result;
};

/** What the best tier decides, without the tiers below. */
const decision = (result: AnswerResult): unknown => [
  result.value,
  result.confidence,
  result.assertion?.id,
  result.tiers?.[0],
];

test(`${crowd} claims of a class that was not granted do not change layered`, async () => {
  const { database } = await simulatedDatabase({
    startMs,
    identity: 1,
    policy: {
      ...defaultPolicyTable,
      class_mode: 'granted',
      grants: [{ agent_id: regulator.agentId, class: 'regulatory' }],
    },
  });
  await submit(database, signedByRegulator('no'));
  const before = await layered(database);
  assert.equal(before.value, 'no');
  assert.equal(before.tiers?.[0]?.class, 'regulatory');
  const principal = { type: 'node', agentId: database.agentId } as const;
  const flood = Array.from({ length: crowd }, (_, at) =>
    claimOf('yes', { source_class: 'regulatory', source_uri: `https://made.up/${at}` }),
  );
  const outcomes = await database.ingest.submitAll(principal, flood);
  for (const outcome of outcomes) {
    assert.ok(outcome.ok);
    assert.equal(outcome.value.warnings[0]?.code, 'class_not_granted');
  }
  const after = await layered(database);
  assert.deepEqual(decision(after), decision(before));
  assert.equal(after.candidates_count, crowd + 1);
  assert.deepEqual(
    after.tiers?.map((tier) => tier.class),
    ['regulatory', 'community'],
  );
  await database.close();
});

test('with self-declared classes the answer says so', async () => {
  const { database } = await simulatedDatabase({ startMs, identity: 1 });
  await submit(database, claimOf('yes', { source_class: 'regulatory' }));
  const scope = { type: 'concept', conceptPath: 'drug/x' } as const;
  const answer = await ask(database, { scope, lens: 'layered', limit: 10 });
  assert.equal(answer.classes, 'self-declared');
  assert.equal(answer.results[0]?.tiers?.[0]?.class, 'regulatory');
  await database.close();
});
