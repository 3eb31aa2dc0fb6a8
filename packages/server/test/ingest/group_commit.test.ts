/** The invariants of `src/ingest/SPEC.md`: what shares a batch, what a failure leaves behind. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outcome } from '@stemedb/model';
import type { Accepted } from '../../src/ingest/ingest.js';
import {
  accepted,
  author,
  claim,
  node,
  openRoom,
  type Room,
  recordsOf,
  refused,
  signedBy,
} from './room.js';

const write = (room: Room, value: string): Promise<Outcome<Accepted>> =>
  room.ingest.submit(node, claim(value));

const writeAll = (room: Room, values: readonly string[]): Promise<readonly Outcome<Accepted>[]> =>
  Promise.all(values.map((value) => write(room, value)));

const codesOf = (outcomes: readonly Outcome<unknown>[]): readonly string[] =>
  outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.code));

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((wake) => setImmediate(wake));
};

const failSync = (room: Room): void => {
  room.disk.hook = ({ type }) => (type === 'datasync' ? { type: 'error', code: 'EIO' } : undefined);
};

const fillDisk = (room: Room): void => {
  room.disk.hook = ({ type }) => (type === 'write' ? { type: 'error', code: 'ENOSPC' } : undefined);
};

/** What the disk and the store were asked to do, and when callers were answered. */
const traced = (room: Room): string[] => {
  const events: string[] = [];
  room.disk.hook = ({ type }) => {
    if (type === 'write' || type === 'datasync') events.push(type);
    return undefined;
  };
  const apply = room.store.apply.bind(room.store);
  room.store.apply = async (batch) => {
    await apply(batch);
    events.push('apply');
  };
  return events;
};

describe('one batch', () => {
  it('is written, synced, applied and only then answered', async () => {
    const room = await openRoom();
    const events = traced(room);
    accepted(await write(room, 'a').finally(() => events.push('answer')));
    assert.deepEqual(events, ['write', 'datasync', 'apply', 'answer']);
    await room.log.close();
  });

  it('holds all units of one turn', async () => {
    const room = await openRoom();
    const events = traced(room);
    assert.deepEqual(codesOf(await writeAll(room, ['a', 'b', 'c'])), ['ok', 'ok', 'ok']);
    assert.deepEqual(room.appends, [3]);
    assert.equal(events.filter((event) => event === 'datasync').length, 1);
    await room.log.close();
  });

  it('holds what arrived while the one before was synced', async () => {
    const room = await openRoom();
    const first = write(room, 'a');
    await turns(1);
    assert.deepEqual(room.appends, [1]);
    const more = writeAll(room, ['b', 'c', 'd']);
    accepted(await first);
    await more;
    assert.deepEqual(room.appends, [1, 3]);
    await room.log.close();
  });

  it('waits on no timer', async () => {
    const room = await openRoom();
    // The clock stands still, so a timer would never fire.
    accepted(await write(room, 'a'));
    await room.log.close();
  });

  it('ends before a unit that would exceed the records of a batch', async () => {
    const room = await openRoom({ limits: { batchRecordsMax: 3 } });
    const pairs = ['a', 'b', 'c', 'd'].map((value) =>
      room.ingest.submit(node, signedBy(author, claim(value))),
    );
    for (const outcome of await Promise.all(pairs)) accepted(outcome);
    // Two records each: an attestation is never parted from what it proves.
    assert.deepEqual(room.appends, [2, 2, 2, 2]);
    await room.log.close();
  });

  it('ends before a unit that would exceed the bytes of a batch', async () => {
    const room = await openRoom({ limits: { batchBytesMax: 1000 } });
    await writeAll(room, [
      'a'.repeat(400),
      'b'.repeat(400),
      'c'.repeat(400),
      'd'.repeat(2000),
      'e',
    ]);
    assert.deepEqual(room.appends, [1, 1, 1, 1, 1]);
    await room.log.close();
  });
});

describe('the first batch of a turn', () => {
  it('holds what several callers hand over in one turn', async () => {
    const room = await openRoom();
    const first = write(room, 'a');
    for (let step = 0; step < 8; step += 1) await Promise.resolve();
    const second = write(room, 'b');
    accepted(await first);
    accepted(await second);
    assert.deepEqual(room.appends, [2]);
    await room.log.close();
  });

  it('is written before a node that was handed it has stopped', async () => {
    const room = await openRoom();
    const written = write(room, 'a');
    await room.commit.close();
    accepted(await written);
    assert.deepEqual(room.appends, [1]);
    await room.log.close();
  });
});

describe('the queue', () => {
  it('refuses what is beyond its bound, and takes it when there is room', async () => {
    const room = await openRoom({ limits: { queueRecordsMax: 2 } });
    const outcomes = await writeAll(room, ['a', 'b', 'c']);
    assert.deepEqual(codesOf(outcomes), ['ok', 'ok', 'overloaded']);
    assert.equal(room.log.lastSequence, 2);
    assert.equal(room.ingest.queueLength, 0);
    accepted(await write(room, 'c'));
    await room.log.close();
  });

  it('counts what waits', async () => {
    const room = await openRoom();
    const writing = writeAll(room, ['a', 'b']);
    assert.equal(room.ingest.queueLength, 2);
    await writing;
    assert.equal(room.ingest.queueLength, 0);
    await room.log.close();
  });

  it('stands still while too many batches wait for the store', async () => {
    const room = await openRoom({ limits: { unappliedBatchesMax: 2 } });
    room.store.hold();
    const writing: Promise<unknown>[] = [];
    for (const value of ['a', 'b', 'c', 'd']) {
      writing.push(write(room, value));
      await turns(10);
    }
    assert.deepEqual(room.appends, [1, 1]);
    assert.equal(room.ingest.queueLength, 2);
    room.store.open();
    await Promise.all(writing);
    assert.deepEqual(room.appends, [1, 1, 2]);
    assert.deepEqual(room.store.applied, [1, 1, 2]);
    await room.log.close();
  });
});

