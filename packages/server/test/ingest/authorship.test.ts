/** How authors are proved, how attestations are kept, and what a repeated record answers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type JsonObject, parseRecordId, type RecordId, stampMs } from '@stemedb/model';
import type { Accepted, Submission } from '../../src/ingest/ingest.js';
import {
  accepted,
  attestationOf,
  author,
  claim,
  contentBy,
  idOf,
  idsOf,
  keyOf,
  node,
  openRoom,
  other,
  recordsOf,
  refused,
  signedBy,
} from './room.js';

const foreign = contentBy(other, claim());
const foreignId = idOf(foreign);
const unsigned: Submission = { kind: 'assertion', content: foreign };

/** Whether a promise is still waiting after every other job had its turn. */
const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  for (let turn = 0; turn < 5; turn += 1) await new Promise((wake) => setImmediate(wake));
  return !settled;
};

describe('the proof of an author', () => {
  it('is the node, the key or a signature, and stands in the log', async () => {
    const room = await openRoom();
    await room.ingest.submit(node, claim('by the node'));
    await room.ingest.submit(keyOf('writer'), claim('by a key'));
    await room.ingest.submit(keyOf('writer'), signedBy(author, claim('signed')));
    const proofs = (await recordsOf(room)).map(({ proof }) => proof);
    assert.deepEqual(proofs, ['node', 'credential', 'signature', 'signature']);
    await room.log.close();
  });

  it('may be an attestation that came earlier', async () => {
    const room = await openRoom();
    assert.equal(refused(await room.ingest.submit(node, unsigned)).code, 'agent_not_proved');
    accepted(await room.ingest.submit(node, attestationOf(other, foreignId)));
    assert.equal(accepted(await room.ingest.submit(node, unsigned)).id, foreignId);
    assert.deepEqual((await recordsOf(room)).at(-1)?.proof, 'signature');
    await room.log.close();
  });

  it('may be an attestation of the same call, before it or after it', async () => {
    for (const order of ['before', 'after']) {
      const room = await openRoom({ signatures: 'required' });
      const both = [attestationOf(other, foreignId), unsigned];
      if (order === 'after') both.reverse();
      const outcomes = await room.ingest.submitAll(node, both);
      const ids = outcomes.map((outcome) => accepted(outcome).id);
      assert.ok(ids.includes(foreignId));
      // Whatever the order of the call, the attestation is logged before what it proves.
      assert.deepEqual(
        (await recordsOf(room)).map(({ kind }) => kind),
        [2, 1],
      );
      await room.log.close();
    }
  });

  it('is no attestation of the same call that does not verify or names another', async () => {
    const wrongKind = attestationOf(other, foreignId).content as JsonObject;
    const attempts: readonly Submission[] = [
      attestationOf(author, foreignId),
      attestationOf(other, idOf(contentBy(other, claim('another')))),
      { kind: 'attestation', content: { ...wrongKind, agent_id: author.agentId } },
      { kind: 'attestation', content: null },
      { kind: 'attestation', content: [] },
    ];
    for (const attempt of attempts) {
      const room = await openRoom();
      const outcomes = await room.ingest.submitAll(node, [attempt, unsigned]);
      const second = outcomes[1];
      assert.ok(second !== undefined);
      assert.equal(refused(second).code, 'agent_not_proved');
      await room.log.close();
    }
  });

  it('is no attestation that is still on its way', async () => {
    const room = await openRoom();
    room.store.hold();
    const onItsWay = room.ingest.submit(node, attestationOf(other, foreignId));
    assert.ok(await isPending(onItsWay));
    assert.equal(refused(await room.ingest.submit(node, unsigned)).code, 'agent_not_proved');
    room.store.open();
    accepted(await onItsWay);
    accepted(await room.ingest.submit(node, unsigned));
    await room.log.close();
  });
});

describe('signatures that come with a record', () => {
  it('are logged before it, in the same batch', async () => {
    const room = await openRoom();
    const taken = accepted(
      await room.ingest.submit(node, signedBy(author, claim(), [author, other])),
    );
    const records = await recordsOf(room);
    assert.deepEqual(
      records.map(({ kind }) => kind),
      [2, 2, 1],
    );
    assert.equal(taken.sequence, 3);
    assert.equal(taken.position, `${room.log.logId}.3`);
    assert.deepEqual(room.appends, [3]);
    assert.equal(new Set(records.map(({ shard }) => shard)).size, 1);
    await room.log.close();
  });

  it('are kept when the record is here already', async () => {
    const room = await openRoom();
    const first = accepted(await room.ingest.submit(node, signedBy(author, claim())));
    const again = accepted(
      await room.ingest.submit(node, signedBy(author, claim(), [author, other])),
    );
    assert.deepEqual(
      [again.status, again.id, again.stamp, again.sequence],
      ['duplicate', first.id, first.stamp, first.sequence],
    );
    assert.equal((await recordsOf(room)).length, 3);
    assert.ok(room.store.isAttestedBy(first.id, other.agentId));
    // The position covers the new signature, which is later than the record.
    assert.equal(again.position, `${room.log.logId}.3`);
    await room.log.close();
  });
});

