/** Aliases in answers: what is joined, by which path each claim counts, and where it ends. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentId } from '@stemedb/model';
import type { Question } from '../../src/query/question.js';
import { alice, bob, carol, type Story } from '../support/story.js';
import { answered, asked, codesOf, explained, result } from './asking.js';
import { labX, newStory, told } from './telling.js';

const byCarol = { stewards: [carol] };
const conceptOf = (conceptPath: string): Pick<Question, 'scope'> => ({
  scope: { type: 'concept', conceptPath },
});

const join = (story: Story, author: AgentId, ...paths: readonly [string, string]): void => {
  const [a = '', b = ''] = [...paths].sort();
  story.record('alias', author, { a, b });
};

describe('an alias', () => {
  it('that counts joins both concepts, each asked under its own name', async () => {
    const story = newStory();
    const own = story.claim(alice, { value: 1 });
    const before = story.now;
    const other = story.claim(bob, { value: 2, concept_path: 'lab/y' });
    join(story, carol, 'lab/x', 'lab/y');
    const target = await told(story, byCarol);
    for (const [path, alias] of [
      ['lab/x', 'lab/y'],
      ['lab/y', 'lab/x'],
    ] as const) {
      const found = await result(target, conceptOf(path));
      assert.equal(found?.concept_path, path);
      assert.deepEqual([found?.candidates_count, found?.aliases], [2, [alias]]);
      assert.equal(found?.assertion?.id, other);
    }
    const none = await result(target, { ...labX, aliases: 'none' });
    assert.deepEqual([none?.candidates_count, none?.aliases], [1, undefined]);
    const earlier = await result(target, { ...labX, asOf: before });
    assert.deepEqual([earlier?.assertion?.id, earlier?.aliases], [own, undefined]);
    await target.database.close();
  });

  it('without the right joins nothing, unless proposed ones are asked for', async () => {
    const story = newStory();
    story.claim(alice, { value: 1 });
    story.claim(bob, { value: 2, concept_path: 'lab/y' });
    join(story, bob, 'lab/x', 'lab/y');
    const target = await told(story, byCarol);
    assert.equal((await result(target, labX))?.candidates_count, 1);
    const all = await result(target, { ...labX, aliases: 'all' });
    assert.deepEqual([all?.candidates_count, all?.aliases], [2, ['lab/y']]);
    await target.database.close();
  });

  it('names only concepts whose claims took part', async () => {
    const story = newStory();
    story.claim(alice, { value: 1 });
    story.claim(bob, { value: 2, concept_path: 'lab/y', confidence: 0.1 });
    join(story, carol, 'lab/x', 'lab/y');
    join(story, carol, 'lab/x', 'lab/empty');
    const target = await told(story, byCarol);
    assert.deepEqual((await result(target, labX))?.aliases, ['lab/y']);
    const found = await result(target, { ...labX, minConfidence: 0.5 });
    assert.equal(found?.aliases, undefined);
    await target.database.close();
  });

  it('leaves each claim the class that its own path suggests', async () => {
    const story = newStory();
    const official = story.claim(alice, { value: 1, concept_path: 'fda://x' });
    const hearsay = story.claim(bob, { value: 2, concept_path: 'blog://x' });
    join(story, carol, 'fda://x', 'blog://x');
    const target = await told(story, byCarol);
    const explain = await explained(target, { ...conceptOf('blog://x'), lens: 'layered' });
    const classes = new Map(explain.candidates.map((each) => [each.assertion, each.class]));
    assert.equal(classes.get(official), 'regulatory');
    assert.equal(classes.get(hearsay), 'anecdotal');
    await target.database.close();
  });

  it('does not make one voice of two, nor two of one', async () => {
    const story = newStory();
    story.claim(alice, { value: 'x' });
    story.claim(alice, { value: 'x', concept_path: 'lab/y' });
    story.claim(bob, { value: 'y' });
    join(story, carol, 'lab/x', 'lab/y');
    const target = await told(story, byCarol);
    const found = await result(target, { ...labX, lens: 'consensus' });
    assert.deepEqual([found?.candidates_count, found?.tied], [3, true]);
    await target.database.close();
  });
});

describe('a concept with aliases', () => {
  it('shows below a prefix only pairs that have claims of their own by then', async () => {
    const story = newStory();
    story.claim(alice, { value: 1 });
    join(story, carol, 'lab/x', 'lab/y');
    const before = story.now;
    story.claim(bob, { value: 2, concept_path: 'lab/y' });
    const target = await told(story, byCarol);
    const below = { scope: { type: 'prefix', prefix: 'lab' } } as const;
    const concepts = async (more: Partial<Question>) =>
      (await answered(asked(target, { ...below, ...more }))).results.map((one) => one.concept_path);
    assert.deepEqual(await concepts({}), ['lab/x', 'lab/y']);
    assert.deepEqual(await concepts({ asOf: before }), ['lab/x']);
    await target.database.close();
  });

  const filled = async () => {
    const story = newStory();
    // Above the basic plane, where UTF-16 and UTF-8 order differently.
    const predicates = ['a', 'm', 'z', '\u{ff5e}', '\u{1f600}'];
    for (const [at, predicate] of predicates.entries()) {
      const paths = at % 2 === 0 ? ['lab/x'] : ['lab/y', 'lab/z'];
      for (const path of paths) story.claim(alice, { concept_path: path, predicate });
    }
    story.claim(bob, { concept_path: 'lab/z', predicate: 'a' });
    join(story, carol, 'lab/x', 'lab/y');
    join(story, carol, 'lab/y', 'lab/z');
    return { target: await told(story, byCarol), predicates };
  };

  it('has the predicates of all its names, once and in bytewise order', async () => {
    const { target, predicates } = await filled();
    const { results } = await answered(asked(target, labX));
    assert.deepEqual(
      results.map(({ concept_path, predicate }) => [concept_path, predicate]),
      predicates.map((predicate) => ['lab/x', predicate]),
    );
    assert.deepEqual(results[0]?.aliases, ['lab/z']);
    assert.deepEqual(results[1]?.aliases, ['lab/y', 'lab/z']);
    await target.database.close();
  });

  it('is read page by page', async () => {
    const { target, predicates } = await filled();
    const seen: string[] = [];
    for (let cursor: string | undefined; seen.length < 10; ) {
      const more = cursor === undefined ? {} : { cursor };
      const page = await answered(asked(target, { ...labX, limit: 1, ...more }));
      seen.push(...page.results.map(({ predicate }) => predicate));
      cursor = page.next_cursor;
      if (cursor === undefined) break;
    }
    assert.deepEqual(seen, predicates);
    await target.database.close();
  });

  it('below a prefix has results of its own claims only, each joined', async () => {
    const story = newStory();
    story.claim(alice, { value: 1 });
    story.claim(bob, { value: 2, concept_path: 'shop/x' });
    story.claim(bob, { value: 2, concept_path: 'shop/x', predicate: 'price' });
    join(story, carol, 'lab/x', 'shop/x');
    const target = await told(story, byCarol);
    const scope = { type: 'prefix', prefix: 'lab' } as const;
    const { results } = await answered(asked(target, { scope }));
    assert.deepEqual(
      results.map(({ concept_path, predicate, aliases }) => [concept_path, predicate, aliases]),
      [['lab/x', 'dose', ['shop/x']]],
    );
    await target.database.close();
  });
});

describe('more than 64 joined concepts', () => {
  const star = async (names: number) => {
    const story = newStory();
    story.claim(alice, { value: 1 });
    for (let at = 0; at < names; at += 1) {
      const path = `lab/y${String(at).padStart(3, '0')}`;
      story.claim(alice, { value: 1, concept_path: path });
      join(story, carol, 'lab/x', path);
    }
    return told(story, byCarol);
  };

  it('are cut at 64, and the result says so', async () => {
    const target = await star(64);
    const found = await result(target, labX);
    assert.deepEqual([found?.candidates_count, found?.aliases?.length], [64, 63]);
    assert.equal(found?.aliases?.at(-1), 'lab/y062');
    assert.deepEqual(codesOf(found?.warnings), ['aliases_truncated']);
    await target.database.close();
  });

  it('and not a concept fewer', async () => {
    const target = await star(63);
    const found = await result(target, labX);
    assert.deepEqual([found?.candidates_count, found?.warnings], [64, undefined]);
    await target.database.close();
  });
});
