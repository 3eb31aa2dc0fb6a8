/** Revisions in answers: who speaks, what is left out and why, what is brought back (spec 1.1). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alice, bob, carol } from '../support/story.js';
import { explained, result } from './asking.js';
import { labX, newStory, sides, told } from './telling.js';

const byCarol = { stewards: [carol] };

const approved = () => {
  const story = newStory();
  const first = story.claim(alice, { value: 'x', confidence: 0.5, source_class: 'expert' });
  const asserted = { value: 'x', source_class: 'regulatory' };
  const review = story.claim(carol, { ...asserted, parent: first, lifecycle: 'under_review' });
  const head = story.claim(carol, { ...asserted, parent: review, lifecycle: 'approved' });
  return { story, first, review, head };
};

describe('an approval', () => {
  it('adds no voice: all factors are those of the first claim', async () => {
    const { story, first, review, head } = approved();
    const rival = story.claim(bob, { value: 'y', confidence: 0.5, source_class: 'expert' });
    const target = await told(story, byCarol);
    const found = await result(target, { ...labX, lens: 'consensus' });
    assert.deepEqual([found?.candidates_count, found?.tied, found?.confidence], [2, true, 0.5]);
    const explain = await explained(target, { ...labX, lens: 'consensus' });
    const shown = explain.candidates.find(({ assertion }) => assertion === head);
    assert.ok(shown !== undefined);
    assert.deepEqual([shown.lifecycle, shown.voice_of], ['approved', first]);
    assert.deepEqual([shown.agent_id, shown.origin_name], [alice, `agent:${alice}`]);
    assert.deepEqual(
      [shown.class, shown.confidence, shown.effective_confidence],
      ['expert', 0.5, 0.5],
    );
    const [taken, left] = await sides(target);
    assert.deepEqual(taken, [head, rival].sort());
    for (const id of [first, review]) {
      assert.match(left.get(id) ?? '', /^its revision [0-9a-f]{64} took its place$/);
    }
    await target.database.close();
  });

  it('is as old as the first claim, and of its epoch', async () => {
    const story = newStory();
    const epoch = story.record('epoch', alice, { name: 'e' });
    const first = story.claim(alice, { value: 'x', epoch });
    const rival = story.claim(bob, { value: 'y' });
    const head = story.claim(alice, { value: 'x', parent: first, lifecycle: 'under_review' });
    const target = await told(story);
    const found = await result(target, { ...labX, lens: 'recency' });
    assert.deepEqual([found?.assertion?.id, found?.candidates_count], [rival, 2]);
    assert.equal((await result(target, { ...labX, epoch }))?.assertion?.id, head);
    await target.database.close();
  });

  it('is found by its state and by the author of the first claim', async () => {
    const { story, first, head } = approved();
    const target = await told(story, byCarol);
    const idOf = async (more: object) =>
      (await result(target, { ...labX, ...more }))?.assertion?.id;
    const found = await result(target, labX);
    assert.deepEqual([found?.lifecycle, found?.voice_of], ['approved', first]);
    assert.equal(await idOf({ lifecycle: 'approved' }), head);
    assert.equal(await idOf({ lifecycle: 'proposed' }), undefined);
    assert.equal(await idOf({ agentId: alice }), head);
    assert.equal(await idOf({ agentId: carol }), undefined);
    assert.equal(await idOf({ sourceClass: 'expert', minConfidence: 0.5 }), head);
    assert.equal(await idOf({ sourceClass: 'regulatory' }), undefined);
    assert.equal(await idOf({ minConfidence: 0.6 }), undefined);
    await target.database.close();
  });
});

describe('the winner', () => {
  it('is given the state that counts, not the one that it states', async () => {
    const story = newStory();
    story.claim(bob, { value: 'x', lifecycle: 'approved' });
    const target = await told(story, byCarol);
    const found = await result(target, labX);
    const { record } = found?.assertion ?? {};
    assert.equal(record?.kind === 'assertion' && record.lifecycle, 'approved');
    assert.deepEqual([found?.lifecycle, found?.voice_of], ['proposed', undefined]);
    const none = await result(target, { ...labX, lens: 'skeptic' });
    assert.deepEqual([none?.assertion, none?.lifecycle], [undefined, undefined]);
    await target.database.close();
  });
});

describe('a chain of approvals', () => {
  it('brought back with what it succeeded is still one voice', async () => {
    const { story, first, review, head } = approved();
    story.claim(bob, { value: 'y' });
    const target = await told(story, byCarol);
    const asked = { ...labX, lens: 'consensus', includeSuperseded: true };
    const found = await result(target, asked);
    assert.deepEqual([found?.candidates_count, found?.tied], [4, true]);
    const [taken, left] = await sides(target, asked);
    for (const id of [first, review, head]) assert.ok(taken.includes(id));
    assert.equal(left.size, 0);
    await target.database.close();
  });

  it('falls with any claim of its chain, and comes back with it', async () => {
    for (const at of ['first', 'review', 'head'] as const) {
      const { story, ...ids } = approved();
      const other = story.claim(alice, { value: 'y' });
      const replacement = story.replace(alice, ids.first, other);
      const retraction = at === 'head' ? undefined : story.retract(carol, ids[at]);
      const target = await told(story, byCarol);
      const [taken, left] = await sides(target);
      assert.deepEqual(taken, [other]);
      const by = at === 'first' ? retraction : replacement;
      assert.match(left.get(ids.first) ?? '', new RegExp(`(retracted|replaced) by ${by}`));
      assert.match(left.get(ids.head) ?? '', /retracted|replaced/);
      const asking = { includeSuperseded: true, onRetracted: 'warn' } as const;
      const [all] = await sides(target, asking);
      assert.deepEqual(all, [other, ...Object.values(ids)].sort());
      await target.database.close();
    }
  });
});

describe('a revision', () => {
  it('takes the place of what its author may supersede', async () => {
    const story = newStory();
    const before = story.claim(alice, { value: 1 });
    const between = story.now;
    const after = story.claim(alice, { value: 2, parent: before });
    const target = await told(story);
    const [taken, left] = await sides(target);
    assert.deepEqual(taken, [after]);
    assert.equal(left.get(before), `its revision ${after} took its place`);
    assert.equal((await result(target, { ...labX, asOf: between }))?.value, 1);
    const [both] = await sides(target, { includeSuperseded: true });
    assert.deepEqual(both, [before, after].sort());
    await target.database.close();
  });

  it("of a stranger is a claim beside the other's", async () => {
    const story = newStory();
    const before = story.claim(alice, { value: 1 });
    const beside = story.claim(bob, { value: 2, parent: before });
    const approving = story.claim(bob, { value: 1, parent: before, lifecycle: 'under_review' });
    const rejecting = story.claim(bob, { value: 1, parent: before, lifecycle: 'rejected' });
    const target = await told(story);
    const [taken, left] = await sides(target);
    assert.deepEqual(taken, [before, beside, approving, rejecting].sort());
    assert.equal(left.size, 0);
    const { candidates } = await explained(target, labX);
    const states = new Map(candidates.map((each) => [each.assertion, each.lifecycle]));
    assert.equal(states.get(rejecting), 'proposed');
    await target.database.close();
  });

  it('that rejects leaves nothing, unless rejected claims are asked for', async () => {
    const story = newStory();
    const first = story.claim(alice, { value: 1, lifecycle: 'under_review' });
    const rejected = story.claim(alice, { value: 1, parent: first, lifecycle: 'rejected' });
    const target = await told(story);
    assert.equal(await result(target, labX), undefined);
    const found = await result(target, { ...labX, lifecycle: 'rejected' });
    assert.equal(found?.assertion?.id, rejected);
    await target.database.close();
  });

  it('that was retracted gives its place back', async () => {
    const story = newStory();
    const before = story.claim(alice, { value: 1 });
    const after = story.claim(alice, { value: 2, parent: before });
    story.retract(alice, after);
    const target = await told(story);
    assert.deepEqual((await sides(target))[0], [before]);
    await target.database.close();
  });
});

describe('a stated state', () => {
  it('counts only for who may begin a claim in it', async () => {
    const story = newStory();
    const own = story.claim(alice, { value: 1, lifecycle: 'approved' });
    const steward = story.claim(carol, { value: 2, lifecycle: 'approved' });
    const target = await told(story, byCarol);
    const [approved, left] = await sides(target, { lifecycle: 'approved' });
    assert.deepEqual(approved, [steward]);
    assert.equal(left.get(own), 'its lifecycle is "proposed", not "approved"');
    await target.database.close();
  });
});
