/** Trust in answers: which lenses it moves, the filter by it, and the moment it is asked at. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RecordId } from '@stemedb/model';
import { alice, bob, carol, type Story } from '../support/story.js';
import { answered, asked, dayMs, explained, result } from './asking.js';
import { labX, newStory, sides, told } from './telling.js';

const byCarol = { verdict_agents: [carol] };

const judge = (story: Story, target: RecordId, outcome: 'accurate' | 'inaccurate'): RecordId =>
  story.record('verdict', carol, { target, outcome });

/** Bob speaks last and first by id, or does not: only trust may decide. */
const rivals = () => {
  const story = newStory();
  const past = [story.claim(alice, { predicate: 'p' }), story.claim(bob, { predicate: 'p' })];
  const of = (value: string) => ({ value, confidence: 0.8, source_class: 'expert' });
  const byAlice = story.claim(alice, of('alice'));
  const byBob = story.claim(bob, of('bob'));
  const before = story.now;
  const [aliceWas, bobWas] = past;
  assert.ok(aliceWas !== undefined && bobWas !== undefined);
  return { story, aliceWas, bobWas, byAlice, byBob, before };
};

describe('a verdict', () => {
  for (const lens of ['authority', 'layered']) {
    it(`decides for the more trusted author under ${lens}`, async () => {
      for (const winner of ['alice', 'bob'] as const) {
        const { story, aliceWas, bobWas, before } = rivals();
        judge(story, aliceWas, winner === 'alice' ? 'accurate' : 'inaccurate');
        judge(story, bobWas, winner === 'bob' ? 'accurate' : 'inaccurate');
        const target = await told(story, byCarol);
        const asking = { ...labX, lens, predicate: 'dose' };
        const found = await result(target, asking);
        assert.deepEqual([found?.value, found?.tied], [winner, undefined]);
        const earlier = await result(target, { ...asking, asOf: before });
        assert.equal(earlier?.tied, true);
        await target.database.close();
      }
    });
  }

  it('of somebody who may not judge changes nothing', async () => {
    const { story, aliceWas } = rivals();
    story.record('verdict', bob, { target: aliceWas, outcome: 'inaccurate' });
    const target = await told(story, byCarol);
    const asking = { ...labX, lens: 'authority', predicate: 'dose' };
    assert.equal((await result(target, asking))?.tied, true);
    await target.database.close();
  });

  it('shows in an explanation under any lens', async () => {
    const { story, aliceWas, byAlice, byBob } = rivals();
    judge(story, aliceWas, 'inaccurate');
    const asOf = story.now;
    const target = await told(story, byCarol);
    const explain = await explained(target, { ...labX, predicate: 'dose', asOf });
    const trust = new Map(explain.candidates.map((each) => [each.assertion, each.trust]));
    assert.deepEqual([trust.get(byAlice), trust.get(byBob)], [0.4, 0.5]);
    await target.database.close();
  });
});

describe('min_trust', () => {
  it('leaves out whose author is trusted less, under any lens, with the reason', async () => {
    const { story, aliceWas, byAlice, byBob, before } = rivals();
    judge(story, aliceWas, 'inaccurate');
    const target = await told(story, byCarol);
    const asking = { predicate: 'dose', minTrust: 0.5, asOf: story.now };
    const [taken, left] = await sides(target, asking);
    assert.deepEqual(taken, [byBob]);
    assert.equal(left.get(byAlice), 'the trust in its author is 0.4, below 0.5');
    const plain = await result(target, { ...labX, ...asking });
    assert.deepEqual([plain?.value, plain?.candidates_count], ['bob', 1]);
    const [earlier] = await sides(target, { ...asking, asOf: before });
    assert.deepEqual(earlier, [byAlice, byBob].sort());
    const [all] = await sides(target, { ...asking, minTrust: 0.4 });
    assert.deepEqual(all, [byAlice, byBob].sort());
    await target.database.close();
  });

  it('lets trust come back as time passes', async () => {
    const { story, aliceWas, byAlice } = rivals();
    judge(story, aliceWas, 'inaccurate');
    const target = await told(story, byCarol);
    const taken = async () => (await sides(target, { predicate: 'dose', minTrust: 0.45 }))[0];
    assert.ok(!(await taken()).includes(byAlice));
    target.clock.advance(31 * dayMs);
    assert.ok((await taken()).includes(byAlice));
    await target.database.close();
  });
});

describe('the moment of an answer', () => {
  const momentOf = async (more: object, isJudged: boolean) => {
    const { story, aliceWas } = rivals();
    if (isJudged) judge(story, aliceWas, 'accurate');
    const target = await told(story, byCarol);
    const answer = await answered(asked(target, { ...labX, ...more }));
    const now = new Date(target.clock.wallMs()).toISOString();
    const visible = target.database.store.visibleStamp;
    await target.database.close();
    if (answer.as_of_stamp === visible) return 'visible';
    return answer.as_of === now ? 'now' : answer.as_of;
  };

  it('is now only where trust moves it', async () => {
    const cases: readonly (readonly [object, boolean, string])[] = [
      [{ lens: 'authority' }, true, 'now'],
      [{ lens: 'layered' }, true, 'now'],
      [{ lens: 'recency', minTrust: 0.1 }, true, 'now'],
      [{ lens: 'recency' }, true, 'visible'],
      [{ lens: 'recency', explain: true }, true, 'visible'],
      [{ lens: 'authority' }, false, 'visible'],
      [{ lens: 'recency', minTrust: 0.1 }, false, 'visible'],
      [{ lens: 'recency', decay: 'class' }, false, 'now'],
    ];
    for (const [more, isJudged, expected] of cases) {
      assert.equal(await momentOf(more, isJudged), expected, JSON.stringify([more, isJudged]));
    }
  });

  it('that was stated is kept, and by the cursor of a page too', async () => {
    const { story, aliceWas } = rivals();
    judge(story, aliceWas, 'inaccurate');
    const target = await told(story, byCarol);
    const asking = { ...labX, lens: 'authority', limit: 1 };
    const stated = await answered(asked(target, { ...asking, asOf: story.now }));
    assert.equal(stated.as_of_stamp, story.now);
    const first = await answered(asked(target, asking));
    target.clock.advance(dayMs);
    const { next_cursor: cursor = '' } = first;
    const second = await answered(asked(target, { ...asking, cursor }));
    assert.equal(second.as_of_stamp, first.as_of_stamp);
    assert.equal(second.results.length, 1);
    await target.database.close();
  });
});
