/** Which signatures an answer lists: few, the author's own first, never by order of arrival. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  canonicalBytes,
  type KeyPair,
  keyPairFromSeed,
  recordIdOf,
  type StatedRecord,
  sign,
} from '@stemedb/model';
import { simulatedDatabase, submit } from '../support/databases.js';

const startMs = Date.UTC(2026, 0, 1);
const author = keyPairFromSeed(new Uint8Array(32).fill(255));
const content = {
  concept_path: 'a/b',
  predicate: 'p',
  value: 1,
  asserted_at: startMs,
  kind: 'assertion',
  v: 1,
  agent_id: author.agentId,
};
const id = recordIdOf(canonicalBytes(content));

const signers = (count: number): readonly KeyPair[] =>
  Array.from({ length: count }, (_, at) => {
    const seed = new Uint8Array(32);
    new DataView(seed.buffer).setUint32(0, at + 1);
    return keyPairFromSeed(seed);
  });

/** The claim as read back when it was signed by these, in this order. */
const readBack = async (pairs: readonly KeyPair[]): Promise<StatedRecord> => {
  const { database } = await simulatedDatabase({ startMs, identity: 1 });
  for (const pair of [author, ...pairs]) {
    const signature = sign('assertion', id, pair.secretSeed);
    const signatures = [{ agent_id: pair.agentId, signature }];
    await submit(database, { kind: 'assertion', content, signatures });
  }
  const read = await database.query.record({ type: 'node', agentId: database.agentId }, id);
  await database.close();
  assert.ok(read.ok);
  return read.value;
};

test('signatures are listed by the author first and then by agent', async () => {
  const pairs = signers(5);
  const read = await readBack(pairs);
  const others = pairs.map((pair) => pair.agentId).sort();
  const agents = read.signatures?.map((signature) => signature.agent_id);
  assert.deepEqual(agents, [author.agentId, ...others]);
  assert.equal(read.signatures_count, undefined);
  const { signatures } = await readBack([...pairs].reverse());
  assert.deepEqual(signatures, read.signatures);
});

test('of more than 100 signatures 100 are listed, with their number', async () => {
  const read = await readBack(signers(120));
  assert.equal(read.signatures?.length, 100);
  assert.equal(read.signatures?.[0]?.agent_id, author.agentId);
  assert.equal(read.signatures_count, 121);
});
