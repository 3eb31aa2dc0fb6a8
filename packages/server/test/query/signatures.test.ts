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
import type { Pace } from '../../src/query/pace.js';
import { RecordReader } from '../../src/query/records.js';
import { ruleFacts } from '../../src/query/rules_over.js';
import { statedWithSignatures } from '../../src/query/signatures.js';
import { type SimulatedDatabase, simulatedDatabase, submit } from '../support/databases.js';

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

const signedBy = async (target: SimulatedDatabase, pairs: readonly KeyPair[]): Promise<void> => {
  for (const pair of pairs) {
    const signature = sign('assertion', id, pair.secretSeed);
    const signatures = [{ agent_id: pair.agentId, signature }];
    await submit(target.database, { kind: 'assertion', content, signatures });
  }
};

/** The claim as read back when it was signed by these, in this order. */
const readBack = async (pairs: readonly KeyPair[]): Promise<StatedRecord> => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  const { database } = target;
  await signedBy(target, [author, ...pairs]);
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

test('signatures that are not listed are counted at the pace of the call, not read', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  const { database } = target;
  const count = 300;
  await signedBy(target, [author, ...signers(count)]);
  const snapshot = database.store.snapshot();
  let reads = 0;
  const log = Object.create(database.log, {
    read: {
      value: (sequence: number, offset: number) => {
        reads += 1;
        return database.log.read(sequence, offset);
      },
    },
  });
  let rows = 0;
  const spend = async (more: number): Promise<void> => {
    rows += more;
  };
  const pace = { spend } as Pace;
  const moment = { stamp: snapshot.visibleStamp, ms: startMs };
  const reader = new RecordReader(log, snapshot);
  const stated = await statedWithSignatures({ snapshot, reader, moment, pace }, id);
  assert.equal(stated?.signatures?.length, 100);
  assert.equal(stated.signatures_count, count + 1);
  assert.equal(reads, 101);
  assert.ok(rows >= 2 * count + 100 * 16, `${rows} rows`);
  const { attesters } = ruleFacts(snapshot, reader, moment.stamp);
  reads = 0;
  assert.equal(attesters(id).length, count + 1);
  assert.equal(reads, 0);
  snapshot.release();
  await database.close();
});
