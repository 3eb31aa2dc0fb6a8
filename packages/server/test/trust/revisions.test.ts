/** Which claims of a pair took the place of which, case by case. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentId, HlcStamp, JsonObject, Lifecycle, RecordId } from '@stemedb/model';
import type { Standing } from '../../src/trust/rules.js';
import { alice, bob, carol, Story } from '../support/story.js';
import { rowsOf, rulesOf } from './world.js';

const startMs = Date.UTC(2026, 0, 1);

class Chains extends Story {
  constructor() {
    super(startMs);
  }

  /** A child of the same value in another state. */
  moved(author: AgentId, parent: RecordId, lifecycle: Lifecycle, more: JsonObject = {}): RecordId {
    return this.claim(author, { value: 'v', parent, lifecycle, ...more });
  }
}

const standingsOf = async (
  story: Story,
  asOf: HlcStamp = story.now,
): Promise<ReadonlyMap<RecordId, Standing>> => {
  const rows = rowsOf(story.records, asOf);
  const standings = await rulesOf(story.records, { asOf }).standings(rows);
  const backwards = await rulesOf(story.records, { asOf }).standings([...rows].reverse());
  assert.deepEqual(new Map([...backwards].sort()), new Map([...standings].sort()));
  return standings;
};

describe('a claim without family', () => {
  it('stands as it is', async () => {
    const story = new Chains();
    story.claim(alice);
    story.claim(bob, { lifecycle: 'under_review' });
    assert.equal((await standingsOf(story)).size, 0);
  });

  it('begins as proposed, unless its author may state more', async () => {
    const story = new Chains();
    const byStranger = story.claim(alice, { lifecycle: 'approved' });
    const byNode = story.claim(alice, { lifecycle: 'rejected' }, 'node');
    const early = story.claim(carol, { lifecycle: 'approved' });
    story.policy({ stewards: [carol] });
    const bySteward = story.claim(carol, { lifecycle: 'approved', value: 'later' });
    const standings = await standingsOf(story);
    assert.deepEqual(standings.get(byStranger), { lifecycle: 'proposed' });
    assert.deepEqual(standings.get(early), { lifecycle: 'proposed' });
    assert.ok(!standings.has(byNode) && !standings.has(bySteward));
  });

  it('may name a parent that is not known, or of another pair', async () => {
    const story = new Chains();
    const elsewhere = story.claim(alice, { predicate: 'colour', value: 'v' });
    story.moved(alice, elsewhere, 'under_review');
    story.moved(alice, '7'.repeat(64) as RecordId, 'under_review');
    assert.equal((await standingsOf(story)).size, 0);
  });
});

describe('transitions', () => {
  it('are the voice of the first claim, and take the place of all before', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    const reviewed = story.moved(alice, first, 'under_review');
    story.policy({ stewards: [carol] });
    const approved = story.moved(carol, reviewed, 'approved');
    const standings = await standingsOf(story);
    assert.deepEqual(standings.get(first), { lifecycle: 'proposed', succeededBy: reviewed });
    assert.deepEqual(standings.get(reviewed), {
      lifecycle: 'under_review',
      transitionsOf: [first],
      succeededBy: approved,
    });
    assert.deepEqual(standings.get(approved), {
      lifecycle: 'approved',
      transitionsOf: [reviewed, first],
    });
  });

  it('belong to the first author, whoever made the last', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    story.policy({ stewards: [carol] });
    const reviewed = story.moved(carol, first, 'under_review');
    story.policy({ stewards: [] });
    const byOwner = story.moved(alice, reviewed, 'approved');
    const standings = await standingsOf(story);
    assert.equal(standings.get(byOwner)?.lifecycle, 'approved');
    const story2 = new Chains();
    const own = story2.claim(alice, { value: 'v' });
    story2.policy({ stewards: [carol] });
    const theirs = story2.moved(carol, own, 'under_review');
    story2.policy({ stewards: [] });
    const notTheirs = story2.moved(carol, theirs, 'approved');
    assert.deepEqual((await standingsOf(story2)).get(notTheirs), { lifecycle: 'proposed' });
  });

  it('not allowed make an independent claim in a state of its own', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    const skipping = story.moved(alice, first, 'approved');
    const standings = await standingsOf(story);
    assert.deepEqual([...standings], [[skipping, { lifecycle: 'proposed' }]]);
  });

  it('start from the state that counts, not from the stated one', async () => {
    const story = new Chains();
    const boasting = story.claim(alice, { value: 'v', lifecycle: 'approved' });
    const deprecating = story.moved(alice, boasting, 'deprecated');
    const reviewing = story.moved(alice, boasting, 'under_review');
    const standings = await standingsOf(story);
    assert.deepEqual(standings.get(deprecating), { lifecycle: 'proposed' });
    assert.deepEqual(standings.get(reviewing)?.transitionsOf, [boasting]);
    assert.equal(standings.get(boasting)?.succeededBy, reviewing);
  });
});

