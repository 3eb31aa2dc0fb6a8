/** An answer that is kept comes within the call; what may be another answer does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '@stemedb/model';
import type { Question } from '../../src/query/question.js';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { claim, principalOf, question, startMs, write } from './asking.js';

const kept = question();

/** The answer if it comes within the call. */
const atOnce = (target: SimulatedDatabase, asked: Question): Answer | undefined => {
  const outcome = target.database.query.askForText(principalOf(target), asked);
  if (outcome instanceof Promise) return undefined;
  assert.ok(outcome.ok);
  return JSON.parse(Buffer.from(outcome.value).toString());
};

const computed = async (target: SimulatedDatabase, asked: Question): Promise<Answer> => {
  const outcome = await target.database.query.askForText(principalOf(target), asked);
  assert.ok(outcome.ok);
  return JSON.parse(Buffer.from(outcome.value).toString());
};

test('a kept answer says what the computed one said, with an id of its own', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  await write(target, claim('ü'));
  assert.equal(atOnce(target, kept), undefined);
  const { query_id: firstId, ...first } = await computed(target, kept);
  const { query_id: secondId, ...second } = atOnce(target, kept) ?? assert.fail('not kept');
  const { query_id: thirdId, ...third } = atOnce(target, { ...kept }) ?? assert.fail('not kept');
  assert.deepEqual([second, third], [first, first]);
  assert.equal(new Set([firstId, secondId, thirdId]).size, 3);
  await target.database.close();
});

test('a kept answer tells the newest moment, until a record touches it', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  await write(target, claim('x'));
  const { as_of_stamp: before } = await computed(target, kept);
  await write(target, claim('y', { concept_path: 'a/c' }));
  const { as_of_stamp: after } = atOnce(target, kept) ?? assert.fail('not kept');
  assert.ok(after > before);
  await write(target, claim('y'));
  assert.equal(atOnce(target, kept), undefined);
  const { results } = await computed(target, kept);
  assert.equal(results[0]?.value, 'y');
  assert.deepEqual(atOnce(target, kept)?.results, results);
  await target.database.close();
});

test('a question about another moment, or for a later page, is asked of its moment', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  await write(target, claim('x'), claim('y', { concept_path: 'a/c' }));
  const pages = question({ scope: { type: 'prefix', prefix: 'a' }, limit: 1 });
  const { as_of_stamp: asOf, next_cursor: cursor = '' } = await computed(target, pages);
  assert.match(atOnce(target, pages)?.next_cursor ?? '', /./);
  const others: readonly Partial<Question>[] = [{ asOf }, { cursor }, { decay: 'class' }];
  for (const other of others) {
    await computed(target, { ...pages, ...other });
    assert.equal(atOnce(target, { ...pages, ...other }), undefined);
  }
  await target.database.close();
});

test('nothing comes at once while nothing is kept', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1, cacheBytesMax: 0 });
  await write(target, claim('x'));
  await computed(target, kept);
  assert.equal(atOnce(target, kept), undefined);
  await target.database.close();
});
