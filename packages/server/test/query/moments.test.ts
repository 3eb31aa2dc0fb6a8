/** The moment of a question: what it may be, and that it never changes its answer (spec 1.3). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endOfMs, makeStamp, type Outcome, zeroStamp } from '@stemedb/model';
import { type Moment, readMoment } from '../../src/query/as_of.js';
import { simulatedDatabase, submit } from '../support/databases.js';
import {
  answered,
  asked,
  claim,
  dayMs,
  principalOf,
  question,
  refused,
  result,
  serviceOver,
  startMs,
  write,
} from './asking.js';

const now = { presentMs: startMs, visible: zeroStamp };
const stamp = makeStamp(startMs - 5, 7, 'a'.repeat(16));

const momentOf = (outcome: Outcome<Moment>): Moment => {
  if (!outcome.ok) throw new Error(outcome.error.detail);
  return outcome.value;
};

describe('as_of', () => {
  it('is RFC 3339 with any offset, milliseconds, or a stamp', () => {
    const whole = { stamp: endOfMs(startMs), ms: startMs };
    assert.deepEqual(momentOf(readMoment('2026-01-01T00:00:00Z', now)), whole);
    assert.deepEqual(momentOf(readMoment('2026-01-01T05:30:00.000+05:30', now)), whole);
    assert.deepEqual(momentOf(readMoment(startMs, now)), whole);
    assert.deepEqual(momentOf(readMoment(stamp, now)), { stamp, ms: startMs - 5 });
  });

  it('is refused when it is none of these', () => {
    const wrong = [
      '',
      'now',
      '2026-01-01',
      '2026-01-01T00:00:00',
      -1,
      0.5,
      2 ** 53,
      'f'.repeat(31),
    ];
    for (const asOf of wrong) {
      const read = readMoment(asOf, now);
      assert.ok(!read.ok, String(asOf));
      assert.deepEqual(
        [read.error.code, read.error.faults?.[0]?.pointer],
        ['invalid_field', '/as_of'],
      );
    }
  });

  it('is refused when it is later than both the clock and what is visible', () => {
    for (const asOf of [startMs + 1, '2026-01-01T00:00:00.001Z', endOfMs(startMs + 1)]) {
      assert.equal(readMoment(asOf, now).ok, false);
      // A clock that was set back does not hide what was written before.
      const visible = makeStamp(startMs + 1, 0, 'a'.repeat(16));
      assert.equal(readMoment(asOf, { ...now, visible }).ok, true);
      assert.equal(readMoment(asOf, { ...now, presentMs: startMs + 1 }).ok, true);
    }
  });

  it('in the future is refused by the service', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    const error = await refused(asked(target, { asOf: startMs + 60_000 }));
    assert.deepEqual([error.code, error.faults?.[0]?.pointer], ['invalid_field', '/as_of']);
    await target.database.close();
  });

  it('is answered with the moment that was used', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    await write(target, claim('x'));
    const answer = await answered(asked(target, { asOf: startMs }));
    assert.equal(answer.as_of, '2026-01-01T00:00:00.000Z');
    assert.equal(answer.as_of_stamp, endOfMs(startMs));
    const latest = await answered(asked(target));
    assert.equal(latest.as_of_stamp, target.database.store.visibleStamp);
    await target.database.close();
  });
});

describe('a write after the question', () => {
  it('never shows in the moment that was asked, though the clock stands still', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    await write(target, claim('before'));
    const asOf = target.clock.wallMs();
    const before = await result(target, { asOf });
    // In the same millisecond, and after the clock was set back.
    await write(target, claim('after', { confidence: 1 }));
    target.clock.advance(-dayMs);
    await write(target, claim('later', { asserted_at: 0 }));
    const again = await result(target, { asOf });
    assert.deepEqual(again, before);
    assert.equal(again?.candidates_count, 1);
    assert.equal((await result(target))?.candidates_count, 3);
    await target.database.close();
  });

  it('that is on its way is either in both answers or in none', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    const asOf = target.clock.wallMs();
    for (let round = 0; round < 20; round += 1) {
      const conceptPath = `c/${round}`;
      const scope = { type: 'concept', conceptPath } as const;
      const writing = submit(target.database, claim(round, { concept_path: conceptPath }));
      for (let tick = 0; tick < round; tick += 1) await Promise.resolve();
      const first = await result(target, { scope, asOf });
      await writing;
      assert.deepEqual(await result(target, { scope, asOf }), first, `after ${round} ticks`);
    }
    await target.database.close();
  });

  it('is in the next question without a moment', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    for (let at = 0; at < 20; at += 1) {
      await write(target, claim(at));
      const found = await result(target, { explain: true });
      assert.equal(found?.candidates_count, at + 1);
    }
    await target.database.close();
  });
});

describe('min_position', () => {
  it('of a write is seen at once', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    const accepted = await target.database.ingest.submit(principalOf(target), claim('x'));
    assert.ok(accepted.ok);
    const { position, id } = accepted.value;
    const found = await result(target, { minPosition: position });
    assert.equal(found?.assertion?.id, id);
    await target.database.close();
  });

  it('that is no position, or of another log, is refused', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    const { logId } = target.database.log;
    for (const minPosition of ['', 'x', logId, `${logId}.`, `${logId}.01`, `${logId}.-1`]) {
      const error = await refused(asked(target, { minPosition }));
      assert.deepEqual(
        [error.code, error.faults?.[0]?.pointer],
        ['invalid_field', '/min_position'],
        minPosition,
      );
    }
    const error = await refused(asked(target, { minPosition: `${'0'.repeat(32)}.1` }));
    assert.equal(error.code, 'conflict');
    await target.database.close();
  });

  it('that is not reached in time is behind, for questions and for records', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    const [id] = await write(target, claim('x'));
    assert.ok(id !== undefined);
    const { query } = serviceOver(target);
    const minPosition = `${target.database.log.logId}.1000`;
    const principal = principalOf(target);
    assert.equal((await refused(query.ask(principal, question({ minPosition })))).code, 'behind');
    assert.equal((await refused(query.record(principal, id, { minPosition }))).code, 'behind');
    await target.database.close();
  });
});

describe('the policy of a question', () => {
  it('is one that its view of the store has', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    await write(target, claim(1));
    const { store, policies } = target.database;
    const seen: (number | undefined)[] = [];
    const watched = Object.create(policies, {
      inForce: {
        value: (...asOf: Parameters<typeof policies.inForce>) => {
          seen.push(asOf[1]);
          return policies.inForce(...asOf);
        },
      },
    });
    const { query } = serviceOver(target, { policies: watched });
    await answered(query.ask(principalOf(target), question()));
    assert.deepEqual(new Set(seen), new Set([store.appliedSequence]));
    await target.database.close();
  });
});
