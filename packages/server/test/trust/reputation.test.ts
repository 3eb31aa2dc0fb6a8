/** The trust in agents, against figures reckoned by hand; whole numbers of 10^-9. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AgentId, endOfMs, type HlcStamp, type RecordId } from '@stemedb/model';
import { alice, bob, carol, Story } from '../support/story.js';
import { rulesOf } from './world.js';

const startMs = Date.UTC(2026, 0, 1);
const dayMs = 86_400_000;
const [judge, dave, erin, frank] = ['6', '7', '8', '9'].map((digit) => digit.repeat(64)) as [
  AgentId,
  AgentId,
  AgentId,
  AgentId,
];

class Court extends Story {
  constructor() {
    super(startMs);
  }

  judged(
    target: RecordId,
    outcome: 'accurate' | 'inaccurate',
    day: number,
    author = carol,
  ): RecordId {
    return this.record('verdict', author, { target, outcome }, { atMs: day * dayMs });
  }

  signed(agent: AgentId, target: RecordId, day: number): RecordId {
    const fields = { target, signature: '0'.repeat(128) };
    return this.record('attestation', agent, fields, { atMs: day * dayMs });
  }
}

const dayEnd = (day: number): HlcStamp => endOfMs(startMs + day * dayMs);

const trustOn = (story: Story, agent: AgentId, day: number): number =>
  rulesOf(story.records, { asOf: dayEnd(day) }).trustOf(agent);

const courtWith = (
  claims: number,
): { readonly court: Court; readonly ids: readonly RecordId[] } => {
  const court = new Court();
  court.policy({ verdict_agents: [carol] });
  return { court, ids: Array.from({ length: claims }, () => court.claim(alice)) };
};

describe('trust', () => {
  it('begins at the initial value of the policy and stays there', () => {
    const court = new Court();
    court.claim(alice);
    assert.equal(trustOn(court, alice, 400), 500_000_000);
    const trust = { initial: 0.25, accurate: 0.05, inaccurate: -0.1, half_life_days: 30 };
    court.policy({ trust });
    assert.equal(trustOn(court, alice, 400), 250_000_000);
    assert.equal(rulesOf(court.records).trustMoves, false);
  });

  it('steps and drifts as reckoned by hand', () => {
    const { court, ids } = courtWith(3);
    const [one, two, three] = ids as [RecordId, RecordId, RecordId];
    court.judged(one, 'accurate', 1);
    court.judged(two, 'accurate', 31);
    court.judged(three, 'inaccurate', 91);
    assert.equal(trustOn(court, alice, 0.5), 500_000_000);
    assert.equal(trustOn(court, alice, 1), 550_000_000);
    // 0.5 + 0.05 / 2, and a step of 0.05
    assert.equal(trustOn(court, alice, 31), 575_000_000);
    // 0.5 + 0.075 / 2
    assert.equal(trustOn(court, alice, 61), 537_500_000);
    // 0.5 + 0.075 / 4, and a step of -0.1
    assert.equal(trustOn(court, alice, 91), 418_750_000);
    // 0.5 - 0.08125 / 2
    assert.equal(trustOn(court, alice, 121), 459_375_000);
    const rules = rulesOf(court.records, { asOf: dayEnd(121) });
    const trusts = rules.trustSteps(alice).map(({ trust }) => trust);
    assert.deepEqual(trusts, [550_000_000, 575_000_000, 418_750_000]);
    assert.equal(rules.trustMoves, true);
    assert.equal(rules.trustOf(bob), 500_000_000);
  });

  it('steps in the order of effective times, whatever came first', () => {
    const { court, ids } = courtWith(2);
    const [one, two] = ids as [RecordId, RecordId];
    court.judged(one, 'accurate', 10);
    const fields = { target: two, outcome: 'inaccurate' };
    court.record('verdict', carol, fields, { atMs: 40 * dayMs, assertedMs: 5 * dayMs });
    const steps = rulesOf(court.records).trustSteps(alice);
    assert.deepEqual(
      steps.map(({ outcome }) => outcome),
      ['inaccurate', 'accurate'],
    );
  });

  it('stays within 0 and 1', () => {
    const { court, ids } = courtWith(12);
    for (const id of ids) court.judged(id, 'accurate', 1);
    assert.equal(trustOn(court, alice, 1), 1_000_000_000);
    const { court: stern, ids: wrong } = courtWith(7);
    for (const id of wrong) stern.judged(id, 'inaccurate', 1);
    assert.equal(trustOn(stern, alice, 1), 0);
    assert.equal(trustOn(stern, alice, 31), 250_000_000);
  });

  it('takes its constants from the policy at the moment asked', () => {
    const { court, ids } = courtWith(1);
    court.judged(ids[0] as RecordId, 'accurate', 1);
    const trust = { initial: 0.5, accurate: 0.2, inaccurate: -0.1, half_life_days: 10 };
    court.policy({ verdict_agents: [], trust });
    assert.equal(rulesOf(court.records).trustOf(alice), 700_000_000);
    assert.equal(trustOn(court, alice, 11), 600_000_000);
    assert.equal(rulesOf(court.records.slice(0, -1)).trustOf(alice), 550_000_000);
  });
});

describe('a verdict counts', () => {
  it('when its author was among the verdict agents at its stamp', () => {
    const court = new Court();
    const one = court.claim(alice);
    const early = court.judged(one, 'inaccurate', 1);
    court.policy({ verdict_agents: [carol] });
    const strange = court.judged(one, 'inaccurate', 2, bob);
    assert.equal(trustOn(court, alice, 2), 500_000_000);
    const rules = rulesOf(court.records);
    for (const id of [early, strange])
      assert.match(rules.withoutEffect(id) ?? '', /verdict agents/);
    assert.equal(rules.trustMoves, false);
  });

  it('when it is the last on its assertion', () => {
    const { court, ids } = courtWith(1);
    const [one] = ids as [RecordId];
    const later = court.judged(one, 'accurate', 2);
    const fields = { target: one, outcome: 'inaccurate' };
    court.record('verdict', carol, fields, { atMs: 3 * dayMs, assertedMs: dayMs });
    const steps = rulesOf(court.records).trustSteps(alice);
    assert.deepEqual(
      steps.map(({ verdict }) => verdict),
      [later],
    );
    assert.equal(trustOn(court, alice, 3) > 500_000_000, true);
  });

  it('unless it was taken back', () => {
    const { court, ids } = courtWith(1);
    const verdict = court.judged(ids[0] as RecordId, 'inaccurate', 1);
    court.retract(carol, verdict);
    assert.equal(trustOn(court, alice, 2), 500_000_000);
    assert.match(rulesOf(court.records).withoutEffect(verdict) ?? '', /retracted/);
    assert.equal(trustOn(court, alice, 1), 400_000_000);
  });

  it('once its target is known', () => {
    const court = new Court();
    court.policy({ verdict_agents: [carol] });
    const later = new Court();
    const fields = { concept_path: 'lab/x', predicate: 'dose', value: 'v' };
    const target = later.record('assertion', alice, fields, { atMs: 5 * dayMs });
    const verdict = court.judged(target, 'accurate', 1);
    const records = [...court.records, ...later.records];
    const on = (day: number): number => rulesOf(records, { asOf: dayEnd(day) }).trustOf(alice);
    assert.equal(on(4), 500_000_000);
    assert.ok(on(5) > 500_000_000);
    const missing = rulesOf(records, { asOf: dayEnd(4) }).withoutEffect(verdict);
    assert.match(missing ?? '', /no assertion/);
    assert.equal(rulesOf(records).withoutEffect(verdict), undefined);
  });

  it('for those who had signed before it, once each', () => {
    const { court, ids } = courtWith(1);
    const [one] = ids as [RecordId];
    court.signed(bob, one, 1);
    court.signed(bob, one, 1);
    court.signed(alice, one, 1);
    court.judged(one, 'inaccurate', 2);
    court.signed(carol, one, 3);
    assert.equal(trustOn(court, alice, 2), 400_000_000);
    assert.equal(trustOn(court, bob, 2), 400_000_000);
    assert.equal(trustOn(court, carol, 3), 500_000_000);
  });
});

describe('a verdict on a transition', () => {
  /** Alice states it, Bob signs it, Carol reviews and approves it, signing what she stated. */
  const approved = (): { court: Court; first: RecordId; review: RecordId; head: RecordId } => {
    const court = new Court();
    court.policy({ stewards: [carol], verdict_agents: [judge] });
    const first = court.claim(alice, { value: 'v' });
    const moved = (parent: RecordId, lifecycle: string): RecordId => {
      const id = court.claim(carol, { value: 'v', parent, lifecycle });
      court.signed(carol, id, 1);
      return id;
    };
    const review = moved(first, 'under_review');
    return { court, first, review, head: moved(review, 'approved') };
  };

  it('is about the first author of its chain, not about who approved it', () => {
    const { court, head } = approved();
    court.judged(head, 'inaccurate', 2, judge);
    assert.equal(trustOn(court, alice, 2), 400_000_000);
    assert.equal(trustOn(court, carol, 2), 500_000_000);
    assert.equal(trustOn(court, bob, 2), 500_000_000);
  });

  it('is about those who signed any record of the chain up to it, before it', () => {
    const { court, first, review, head } = approved();
    court.signed(bob, first, 1);
    court.signed(dave, head, 1);
    court.judged(review, 'inaccurate', 2, judge);
    assert.equal(trustOn(court, bob, 2), 400_000_000);
    assert.equal(trustOn(court, dave, 2), 500_000_000);
    court.signed(erin, first, 3);
    court.judged(head, 'inaccurate', 4, judge);
    for (const agent of [bob, dave, erin]) assert.equal(trustOn(court, agent, 4), 400_000_000);
    court.signed(frank, head, 5);
    assert.equal(trustOn(court, frank, 5), 500_000_000);
    // Who approved it and says of the first claim that it is right is judged with it.
    const { court: other, first: stated, head: last } = approved();
    other.signed(carol, stated, 1);
    other.judged(last, 'inaccurate', 2, judge);
    assert.equal(trustOn(other, carol, 2), 400_000_000);
  });

  it('is the last on its chain or is none', () => {
    const { court, first, head } = approved();
    court.judged(head, 'accurate', 2, judge);
    const last = court.judged(first, 'inaccurate', 3, judge);
    const steps = rulesOf(court.records).trustSteps(alice);
    assert.deepEqual(
      steps.map(({ verdict, target }) => [verdict, target]),
      [[last, first]],
    );
  });

  it('is about its own author where it is a revision', () => {
    const { court, head } = approved();
    const revised = court.claim(carol, { value: 'w', parent: head });
    court.judged(revised, 'inaccurate', 2, judge);
    assert.equal(trustOn(court, carol, 2), 400_000_000);
    assert.equal(trustOn(court, alice, 2), 500_000_000);
  });
});