describe('the same record again', () => {
  it('is a duplicate, and nothing is written', async () => {
    const room = await openRoom();
    const first = accepted(await room.ingest.submit(node, claim()));
    room.clock.setWallMs(startOfNext);
    const again = accepted(await room.ingest.submit(node, claim()));
    assert.deepEqual(again, { ...first, status: 'duplicate' });
    assert.deepEqual(room.appends, [1]);
    await room.log.close();
  });

  it('within one batch is written once', async () => {
    const room = await openRoom();
    const outcomes = await room.ingest.submitAll(node, [claim(), claim('b'), claim(), claim()]);
    const answers = outcomes.map(accepted);
    assert.deepEqual(
      answers.map(({ status, sequence }) => [status, sequence]),
      [
        ['created', 1],
        ['created', 2],
        ['duplicate', 1],
        ['duplicate', 1],
      ],
    );
    assert.equal(answers[2]?.stamp, answers[0]?.stamp);
    assert.deepEqual(room.appends, [2]);
    await room.log.close();
  });

  it('is not answered before the first is visible', async () => {
    const room = await openRoom();
    room.store.hold();
    const answered: string[] = [];
    const note = async (outcome: ReturnType<typeof room.ingest.submit>): Promise<Accepted> => {
      const taken = accepted(await outcome);
      answered.push(taken.status);
      assert.ok(room.store.place(taken.id) !== undefined, 'answered before it was visible');
      return taken;
    };
    const first = note(room.ingest.submit(node, claim()));
    assert.ok(await isPending(first));
    assert.equal(room.log.lastSequence, 1);
    const again = note(room.ingest.submit(node, claim()));
    assert.ok(await isPending(again));
    room.store.open();
    const [one, two] = await Promise.all([first, again]);
    assert.deepEqual(answered, ['created', 'duplicate']);
    assert.deepEqual([two.stamp, two.sequence], [one.stamp, one.sequence]);
    await room.log.close();
  });

  it('is not answered as a duplicate when the first could not be written', async () => {
    const room = await openRoom();
    room.disk.hook = ({ type }) =>
      type === 'write' ? { type: 'error', code: 'ENOSPC' } : undefined;
    const outcomes = await room.ingest.submitAll(node, [claim(), claim()]);
    assert.deepEqual(
      outcomes.map((outcome) => refused(outcome).code),
      ['disk_full', 'disk_full'],
    );
    room.disk.hook = undefined;
    assert.equal(accepted(await room.ingest.submit(node, claim())).status, 'created');
    await room.log.close();
  });
});

const startOfNext = Date.UTC(2026, 1, 1);

describe('stamps', () => {
  it('rise with the sequence under a clock that jumps back', async () => {
    const room = await openRoom();
    const jumps = [0, 10, -5000, 0, -86_400_000, 1, 7_200_000, -1];
    for (const [at, jump] of jumps.entries()) {
      room.clock.setWallMs(room.clock.wallMs() + jump);
      const several = [`${at}a`, `${at}b`].map((value) => claim(value, { asserted_at: 0 }));
      for (const outcome of await room.ingest.submitAll(node, several)) accepted(outcome);
    }
    const records = await recordsOf(room);
    assert.equal(records.length, 2 * jumps.length);
    for (const [at, { stamp, sequence }] of records.entries()) {
      const before = records[at - 1];
      if (before === undefined) continue;
      assert.equal(sequence, before.sequence + 1);
      assert.ok(stamp > before.stamp, `${stamp} is not above ${before.stamp}`);
    }
    await room.log.close();
  });

  it('follow the wall clock when it is ahead', async () => {
    const room = await openRoom();
    accepted(await room.ingest.submit(node, claim('a')));
    room.clock.setWallMs(startOfNext);
    const { stamp } = accepted(await room.ingest.submit(node, claim('b')));
    assert.equal(stampMs(stamp), startOfNext);
    await room.log.close();
  });
});

describe('after an answer', () => {
  it('the record is durable: it survives a loss of all that was not synced', async () => {
    const room = await openRoom();
    const outcomes = await room.ingest.submitAll(node, [claim('a'), claim('b')]);
    const ids: readonly RecordId[] = outcomes.map((outcome) => accepted(outcome).id);
    assert.equal(room.log.durableSequence, 2);
    assert.equal(room.disk.hasUnsynced('/wal'), false);
    assert.deepEqual(await idsOf(room), ids);
    await room.log.close();
  });

  it('the record is visible to the next question, with its attestation', async () => {
    const room = await openRoom();
    for (let at = 0; at < 20; at += 1) {
      const { id, sequence } = accepted(await room.ingest.submit(node, signedBy(other, claim(at))));
      const snapshot = room.store.snapshot();
      assert.equal(snapshot.place(id)?.sequence, sequence);
      assert.equal([...snapshot.attestations(id)].length, 1);
      assert.ok(parseRecordId(id) !== undefined);
      snapshot.release();
    }
    await room.log.close();
  });
});
