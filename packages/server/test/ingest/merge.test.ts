/** `merge`: shape, hash and signature only, stamps come along, the smaller one counts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  canonicalBytes,
  type JsonObject,
  makeStamp,
  recordIdOf,
  shardOf,
  stampMs,
} from '@stemedb/model';
import type { MergeRecord, MergeResult } from '../../src/ingest/ingest.js';
import { allShards } from '../../src/log/log.js';
import {
  accepted,
  attestationOf,
  author,
  claim,
  contentBy,
  idOf,
  node,
  openRoom,
  other,
  type Room,
  recordsOf,
  spoiled,
  startMs,
} from './room.js';

const stampAt = (offsetMs: number) => makeStamp(startMs + offsetMs, 0, '2'.repeat(16));
const toleranceMs = 5 * 60 * 1000;

const merged = (content: JsonObject, offsetMs = 0, shard?: number): MergeRecord => ({
  bytes: canonicalBytes(content),
  stamp: stampAt(offsetMs),
  proof: 'signature',
  ...(shard === undefined ? {} : { shard }),
});

const mergeAll = async (room: Room, ...records: readonly MergeRecord[]): Promise<MergeResult> => {
  const outcome = await room.ingest.merge(records);
  if (!outcome.ok) throw new Error(outcome.error.detail);
  return outcome.value;
};

const content = contentBy(other, claim());
const id = idOf(content);
const attestation = contentBy(author, attestationOf(author, id));

describe('merge', () => {
  it('keeps the stamp and the proof that a record brings along', async () => {
    const room = await openRoom();
    const result = await mergeAll(room, { ...merged(content, -1000), proof: 'credential' });
    const position = `${room.log.logId}.1`;
    assert.deepEqual(result, { created: 1, duplicate: 0, refused: [], position });
    const [record] = await recordsOf(room);
    assert.deepEqual([record?.stamp, record?.proof], [stampAt(-1000), 'credential']);
    assert.equal(record?.shard, shardOf('a/b'));
    await room.log.close();
  });

  it('takes a larger stamp for a known record as a duplicate and writes nothing', async () => {
    const room = await openRoom();
    await mergeAll(room, merged(content, 0));
    const again = await mergeAll(room, merged(content, 0), merged(content, 10));
    assert.deepEqual([again.created, again.duplicate], [0, 2]);
    assert.equal(room.log.lastSequence, 1);
    assert.equal(room.store.place(id)?.stamp, stampAt(0));
    await room.log.close();
  });

  it('lets a smaller stamp win, over what is stored and within one call', async () => {
    const room = await openRoom();
    await mergeAll(room, merged(content, 0));
    const again = await mergeAll(room, merged(content, -5), merged(content, -9));
    assert.deepEqual([again.created, again.duplicate], [0, 2]);
    assert.equal(room.store.place(id)?.stamp, stampAt(-9));
    const snapshot = room.store.snapshot();
    assert.equal(snapshot.assertionCount, 1);
    const pair = { conceptPath: 'a/b', predicate: 'p' };
    const rowsAt = async (offsetMs: number): Promise<number> => {
      let rows = 0;
      for await (const chunk of snapshot.candidates(pair, stampAt(offsetMs))) rows += chunk.length;
      return rows;
    };
    assert.deepEqual([await rowsAt(-10), await rowsAt(-9), await rowsAt(0)], [0, 1, 1]);
    snapshot.release();
    await room.log.close();
  });

  it('moves the clock above what it has seen, so that own stamps go on rising', async () => {
    const room = await openRoom();
    await mergeAll(room, merged(content, toleranceMs));
    const { stamp } = accepted(await room.ingest.submit(node, claim('own')));
    assert.ok(stamp > stampAt(toleranceMs));
    assert.equal(stampMs(stamp), startMs + toleranceMs);
    await room.log.close();
  });

  it('refuses a stamp that is too far ahead, and takes the others', async () => {
    const room = await openRoom();
    const far = merged(contentBy(other, claim('far')), toleranceMs + 1);
    const result = await mergeAll(room, merged(content), far);
    assert.deepEqual([result.created, result.refused.length], [1, 1]);
    assert.equal(result.refused[0]?.index, 1);
    assert.equal(result.refused[0]?.error.code, 'time_in_future');
    assert.ok(room.hybrid.latest() < stampAt(toleranceMs));
    await room.log.close();
  });

  it('asks nothing of clock, realm, author, Unicode or other records', async () => {
    const room = await openRoom({ realm: 'here', signatures: 'required' });
    const target = '9'.repeat(64);
    const by = { agent_id: other.agentId, v: 1, asserted_at: startMs + 10 * toleranceMs };
    const records: readonly JsonObject[] = [
      { ...by, kind: 'assertion', concept_path: 'e\u0301', predicate: 'p', value: 1 },
      { ...by, kind: 'vote', target, weight: 1 },
      { ...by, kind: 'assertion', concept_path: 'a', predicate: 'p', value: 1, source: target },
    ];
    const result = await mergeAll(room, ...records.map((record) => merged(record)));
    assert.deepEqual([result.created, result.refused], [3, []]);
    await room.log.close();
  });
});

describe('merge keeps what it does not know', () => {
  const unknownRecords: readonly (readonly [string, JsonObject])[] = [
    ['kind', { kind: 'prophecy', v: 1, text: 'x' }],
    ['version', { ...content, v: 2, mood: 'new' }],
  ];
  for (const [what, record] of unknownRecords) {
    it(`keeps a record of an unknown ${what} byte for byte, without effect`, async () => {
      const room = await openRoom();
      const sent = merged(record);
      assert.equal((await mergeAll(room, sent)).created, 1);
      const [kept] = await recordsOf(room);
      assert.deepEqual(Buffer.from(kept?.bytes ?? []), Buffer.from(sent.bytes));
      assert.equal(kept?.shard, allShards);
      const snapshot = room.store.snapshot();
      assert.deepEqual([snapshot.recordCount, snapshot.assertionCount], [1, 0]);
      assert.equal(snapshot.place(recordIdOf(sent.bytes))?.sequence, 1);
      assert.deepEqual([...snapshot.pairs({ scope: { type: 'all' } })], []);
      snapshot.release();
      assert.equal((await mergeAll(room, sent)).duplicate, 1);
      await room.log.close();
    });
  }
});

describe('merge refuses', () => {
  const text = new TextEncoder();
  const refusals: readonly (readonly [string, Uint8Array, string])[] = [
    ['text that is no JSON', text.encode('{'), 'malformed_json'],
    ['a byte that is no UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'invalid_utf8'],
    ['members out of order', text.encode('{"v":2,"kind":"x"}'), 'invalid_field'],
    ['white space', text.encode(`${JSON.stringify({ kind: 'x', v: 1 })} `), 'invalid_field'],
    ['a known kind out of order', text.encode(JSON.stringify(content)), 'invalid_field'],
    ['an unknown field', canonicalBytes({ ...content, mood: 'new' }), 'unknown_field'],
    ['a version that is no number', canonicalBytes({ ...content, v: '2' }), 'invalid_field'],
    [
      'an attestation that does not verify',
      canonicalBytes({ ...attestation, signature: spoiled(String(attestation.signature)) }),
      'signature_invalid',
    ],
    [
      'an attestation of somebody else',
      canonicalBytes({ ...attestation, agent_id: other.agentId }),
      'signature_invalid',
    ],
  ];
  for (const [what, bytes, code] of refusals) {
    it(what, async () => {
      const room = await openRoom();
      const record: MergeRecord = { bytes, stamp: stampAt(0), proof: 'signature' };
      const result = await mergeAll(room, record);
      assert.deepEqual(
        [result.created, result.refused[0]?.index, result.refused[0]?.error.code],
        [0, 0, code],
      );
      assert.equal(room.log.lastSequence, 0);
      await room.log.close();
    });
  }
});

describe('the shard of a merged record', () => {
  it('takes an attestation before or after its target, with the shard of the target', async () => {
    for (const order of ['before', 'after']) {
      const room = await openRoom();
      const records = [merged(attestation), merged(content)];
      if (order === 'after') records.reverse();
      assert.equal((await mergeAll(room, ...records)).created, 2);
      assert.ok(room.store.isAttestedBy(id, author.agentId));
      const shards = (await recordsOf(room)).map(({ shard }) => shard);
      const own = shardOf('a/b');
      assert.deepEqual(shards, order === 'after' ? [own, own] : [allShards, own]);
      await room.log.close();
    }
  });

  it('keeps the shard that the sender knows', async () => {
    const room = await openRoom();
    await mergeAll(room, merged(attestation, 0, 7));
    assert.equal((await recordsOf(room))[0]?.shard, 7);
    await room.log.close();
  });

  it('does not count as an own write that is already there with a smaller stamp', async () => {
    const room = await openRoom();
    await mergeAll(room, merged(contentBy(author, claim()), -100));
    const again = accepted(await room.ingest.submit(node, claim()));
    assert.deepEqual([again.status, again.stamp], ['duplicate', stampAt(-100)]);
    await room.log.close();
  });
});
