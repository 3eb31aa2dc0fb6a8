/** Epochs in answers: claims of a superseded one are out, unless they are asked for (spec 6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alice, bob, carol } from '../support/story.js';
import { result } from './asking.js';
import { labX, newStory, sides, told } from './telling.js';

const paradigms = () => {
  const story = newStory();
  const old = story.record('epoch', alice, { name: 'old' });
  const inOld = story.claim(bob, { value: 'old', epoch: old });
  const outside = story.claim(bob, { value: 'outside', confidence: 0.5 });
  const between = story.now;
  return { story, old, inOld, outside, between };
};

test('claims of a superseded epoch are out from then on, with the reason', async () => {
  const { story, old, inOld, outside, between } = paradigms();
  const next = story.record('epoch', alice, { name: 'next', supersedes: [old] });
  const inNext = story.claim(bob, { value: 'next', epoch: next });
  const target = await told(story);
  const [taken, left] = await sides(target);
  assert.deepEqual(taken, [outside, inNext].sort());
  assert.equal(left.get(inOld), `its epoch ${old} was superseded by ${next}`);
  const asOfBetween = await sides(target, { asOf: between });
  assert.deepEqual(asOfBetween[0], [inOld, outside].sort());
  const [all] = await sides(target, { includeSuperseded: true });
  assert.deepEqual(all, [inOld, outside, inNext].sort());
  const named = { ...labX, epoch: old };
  assert.equal(await result(target, named), undefined);
  const found = await result(target, { ...named, includeSuperseded: true });
  assert.equal(found?.value, 'old');
  await target.database.close();
});

test('an epoch of somebody without the right supersedes nothing', async () => {
  const { story, old, inOld, outside } = paradigms();
  story.record('epoch', bob, { name: 'next', supersedes: [old] });
  const target = await told(story);
  assert.deepEqual((await sides(target))[0], [inOld, outside].sort());
  await target.database.close();
  const open = await told(story, { governance: 'open' });
  assert.deepEqual((await sides(open))[0], [outside]);
  await open.database.close();
});

test('an epoch that was retracted is out as a superseded one', async () => {
  const { story, old, inOld, outside } = paradigms();
  const retraction = story.retract(carol, old);
  const target = await told(story, { stewards: [carol] });
  const [taken, left] = await sides(target);
  assert.deepEqual(taken, [outside]);
  assert.equal(left.get(inOld), `its epoch ${old} was superseded by ${retraction}`);
  await target.database.close();
});
