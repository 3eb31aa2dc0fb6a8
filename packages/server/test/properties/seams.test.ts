/** The seams that a cluster needs, each held by its conformance suite (spec 10). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeStored, recordIdOf } from '@stemedb/model';
import { formatPosition, parsePosition } from '../../src/log/position.js';
import { localCandidates } from '../../src/query/local_candidates.js';
import { singleNodeShards } from '../../src/store/shard_map.js';
import { candidateLoaderConformance, type LoaderFixture } from '../conformance/candidate_loader.js';
import { shardMapConformance } from '../conformance/shard_map.js';
import { historyOf, playHistory, simulatedDatabase } from '../support/databases.js';
import { seeded } from '../support/seeded.js';

const nodeId = '00000000000000aa';

const loaderFixture = async (): Promise<LoaderFixture> => {
  const target = await simulatedDatabase({ startMs: Date.UTC(2026, 0, 1), identity: 1 });
  await playHistory(target, seeded(5), 60);
  const claims = new Map<string, LoaderFixture['claims'][number]>();
  for (const { bytes, stamp } of await historyOf(target)) {
    const content = decodeStored(bytes);
    if (content.kind !== 'assertion') continue;
    const pair = { conceptPath: content.concept_path, predicate: content.predicate };
    const id = recordIdOf(bytes);
    claims.set(id, { id, pair, stamp });
  }
  const snapshot = target.database.store.snapshot();
  return {
    loader: localCandidates(snapshot, nodeId, singleNodeShards(nodeId)),
    claims: [...claims.values()],
    close: async () => {
      snapshot.release();
      await target.database.close();
    },
  };
};

shardMapConformance('single node', () => singleNodeShards(nodeId));
candidateLoaderConformance('local store', loaderFixture);

test('a pair whose shard stands elsewhere is never answered as empty', async () => {
  const { loader, close } = await loaderFixture();
  const elsewhere = localCandidates(loader, 'another', singleNodeShards(nodeId));
  const pair = { conceptPath: 'lab/alpha', predicate: 'dose' };
  assert.throws(() => elsewhere.candidates(pair, 'f'.repeat(32) as never), /not kept/);
  await close();
});

test('a position reads back as it was written, and nothing else does', () => {
  const position = { logId: '0123456789abcdef'.repeat(2), sequence: 42 };
  assert.deepEqual(parsePosition(formatPosition(position)), position);
  const wrong = ['', '42', `${position.logId}.042`, `${position.logId}.-1`, `x${position.logId}.1`];
  for (const text of [...wrong, `${position.logId}.99999999999999999`]) {
    assert.equal(parsePosition(text), undefined, text);
  }
});