describe('many calls that wait for a queue that is half full', () => {
  const count = 200;
  const values = Array.from({ length: count }, (_, at) => String(at));

  it('wait for the same turns, and are taken one after the other', async () => {
    const room = await openRoom({ limits: { queueRecordsMax: 8, batchRecordsMax: 2 } });
    let asked = 0;
    const turn = room.clock.turn.bind(room.clock);
    room.clock.turn = () => {
      asked += 1;
      return turn();
    };
    room.store.hold();
    const calls = values.map((value) => room.ingest.submitAll(node, [claim(value)]));
    await turns(20);
    asked = 0;
    await turns(20);
    const whileWaiting = { asked, queued: room.commit.queueLength };
    room.store.open();
    const outcomes = (await Promise.all(calls)).flat();
    const sequences = outcomes.map((outcome) => accepted(outcome).sequence);
    assert.deepEqual(
      sequences,
      values.map((_, at) => at + 1),
    );
    assert.ok(whileWaiting.asked <= 22, `${whileWaiting.asked} turns were asked for`);
    assert.equal(whileWaiting.queued, 5);
    await room.log.close();
  });
});

describe('a full disk', () => {
  it('refuses the batch, and the log goes on', async () => {
    const room = await openRoom();
    accepted(await write(room, 'a'));
    fillDisk(room);
    assert.deepEqual(codesOf(await writeAll(room, ['b', 'c'])), ['disk_full', 'disk_full']);
    assert.equal(room.commit.failure, undefined);
    assert.deepEqual(room.failures, []);
    room.disk.hook = undefined;
    const again = accepted(await write(room, 'b'));
    assert.deepEqual([again.status, again.sequence], ['created', 2]);
    assert.equal((await recordsOf(room)).length, 2);
    assert.equal(room.store.appliedSequence, 2);
    await room.log.close();
  });
});

describe('a failed sync', () => {
  it('ends writing: nobody is told that it was written, reads go on', async () => {
    const room = await openRoom();
    const kept = accepted(await write(room, 'a'));
    failSync(room);
    const [failed, ...queued] = [write(room, 'b'), write(room, 'c')];
    await Promise.resolve();
    queued.push(write(room, 'd'));
    const outcomes = await Promise.all([failed, ...queued]);
    assert.deepEqual(codesOf(outcomes), ['log_failed', 'log_failed', 'log_failed']);
    room.disk.hook = undefined;
    const before = [...room.appends];
    assert.equal(refused(await write(room, 'e')).code, 'log_failed');
    assert.equal(refused(await room.ingest.merge([])).code, 'log_failed');
    assert.deepEqual(room.appends, before, 'something was written after the failure');
    assert.equal(room.failures.length, 1);
    assert.equal(room.commit.failure?.code, 'log_failed');
    const snapshot = room.store.snapshot();
    assert.equal(snapshot.place(kept.id)?.sequence, 1);
    assert.equal(snapshot.appliedSequence, 1);
    snapshot.release();
    const read = room.log.read(1, snapshot.place(kept.id)?.offset ?? 0);
    assert.ok(read.ok);
    await room.log.close();
  });

  it('refuses as a duplicate what was on its way, too', async () => {
    const room = await openRoom();
    room.store.hold();
    const first = write(room, 'a');
    await turns(10);
    failSync(room);
    const [second, again] = [write(room, 'b'), write(room, 'a')];
    await turns(10);
    room.store.open();
    const codes = codesOf(await Promise.all([first, second, again]));
    // The first is durable, yet not visible: saying nothing certain is all that is left.
    assert.deepEqual(codes, ['log_failed', 'log_failed', 'log_failed']);
    await room.log.close();
  });
});

describe('a store that cannot apply', () => {
  it('ends writing, once, without an acknowledgement; the log has the record', async () => {
    const room = await openRoom();
    room.store.failure = new Error('planted');
    const outcomes = await writeAll(room, ['a', 'b']);
    assert.deepEqual(codesOf(outcomes), ['log_failed', 'log_failed']);
    assert.equal(room.failures.length, 1);
    assert.equal(room.failures[0]?.cause, room.store.failure);
    room.store.failure = undefined;
    assert.equal(refused(await write(room, 'c')).code, 'log_failed');
    assert.equal(room.failures.length, 1);
    assert.equal((await recordsOf(room)).length, 2);
    assert.equal(room.store.appliedSequence, 0);
    await room.log.close();
  });
});

describe('waiting for a sequence', () => {
  it('ends when it is visible, not when it is only written', async () => {
    const room = await openRoom();
    room.store.hold();
    const writing = write(room, 'a');
    await turns(10);
    assert.equal(room.log.durableSequence, 1);
    let reached = false;
    const waiting = room.commit.whenVisible(1);
    const wake = waiting.reached.then(() => {
      reached = true;
    });
    await turns(10);
    assert.equal(reached, false);
    room.store.open();
    await Promise.all([writing, wake]);
    await room.commit.whenVisible(1).reached;
    await room.log.close();
  });
});
