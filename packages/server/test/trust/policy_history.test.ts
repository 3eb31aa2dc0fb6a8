/** Which policy is in force at a moment: the last by (effective time, id) of those recorded. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AgentId,
  defaultPolicyTable,
  endOfMs,
  makeStamp,
  type PolicyContent,
  type RecordId,
  zeroStamp,
} from '@stemedb/model';
import { PolicyHistory } from '../../src/trust/policy_history.js';
import type { RecordedContent } from '../../src/trust/record_history.js';
import { seeded, seedsOf } from '../support/seeded.js';

const idOf = (digit: string): RecordId => digit.repeat(64) as RecordId;

const policy = (
  digit: string,
  assertedMs: number,
  recordedMs: number,
): RecordedContent<PolicyContent> => ({
  id: idOf(digit),
  stamp: makeStamp(recordedMs, 0, 'a'.repeat(16)),
  sequence: 1,
  byNode: true,
  content: {
    ...defaultPolicyTable,
    kind: 'policy',
    v: 1,
    agent_id: 'b'.repeat(64) as AgentId,
    asserted_at: assertedMs,
  },
});

const historyOf = (...policies: readonly RecordedContent<PolicyContent>[]): PolicyHistory => {
  const history = new PolicyHistory();
  for (const each of policies) history.add(each);
  return history;
};

const inForce = (history: PolicyHistory, ms: number): string | null =>
  history.inForce(endOfMs(ms)).id?.slice(0, 1) ?? null;

describe('the policy in force', () => {
  it('is the built-in table before the first', () => {
    const history = historyOf(policy('1', 100, 100));
    assert.equal(inForce(history, 99), null);
    assert.equal(history.inForce(zeroStamp).table, defaultPolicyTable);
    assert.equal(inForce(history, 100), '1');
  });

  it('is one that a node stated, whoever signed another', () => {
    const signed = { ...policy('2', 200, 200), byNode: false };
    assert.equal(inForce(historyOf(policy('1', 100, 100), signed), 300), '1');
    assert.equal(inForce(historyOf(signed), 300), null);
  });

  it('is the last by effective time, not by arrival', () => {
    // The second was recorded later, and states that it is older.
    const history = historyOf(policy('1', 200, 200), policy('2', 100, 300));
    assert.equal(inForce(history, 300), '1');
    assert.equal(inForce(historyOf(policy('2', 100, 300), policy('1', 200, 200)), 300), '1');
  });

  it('does not change by a time that was stated ahead of the record', () => {
    const history = historyOf(policy('1', 10_000, 100), policy('2', 200, 200));
    assert.deepEqual([inForce(history, 150), inForce(history, 20_000)], ['1', '2']);
  });

  it('is the larger id where effective times are equal', () => {
    const [one, two] = [policy('1', 100, 100), policy('2', 100, 200)];
    assert.equal(inForce(historyOf(one, two), 200), '2');
    assert.equal(inForce(historyOf(two, one), 200), '2');
  });

  it('is known from the smallest stamp of its record on', () => {
    const history = historyOf(policy('1', 50, 300), policy('1', 50, 100), policy('1', 50, 200));
    assert.deepEqual([inForce(history, 99), inForce(history, 100)], [null, '1']);
  });

  it('is none that came after the snapshot, however early its stamp', () => {
    const history = historyOf(policy('1', 100, 100), { ...policy('2', 200, 200), sequence: 9 });
    const at = (ms: number, sequence: number) => history.inForce(endOfMs(ms), sequence).id?.[0];
    assert.deepEqual([at(300, 9), at(300, 8), at(150, 9)], ['2', '1', '1']);
  });

  for (const seed of seedsOf(20)) {
    it(`is the same whatever the order of arrival, seed ${seed}`, () => {
      const random = seeded(seed);
      const policies = Array.from({ length: 8 }, (_, at) =>
        policy(String(at % 6), random.below(6), random.below(6)),
      );
      // Copies of one record state one time.
      const stated = policies.map((each) => ({
        ...each,
        content: policies.find(({ id }) => id === each.id)?.content ?? each.content,
      }));
      const expected = historyOf(...stated);
      const shuffled = historyOf(...random.shuffled(stated));
      for (let ms = 0; ms < 8; ms += 1) {
        assert.equal(inForce(shuffled, ms), inForce(expected, ms), `at ${ms}`);
      }
    });
  }
});
