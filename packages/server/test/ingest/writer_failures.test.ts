/** What ends writing and what does not; what a reader may see meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  canonicalBytes,
  defaultPolicyTable,
  type HlcStamp,
  kindNumber,
  type Outcome,
  type PolicyTable,
  recordIdOf,
} from '@stemedb/model';
import type { Database } from '../../src/bin/database.js';
import { StoreCorruption } from '../../src/store/corruption.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import { simulatedDatabase } from '../support/databases.js';
import {
  attestationOf,
  author,
  claim,
  contentBy,
  idOf,
  node,
  openRoom,
  other,
  type Room,
  startMs,
} from './room.js';

const submit = (room: Room, value: string): ReturnType<Room['ingest']['submit']> =>
  room.ingest.submit(node, claim(value));

const codeOf = (outcome: Outcome<unknown>): string => (outcome.ok ? 'ok' : outcome.error.code);

test('a passing error of the disk refuses one batch and no other', async () => {
  const room = await openRoom();
  room.disk.hook = ({ type }) => (type === 'write' ? { type: 'error', code: 'EROFS' } : undefined);
  const refused = await submit(room, 'one');
  assert.equal(codeOf(refused), 'not_ready');
  room.disk.hook = undefined;
  assert.equal((await submit(room, 'two')).ok, true);
  assert.deepEqual(room.failures, []);
});

test('settle waits for batches in front of one that was refused', async () => {
  const room = await openRoom();
  room.store.hold();
  const first = submit(room, 'one');
  while (room.log.lastSequence === 0) await room.clock.turn();
  room.disk.hook = ({ type }) => (type === 'write' ? { type: 'error', code: 'ENOSPC' } : undefined);
  const second = await submit(room, 'two');
  assert.equal(codeOf(second), 'disk_full');
  let isSettled = false;
  const settled = room.ingest.settle().then(() => {
    isSettled = true;
  });
  for (let turn = 0; turn < 5; turn += 1) await room.clock.turn();
  assert.equal(isSettled, false, 'the first batch is not visible yet');
  room.store.open();
  await settled;
  assert.equal((await first).ok, true);
});

test('a damaged entry of the store refuses its record, and writing goes on', async () => {
  const room = await openRoom();
  const place = room.store.place.bind(room.store);
  const bad = idOf(contentBy(author, claim('bad')));
  room.store.place = (id) => {
    if (id === bad) throw new StoreCorruption('id', new Uint8Array(1), 'it is damaged');
    return place(id);
  };
  const refused = await submit(room, 'bad');
  assert.equal(codeOf(refused), 'store_corrupt');
  assert.equal((await submit(room, 'good')).ok, true);
  assert.deepEqual(room.failures, []);
});

test('an exception in the writer answers everybody and ends writing', async () => {
  const room = await openRoom();
  room.hybrid.next = () => {
    throw new Error('broken invariant');
  };
  const outcomes = await Promise.all([submit(room, 'one'), submit(room, 'two')]);
  for (const outcome of outcomes) assert.equal(codeOf(outcome), 'log_failed');
  const later = await submit(room, 'three');
  assert.equal(codeOf(later), 'log_failed');
  assert.equal(room.failures.length, 1);
});

test('an exception after a batch was applied leaves nobody without an answer', async () => {
  const room = await openRoom({
    onApplied: () => {
      throw new Error('broken invariant');
    },
  });
  const outcomes = await Promise.all([submit(room, 'one'), submit(room, 'two')]);
  const later = await submit(room, 'three');
  for (const outcome of [...outcomes, later]) assert.equal(codeOf(outcome), 'log_failed');
  assert.equal(room.failures.length, 1);
  await room.commit.close();
});

test('an exception in the writer answers nobody twice', async () => {
  const room = await openRoom();
  const bad = idOf(contentBy(author, claim('bad')));
  const place = room.store.place.bind(room.store);
  room.store.place = (id) => {
    if (id === bad) throw new StoreCorruption('id', new Uint8Array(1), 'it is damaged');
    return place(id);
  };
  room.log.append = () => Promise.reject(new Error('broken invariant'));
  const answers: string[] = [];
  for (const value of ['bad', 'good']) {
    const bytes = canonicalBytes(contentBy(author, claim(value)));
    const kind = kindNumber.assertion;
    const record = { id: recordIdOf(bytes), kind, shard: 0, bytes, content: undefined };
    room.commit.enqueue([{ ...record, proof: 'node' }], (outcome) =>
      answers.push(`${value}: ${codeOf(outcome)}`),
    );
  }
  await room.commit.close();
  assert.deepEqual(answers, ['bad: store_corrupt', 'good: log_failed']);
});

test('the queue is bounded in bytes too', async () => {
  const room = await openRoom({ limits: { queueBytesMax: 100_000 } });
  const large = 'x'.repeat(60_000);
  const outcomes = await Promise.all(['a', 'b', 'c'].map((letter) => submit(room, letter + large)));
  const codes = outcomes.map(codeOf);
  assert.deepEqual(codes, ['ok', 'overloaded', 'overloaded']);
});

test('close answers what was taken and refuses what comes later', async () => {
  const room = await openRoom({ limits: { batchRecordsMax: 2 } });
  const taken = Array.from({ length: 9 }, (_, at) => submit(room, `value ${at}`));
  const closed = room.commit.close();
  const late = await submit(room, 'late');
  await closed;
  for (const outcome of await Promise.all(taken)) assert.equal(outcome.ok, true);
  assert.equal(codeOf(late), 'not_ready');
});

test('a large call with many signatures does not overload itself', async () => {
  const room = await openRoom({ limits: { queueRecordsMax: 200 } });
  const many = Array.from({ length: 1000 }, (_, at) => claim(`item ${at}`));
  const outcomes = await room.ingest.submitAll(node, many);
  assert.equal(outcomes.filter((outcome) => outcome.ok).length, 1000);
});

test('a signature made for another kind proves no author', async () => {
  const room = await openRoom();
  const submission = { kind: 'assertion', content: contentBy(other, claim('a')) } as const;
  const attestation = attestationOf(other, idOf(submission.content), 'vote');
  const outcomes = await room.ingest.submitAll(node, [attestation, submission]);
  assert.deepEqual(outcomes.map(codeOf), ['ok', 'agent_not_proved']);
  assert.equal(codeOf(await room.ingest.submit(node, submission)), 'agent_not_proved');
});

test('a record and the attestation of the same call are one unit, in order', async () => {
  const room = await openRoom();
  const submission = { kind: 'assertion', content: contentBy(other, claim('a')) } as const;
  const attestation = attestationOf(other, idOf(submission.content));
  // The record stands first in the call; the log must have the signature first all the same.
  const outcomes = await room.ingest.submitAll(node, [submission, attestation]);
  const [record, proof] = outcomes;
  assert.ok(record?.ok && proof?.ok);
  assert.ok(proof.value.sequence < record.value.sequence);
  assert.deepEqual(room.appends, [2]);
  const later = await room.ingest.submit(node, submission);
  assert.equal(later.ok ? later.value.status : later.error.code, 'duplicate');
});

test('a policy takes effect although the clock was set back', async () => {
  const strict: PolicyTable = { ...defaultPolicyTable, class_mode: 'granted' };
  const disk = new SimulatedDisk();
  const open = async (wallMs: number, policy: PolicyTable): Promise<Database> =>
    (await simulatedDatabase({ startMs: wallMs, identity: 1, policy, disk })).database;
  const inForce = (database: Database): string =>
    database.policies.inForce('f'.repeat(32) as HlcStamp).table.class_mode;
  const first = await open(startMs + 3_600_000, defaultPolicyTable);
  assert.equal(inForce(first), 'self-declared');
  await first.close();
  const second = await open(startMs, strict);
  assert.equal(inForce(second), 'granted');
  const count = second.log.lastSequence;
  await second.close();
  const third = await open(startMs, strict);
  assert.equal(third.log.lastSequence, count, 'it is not appended once more');
  await third.close();
});