describe('revisions', () => {
  it('speak for themselves: of another value, and of the same in the same state', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    const surer = story.claim(alice, { value: 'v', parent: first, confidence: 0.9 });
    const other = story.claim(alice, { value: 'w', parent: surer });
    const standings = await standingsOf(story);
    assert.deepEqual(standings.get(first), { lifecycle: 'proposed', succeededBy: surer });
    assert.deepEqual(standings.get(surer), { lifecycle: 'proposed', succeededBy: other });
    assert.ok(!standings.has(other));
  });

  it('keep no approved state, whatever their value', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v', lifecycle: 'approved' }, 'node');
    const same = story.moved(bob, first, 'approved', { confidence: 0.5 });
    const other = story.moved(bob, same, 'approved', { value: 'w' });
    const standings = await standingsOf(story);
    assert.deepEqual(standings.get(same), { lifecycle: 'proposed', succeededBy: other });
    assert.equal(standings.get(other)?.lifecycle, 'proposed');
  });

  it('of an approved claim need a new approval, even by its own author', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    story.policy({ stewards: [carol] });
    const approved = story.moved(carol, story.moved(carol, first, 'under_review'), 'approved');
    const restated = story.moved(alice, approved, 'approved', { confidence: 1 });
    let standings = await standingsOf(story);
    assert.equal(standings.get(approved)?.succeededBy, restated);
    assert.deepEqual(standings.get(restated), { lifecycle: 'proposed' });
    // A steward may say so again, and so may one who reviews what was said.
    const bySteward = story.moved(carol, approved, 'approved', { confidence: 0.9 });
    standings = await standingsOf(story);
    assert.equal(standings.get(approved)?.succeededBy, bySteward);
    assert.ok(!standings.has(bySteward));
    const again = story.moved(carol, story.moved(carol, restated, 'under_review'), 'approved');
    standings = await standingsOf(story);
    assert.equal(standings.get(again)?.lifecycle, 'approved');
    assert.equal(standings.get(again)?.transitionsOf?.at(-1), restated);
  });

  it('of a stranger remove nothing', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    story.claim(bob, { value: 'w', parent: first });
    story.moved(bob, first, 'under_review');
    assert.equal((await standingsOf(story)).size, 0);
  });

  it('count under the governance at their own stamp', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    const before = story.claim(bob, { value: 'w', parent: first });
    story.policy({ governance: 'open' });
    const within = story.claim(bob, { value: 'x', parent: first });
    story.policy({ governance: 'steward', stewards: [carol] });
    const after = story.claim(alice, { value: 'y', parent: first });
    const standings = await standingsOf(story);
    assert.equal(standings.get(first)?.succeededBy, within);
    assert.ok(!standings.has(before) && !standings.has(after));
  });
});

describe('several children', () => {
  it('of one parent: the last by effective time counts, none below the others', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    const later = story.record(
      'assertion',
      alice,
      { concept_path: 'lab/x', predicate: 'dose', value: 'a', parent: first },
      { atMs: 50 },
    );
    const backDated = story.record(
      'assertion',
      alice,
      { concept_path: 'lab/x', predicate: 'dose', value: 'b', parent: first },
      { atMs: 60, assertedMs: 40 },
    );
    const below = story.claim(alice, { value: 'c', parent: backDated });
    const standings = await standingsOf(story);
    for (const id of [first, backDated, below]) {
      assert.equal(standings.get(id)?.succeededBy, later);
    }
    assert.ok(!standings.has(later));
  });

  it('of one parent and one moment: the larger id counts', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    const fields = { concept_path: 'lab/x', predicate: 'dose', parent: first };
    const ids = ['a', 'b', 'c', 'd'].map((value) =>
      story.record('assertion', alice, { ...fields, value }, { atMs: 50 }),
    );
    const [last] = [...ids].sort().reverse();
    const standings = await standingsOf(story);
    assert.equal(standings.get(first)?.succeededBy, last);
    assert.equal([...standings].filter(([, one]) => one.succeededBy === last).length, 4);
  });

  it('are not seen before their stamp', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    const before = story.now;
    story.moved(alice, first, 'under_review');
    assert.equal((await standingsOf(story, before)).size, 0);
    assert.equal((await standingsOf(story)).size, 2);
  });
});

