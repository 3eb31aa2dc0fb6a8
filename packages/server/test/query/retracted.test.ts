/** What is retracted in answers: left out with the reason, or in with a warning when asked for. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Question } from '../../src/query/question.js';
import { alice, bob } from '../support/story.js';
import { codesOf, explained, result } from './asking.js';
import { labX, newStory, sides, told } from './telling.js';

describe('on_retracted', () => {
  it('warn brings back what was retracted and what rests on it, and warns', async () => {
    const story = newStory();
    const source = story.source(alice);
    const before = story.claim(bob, { value: 'sound', confidence: 0.5 });
    const cited = story.claim(bob, { value: 'cited', source });
    const gone = story.claim(alice, { value: 'gone', confidence: 0.9 });
    const both = [story.retract(alice, source), story.retract(alice, gone)];
    const target = await told(story);
    const [taken, left] = await sides(target);
    assert.deepEqual(taken, [before]);
    assert.equal(left.get(gone), `it was retracted by ${both[1]}`);
    assert.match(left.get(cited) ?? '', new RegExp(`rests on ${source}`));
    for (const onRetracted of ['exclude', undefined] as const) {
      const more = onRetracted === undefined ? {} : { onRetracted };
      const found = await result(target, { ...labX, ...more, lens: 'confidence' });
      assert.deepEqual([found?.value, found?.warnings], ['sound', undefined]);
    }
    const asking = { ...labX, onRetracted: 'warn', lens: 'confidence' } as const;
    const found = await result(target, asking);
    assert.deepEqual([found?.value, found?.candidates_count], ['cited', 3]);
    assert.deepEqual(codesOf(found?.warnings), ['retracted']);
    assert.match(found?.warnings?.[0]?.detail ?? '', new RegExp(source));
    const explain = await explained(target, asking);
    const warned = new Map(explain.candidates.map((each) => [each.assertion, each.warnings]));
    assert.deepEqual(codesOf(warned.get(gone)), ['retracted']);
    assert.deepEqual(codesOf(warned.get(cited)), ['retracted']);
    assert.equal(warned.get(before), undefined);
    await target.database.close();
  });

  it('warn warns of every claim that the result names, whichever lens names it', async () => {
    const story = newStory();
    const sound = story.claim(bob, { value: 'sound', source_class: 'expert' });
    const gone = story.claim(alice, { value: 'gone', source_class: 'clinical' });
    const also = story.claim(alice, { value: 'also', source_class: 'expert' });
    for (const id of [gone, also]) story.retract(alice, id);
    const target = await told(story);
    const warnedOf = async (lens: string) => {
      const found = await result(target, { ...labX, lens, onRetracted: 'warn' });
      assert.equal(found?.candidates_count, 3);
      const ids = [gone, also, sound];
      return (found?.warnings ?? []).map(({ code, detail }) => {
        assert.equal(code, 'retracted');
        return ids.find((id) => detail.startsWith(id)) ?? 'winner';
      });
    };
    assert.deepEqual((await warnedOf('skeptic')).sort(), [gone, also].sort());
    assert.deepEqual(await warnedOf('layered'), ['winner', also]);
    await target.database.close();
  });

  it('warn leaves out what was replaced, include_superseded what was retracted', async () => {
    const story = newStory();
    const next = story.claim(alice, { value: 'next' });
    const replaced = story.claim(alice, { value: 'replaced' });
    const retracted = story.claim(alice, { value: 'retracted' });
    const replacement = story.replace(alice, replaced, next);
    story.retract(alice, retracted);
    const target = await told(story);
    const [warned, left] = await sides(target, { onRetracted: 'warn' });
    assert.deepEqual(warned, [next, retracted].sort());
    assert.equal(left.get(replaced), `it was replaced by ${replacement}`);
    const [included] = await sides(target, { includeSuperseded: true });
    assert.deepEqual(included, [next, replaced].sort());
    const [all] = await sides(target, { includeSuperseded: true, onRetracted: 'warn' });
    assert.deepEqual(all, [next, replaced, retracted].sort());
    await target.database.close();
  });
});

describe('what was replaced', () => {
  it('and rests on what was retracted is out twice', async () => {
    const story = newStory();
    const source = story.source(bob);
    const first = story.claim(alice, { value: 'v', source });
    const head = story.claim(alice, { value: 'v', parent: first, lifecycle: 'under_review' });
    const next = story.claim(alice, { value: 'next' });
    story.replace(alice, first, next);
    story.retract(bob, source);
    const target = await told(story);
    const takenWith = async (more: Partial<Question>) => (await sides(target, more))[0];
    assert.deepEqual(await takenWith({ includeSuperseded: true }), [next]);
    assert.deepEqual(await takenWith({ onRetracted: 'warn' }), [next]);
    const both = await takenWith({ includeSuperseded: true, onRetracted: 'warn' });
    assert.deepEqual(both, [first, head, next].sort());
    const [, left] = await sides(target);
    assert.match(left.get(head) ?? '', /^it was replaced by .*, and it rests on .*retracted/);
    await target.database.close();
  });
});

describe('a winner', () => {
  for (const [where, superseded] of [
    ['where nothing was superseded', false],
    ['where something was', true],
  ] as const) {
    it(`that rests on more than 64 premises in a chain says so, ${where}`, async () => {
      const story = newStory();
      const root = story.claim(alice, { predicate: 'root' });
      const below = story.chain(alice, root, 64);
      const top = story.claim(alice, { predicate: 'top', derived_from: [below] });
      const shallow = story.claim(alice, { predicate: 'shallow', derived_from: [root] });
      const other = story.claim(alice, { predicate: 'other' });
      if (superseded) story.retract(alice, other);
      const target = await told(story);
      const warningsOf = async (predicate: string) => {
        const found = await result(target, { ...labX, predicate });
        assert.ok(found?.assertion?.id === (predicate === 'top' ? top : shallow));
        return codesOf(found.warnings);
      };
      assert.deepEqual(await warningsOf('top'), ['provenance_too_deep']);
      assert.deepEqual(await warningsOf('shallow'), []);
      const read = await target.database.query.record(
        { type: 'node', agentId: target.database.agentId },
        top,
      );
      assert.ok(read.ok);
      assert.deepEqual(codesOf(read.value.warnings), ['provenance_too_deep']);
      await target.database.close();
    });
  }

  it('whose parent is not known says so', async () => {
    const story = newStory();
    story.claim(alice, { parent: 'e'.repeat(64) });
    const target = await told(story);
    assert.deepEqual(codesOf((await result(target, labX))?.warnings), ['unknown_reference']);
    await target.database.close();
  });
});
