/** Constraints from the log to the answer: of the concept and its ancestors, page by page. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnswerResult } from '@stemedb/model';
import { alice, bob, carol } from '../support/story.js';
import { answered, asked, refused } from './asking.js';
import { newStory, told } from './telling.js';

const scope = { type: 'concept', conceptPath: 'code://web/auth/login' } as const;

const filled = () => {
  const story = newStory();
  const state = (concept_path: string, predicate: string, more: object = {}) =>
    story.claim(alice, { concept_path, predicate, value: true, ...more });
  state('code://web', 'must_use:tls');
  state('code://web', 'owner');
  state('code://web/auth', 'forbidden:md5', { source_class: 'regulatory' });
  for (const value of ['a', 'b', 'c']) {
    story.claim(bob, { concept_path: 'code://web/auth', predicate: 'forbidden:md5', value });
  }
  state('code://web/auth/login', 'prefer:md5');
  state('code://web/auth/login/form', 'must_use:csrf');
  state('code://web/authority', 'must_use:no');
  return story;
};

const shown = (results: readonly AnswerResult[]) =>
  results.map(({ concept_path, predicate, constraint }) => [
    concept_path,
    predicate,
    constraint?.distance,
    constraint?.contradicted_by,
  ]);

const expected = [
  ['code://web', 'must_use:tls', 2, undefined],
  ['code://web/auth', 'forbidden:md5', 1, ['code://web/auth/login']],
  ['code://web/auth/login', 'prefer:md5', 0, ['code://web/auth']],
] as const;

test('constraints are of the concept and its ancestors, decided by the best tier', async () => {
  const target = await told(filled());
  const { results, lens } = await answered(asked(target, { scope, lens: 'constraints' }));
  assert.equal(lens, 'constraints');
  assert.deepEqual(shown(results), expected);
  assert.deepEqual([results[1]?.value, results[1]?.candidates_count], [true, 4]);
  assert.deepEqual(results[0]?.constraint, { type: 'must_use', subject: 'tls', distance: 2 });
  await target.database.close();
});

test('constraints are read page by page, and by predicate', async () => {
  const target = await told(filled());
  const seen: unknown[][] = [];
  for (let cursor: string | undefined; seen.length < 10; ) {
    const more = cursor === undefined ? {} : { cursor };
    const page = await answered(asked(target, { scope, lens: 'constraints', limit: 1, ...more }));
    seen.push(...shown(page.results));
    cursor = page.next_cursor;
    if (cursor === undefined) break;
  }
  assert.deepEqual(seen, expected);
  const one = { scope, lens: 'constraints', predicate: 'must_use:tls' };
  const { results } = await answered(asked(target, one));
  assert.equal(results.length, 1);
  const banned = await answered(asked(target, { ...one, predicate: 'forbidden:md5' }));
  assert.deepEqual(shown(banned.results), [expected[1]]);
  await target.database.close();
});

test('an ancestor has the constraints of the concepts that are joined to it', async () => {
  const story = filled();
  const legacy = { concept_path: 'legacy://site', predicate: 'forbidden:ftp', value: true };
  story.claim(alice, legacy);
  story.record('alias', carol, { a: 'code://web', b: 'legacy://site' });
  const target = await told(story, { stewards: [carol] });
  const { results } = await answered(asked(target, { scope, lens: 'constraints' }));
  const joined = results.find(({ predicate }) => predicate === 'forbidden:ftp');
  assert.deepEqual(
    [joined?.concept_path, joined?.aliases, joined?.constraint?.distance],
    ['code://web', ['legacy://site'], 2],
  );
  await target.database.close();
});

test('constraints of a prefix are refused with a hint', async () => {
  const target = await told(filled());
  const prefix = { scope: { type: 'prefix', prefix: 'code://web' }, lens: 'constraints' } as const;
  const error = await refused(asked(target, prefix));
  assert.equal(error.code, 'invalid_field');
  assert.equal(error.faults?.[0]?.pointer, '/prefix');
  assert.match(error.detail, /concept_path/);
  await target.database.close();
});