describe('a child that is taken out', () => {
  it('gives the place back to its parent, and takes it again when it is restored', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    const child = story.claim(alice, { value: 'w', parent: first });
    story.retract(alice, child);
    assert.equal((await standingsOf(story)).get(first)?.succeededBy, undefined);
    story.restore(alice, child);
    assert.equal((await standingsOf(story)).get(first)?.succeededBy, child);
  });

  it('gives the place to the sibling before it', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    const [one, other] = ['a', 'b'].map((value) => story.claim(alice, { value, parent: first }));
    assert.ok(one !== undefined && other !== undefined);
    story.retract(alice, other);
    const standings = await standingsOf(story);
    assert.equal(standings.get(first)?.succeededBy, one);
    assert.equal(standings.get(one)?.succeededBy, undefined);
  });

  it('falls with its source as well, or when it is replaced', async () => {
    const story = new Chains();
    const source = story.source(bob);
    const first = story.claim(alice, { value: 'v' });
    const child = story.claim(alice, { value: 'w', parent: first, source });
    assert.equal((await standingsOf(story)).get(first)?.succeededBy, child);
    story.retract(bob, source);
    assert.equal((await standingsOf(story)).get(first)?.succeededBy, undefined);
    story.restore(bob, source);
    story.replace(alice, child, story.claim(alice, { value: 'z' }));
    assert.equal((await standingsOf(story)).get(first)?.succeededBy, undefined);
  });

  it('in the middle of a chain hands the place down', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'a' });
    const middle = story.claim(alice, { value: 'b', parent: first });
    const last = story.claim(alice, { value: 'c', parent: middle });
    story.retract(alice, middle);
    const standings = await standingsOf(story);
    assert.equal(standings.get(first)?.succeededBy, last);
    assert.ok(!standings.has(last));
    story.retract(alice, last);
    assert.equal((await standingsOf(story)).get(first)?.succeededBy, undefined);
  });

  it('takes the transitions above it along, and the parent comes back', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    const reviewed = story.moved(alice, first, 'under_review');
    const approved = story.moved(alice, reviewed, 'approved');
    story.retract(alice, reviewed);
    const standings = await standingsOf(story);
    assert.equal(standings.get(first)?.succeededBy, undefined);
    const { taint } = rulesOf(story.records);
    const taints = await taint?.tainted([first, reviewed, approved], story.now);
    assert.deepEqual(taints?.get(approved), { out: true, why: 'cascade', premise: reviewed });
    assert.ok(taints?.has(first) === false);
  });
});

describe('long chains', () => {
  it('of restated claims have one head, however long', async () => {
    const story = new Chains();
    const first = story.claim(alice, { value: 'v' });
    let last = first;
    for (let at = 1; at <= 200; at += 1) {
      last = story.claim(alice, { value: 'v', parent: last, confidence: at / 1000 });
    }
    const standings = await standingsOf(story);
    assert.equal(standings.size, 200);
    assert.ok(!standings.has(last));
  });

  it('are followed for 64 claims, where each state rests on the one before', async () => {
    const story = new Chains();
    const cycle = ['under_review', 'approved', 'deprecated'] as const;
    const chain = [story.claim(alice, { value: 'v', lifecycle: 'under_review' })];
    for (let at = 1; at <= 70; at += 1) {
      const parent = chain.at(-1);
      assert.ok(parent !== undefined);
      chain.push(story.moved(alice, parent, cycle[at % 3] ?? 'proposed'));
    }
    const standings = await standingsOf(story);
    const states = chain.map((id, at) => standings.get(id)?.lifecycle ?? cycle[at % 3]);
    assert.deepEqual(
      states,
      chain.map((_, at) => (at > 64 && at % 3 > 0 ? 'proposed' : cycle[at % 3])),
    );
    // The same whatever is asked first.
    for (const at of [70, 66, 65, 64]) {
      const rows = rowsOf(story.records).filter(({ id }) => chain.indexOf(id) >= at);
      const found = await rulesOf(story.records).standings(rows);
      assert.equal(found.get(chain[at] as RecordId)?.lifecycle ?? cycle[at % 3], states[at]);
    }
  });
});
