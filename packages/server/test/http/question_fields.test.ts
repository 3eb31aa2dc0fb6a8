/** The fields of a question that say what other records do to claims, alike in both forms. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnswerResult, JsonObject } from '@stemedb/model';
import { assertProblem, claim, type HttpService, startMs, withService } from './service.js';

const write = async (service: HttpService, path: string, body: JsonObject): Promise<string> => {
  const answer = await service.post(path, { asserted_at: startMs, ...body });
  assert.equal(answer.status, 201, answer.text);
  return String(answer.body.id);
};

const state = (service: HttpService, more: JsonObject): Promise<string> =>
  write(service, '/v1/assert', claim(more));

/** The only result of a question in its two forms; undefined when there is none. */
const resultOf = async (
  service: HttpService,
  more: JsonObject,
  path = '/v1/query',
): Promise<AnswerResult | undefined> => {
  const question = { concept_path: 'test/cluster', ...more };
  const words = Object.entries(question).map(([name, value]) => [name, String(value)]);
  const asked = await service.get(path, Object.fromEntries(words));
  assert.equal(asked.status, 200, asked.text);
  const { results } = asked.body as { readonly results: readonly AnswerResult[] };
  assert.ok(results.length <= 1);
  if (path === '/v1/query') {
    const posted = await service.post(path, question);
    assert.deepEqual(posted.body.results, results);
  }
  return results[0];
};

const countOf = async (service: HttpService, more: JsonObject): Promise<number> =>
  (await resultOf(service, more))?.candidates_count ?? 0;

test(
  'include_superseded brings back epochs, revisions and what was replaced',
  withService(async (service) => {
    const epoch = await write(service, '/v1/epoch', { name: 'old' });
    await state(service, { value: 1, epoch });
    const parent = await state(service, { value: 2 });
    await state(service, { value: 3, parent });
    const replaced = await state(service, { value: 4 });
    const replacement = await state(service, { value: 5 });
    assert.equal(await countOf(service, {}), 4);
    await write(service, '/v1/epoch', { name: 'new', supersedes: [epoch] });
    const action = { target: replaced, action: 'replace', replacement, reason: 'measured again' };
    await write(service, '/v1/supersede', action);
    assert.equal(await countOf(service, {}), 2);
    assert.equal(await countOf(service, { include_superseded: false }), 2);
    assert.equal(await countOf(service, { include_superseded: true }), 5);
  }),
);

test(
  'on_retracted warns instead of leaving out',
  withService(async (service) => {
    const target = await state(service, {});
    await write(service, '/v1/supersede', { target, action: 'retract', reason: 'a slip' });
    assert.equal(await resultOf(service, {}), undefined);
    assert.equal(await resultOf(service, { on_retracted: 'exclude' }), undefined);
    const found = await resultOf(service, { on_retracted: 'warn' });
    assert.deepEqual(
      found?.warnings?.map(({ code }) => code),
      ['retracted'],
    );
  }),
);

test(
  'aliases join concepts, and min_trust leaves authors out',
  withService(async (service) => {
    await state(service, { value: 1 });
    await state(service, { value: 2, concept_path: 'test/node' });
    await write(service, '/v1/alias', { a: 'test/cluster', b: 'test/node' });
    const joined = await resultOf(service, {});
    assert.deepEqual([joined?.candidates_count, joined?.aliases], [2, ['test/node']]);
    assert.equal(await countOf(service, { aliases: 'none' }), 1);
    assert.equal(await countOf(service, { aliases: 'all' }), 2);
    assert.equal(await countOf(service, { min_trust: 0.5 }), 2);
    assert.equal(await countOf(service, { min_trust: 0.51 }), 0);
  }),
);

test(
  'votes decide under their lens, with what each claim got in the explanation',
  withService(async (service) => {
    const target = await state(service, { value: 'few' });
    await state(service, { value: 'many' });
    await write(service, '/v1/vote', { target, weight: 0.5 });
    const found = await resultOf(service, { lens: 'votes', explain: true });
    assert.equal(found?.value, 'few');
    const { candidates } = found.explain as {
      readonly candidates: readonly JsonObject[];
    };
    const shown = candidates.find(({ assertion }) => assertion === target);
    assert.equal(shown?.votes_count, 1);
  }),
);

test(
  'constraints are asked of one concept',
  withService(async (service) => {
    await state(service, { concept_path: 'test', predicate: 'must_use:raft', value: true });
    const found = await resultOf(service, {}, '/v1/constraints');
    assert.equal(found?.concept_path, 'test');
    const constraint = { type: 'must_use', subject: 'raft', distance: 1 };
    assert.deepEqual(found.constraint, constraint);
    const same = await resultOf(service, { lens: 'constraints' });
    assert.deepEqual(same?.constraint, constraint);
    const refused = await service.get('/v1/constraints', { prefix: 'test' });
    assertProblem(refused, 'invalid_field', '/prefix');
    assert.match(refused.text, /concept_path/);
  }),
);
