/** How one child stands to its parent: every pair of states, every governance. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AssertionContent,
  defaultPolicyTable,
  type Lifecycle,
  type PolicyTable,
} from '@stemedb/model';
import type { EffectivePolicy } from '../../src/trust/policy_history.js';
import {
  type JudgedChild,
  type JudgedParent,
  judgeChild,
  judgeNew,
  revisionDepthMax,
} from '../../src/trust/transitions.js';
import { alice, bob, carol } from '../support/story.js';

const states: readonly Lifecycle[] = [
  'proposed',
  'under_review',
  'approved',
  'deprecated',
  'rejected',
];

const policyOf = (members: Partial<PolicyTable> = {}): EffectivePolicy => ({
  id: null,
  effectiveMs: 0,
  table: { ...defaultPolicyTable, ...members },
});

const content = (members: Partial<AssertionContent> = {}): AssertionContent => ({
  kind: 'assertion',
  v: 1,
  agent_id: alice,
  asserted_at: 1,
  concept_path: 'lab/x',
  predicate: 'dose',
  value: 'late',
  ...members,
});

const childOf = (
  lifecycle: Lifecycle | undefined,
  members: Partial<AssertionContent> = {},
  byNode = false,
): JudgedChild => {
  const stated = content({ ...(lifecycle === undefined ? {} : { lifecycle }), ...members });
  return { content: stated, author: { agentId: stated.agent_id, byNode } };
};

const parentIn = (lifecycle: Lifecycle, members: Partial<JudgedParent> = {}): JudgedParent => ({
  content: content(),
  lifecycle,
  owner: { agentId: alice, byNode: false },
  depth: 0,
  ...members,
});

describe('a child of the same value', () => {
  const allowed = new Set([
    'proposed under_review',
    'under_review approved',
    'under_review rejected',
    'approved deprecated',
  ]);

  for (const from of states) {
    for (const to of states) {
      it(`from ${from} to ${to}`, () => {
        const judged = judgeChild(policyOf(), childOf(to), parentIn(from));
        const initial = to === 'proposed' || to === 'under_review';
        if (from === to) {
          assert.equal(judged.relation, 'revision');
          assert.equal(judged.lifecycle, initial ? to : 'proposed');
          assert.equal(judged.refusal?.code, initial ? undefined : 'transition_not_allowed');
          const { lifecycle } = judgeChild(
            policyOf({ stewards: [alice] }),
            childOf(to),
            parentIn(to),
          );
          assert.equal(lifecycle, to);
        } else if (allowed.has(`${from} ${to}`)) {
          assert.deepEqual(judged, { relation: 'transition', lifecycle: to });
        } else {
          assert.equal(judged.relation, 'independent');
          assert.equal(judged.lifecycle, initial ? to : 'proposed');
          assert.equal(judged.refusal?.code, 'transition_not_allowed');
          assert.equal(judged.refusal?.advisory, false);
          for (const next of states) {
            const named = judged.refusal?.detail.includes(`to "${next}"`) ?? false;
            const wanted = allowed.has(`${from} ${next}`) || next === to;
            const listed = judged.refusal?.detail.includes(`"${next}"`) ?? false;
            assert.ok(!named || wanted, `${next} is named`);
            assert.ok(listed || !allowed.has(`${from} ${next}`), `${next} is not named`);
          }
        }
      });
    }
  }

  it('states the first state when it states none', () => {
    assert.equal(
      judgeChild(policyOf(), childOf(undefined), parentIn('proposed')).relation,
      'revision',
    );
  });
});

describe('a child of another value', () => {
  it('is a revision that begins anew', () => {
    const other = { value: 'early' } as const;
    const judged = judgeChild(policyOf(), childOf('under_review', other), parentIn('approved'));
    assert.deepEqual(judged, { relation: 'revision', lifecycle: 'under_review' });
    const beyond = judgeChild(policyOf(), childOf('approved', other), parentIn('approved'));
    assert.equal(beyond.relation, 'revision');
    assert.equal(beyond.lifecycle, 'proposed');
    assert.equal(beyond.refusal?.code, 'transition_not_allowed');
  });

  it('is told apart by the unit as well', () => {
    const parent = parentIn('proposed', { content: content({ value: 1, unit: 'g' }) });
    const child = childOf('under_review', { value: 1, unit: 'mg' });
    assert.equal(judgeChild(policyOf(), child, parent).relation, 'revision');
  });

  it('keeps a later state of a privileged author', () => {
    const policy = policyOf({ stewards: [carol] });
    const child = childOf('approved', { value: 'early', agent_id: carol });
    const judged = judgeChild(policy, child, parentIn('proposed'));
    assert.deepEqual(judged, { relation: 'revision', lifecycle: 'approved' });
  });
});

describe('a child of another pair', () => {
  for (const members of [{ concept_path: 'lab/y' }, { predicate: 'colour' }]) {
    it(`is independent: ${JSON.stringify(members)}`, () => {
      const judged = judgeChild(policyOf(), childOf('proposed', members), parentIn('proposed'));
      assert.equal(judged.relation, 'independent');
      assert.equal(judged.refusal?.code, 'invalid_field');
      assert.equal(judged.refusal?.advisory, false);
    });
  }
});

describe('governance of children', () => {
  const approval = (agent: typeof alice): JudgedChild => childOf('approved', { agent_id: agent });
  const relationUnder = (
    table: Partial<PolicyTable>,
    child: JudgedChild,
    owner: JudgedParent['owner'] = { agentId: alice, byNode: false },
  ): string => judgeChild(policyOf(table), child, parentIn('under_review', { owner })).relation;

  it('open: anybody', () => {
    assert.equal(relationUnder({ governance: 'open' }, approval(bob)), 'transition');
  });

  it('owner: the owner, the stewards, and anybody for what the node stated', () => {
    assert.equal(relationUnder({}, approval(alice)), 'transition');
    assert.equal(relationUnder({}, approval(bob)), 'independent');
    assert.equal(relationUnder({ stewards: [bob] }, approval(bob)), 'transition');
    assert.equal(relationUnder({}, approval(bob), { agentId: alice, byNode: true }), 'transition');
  });

  it('steward: the stewards alone', () => {
    const table = { governance: 'steward', stewards: [carol] } as const;
    assert.equal(relationUnder(table, approval(alice)), 'independent');
    assert.equal(relationUnder(table, approval(carol)), 'transition');
  });

  it('refuses a stranger by the rule, and only advises while the state is an initial one', () => {
    const { refusal } = judgeChild(policyOf(), approval(bob), parentIn('under_review'));
    assert.equal(refusal?.code, 'forbidden');
    assert.match(refusal?.detail ?? '', /governance "owner"/);
    assert.equal(refusal?.advisory, false);
    const child = childOf('under_review', { agent_id: bob });
    assert.equal(judgeChild(policyOf(), child, parentIn('proposed')).refusal?.advisory, true);
  });
});

describe('a state that rests on many claims', () => {
  const atDepth = (depth: number, child: JudgedChild): string =>
    judgeChild(policyOf(), child, parentIn('approved', { depth })).relation;

  it('is taken over from at most 64', () => {
    assert.equal(atDepth(revisionDepthMax - 1, childOf('deprecated')), 'transition');
    assert.equal(atDepth(revisionDepthMax, childOf('deprecated')), 'independent');
  });

  it('is no limit for a claim that rests on nothing', () => {
    const { relation } = judgeChild(
      policyOf(),
      childOf('proposed'),
      parentIn('proposed', { depth: revisionDepthMax }),
    );
    assert.equal(relation, 'revision');
    // Stated anew it takes no state over, whoever states it.
    assert.equal(atDepth(revisionDepthMax, childOf('approved')), 'revision');
    assert.equal(atDepth(revisionDepthMax, childOf('approved', {}, true)), 'revision');
  });
});

describe('a new claim', () => {
  it('begins in an initial state, or in any by a privileged author', () => {
    const initial: readonly Lifecycle[] = ['proposed', 'under_review'];
    for (const state of states) {
      const judged = judgeNew(policyOf(), childOf(state));
      const stands = initial.includes(state);
      assert.equal(judged.lifecycle, stands ? state : 'proposed');
      assert.equal(judged.refusal?.code, stands ? undefined : 'transition_not_allowed');
      assert.equal(judgeNew(policyOf(), childOf(state, {}, true)).lifecycle, state);
      assert.equal(judgeNew(policyOf({ stewards: [alice] }), childOf(state)).lifecycle, state);
    }
  });
});
