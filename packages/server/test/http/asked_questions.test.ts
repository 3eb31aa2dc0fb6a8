/** Which questions are remembered as they were sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail, invalidField, ok } from '@stemedb/model';
import { AskedQuestions } from '../../src/http/asked_questions.js';
import { withService } from './service.js';

const refused = fail(invalidField('/predicate', 'planted'));

test('a question in the same words is read once, by its path and its body', () => {
  const asked = new AskedQuestions();
  const first = asked.ofTarget('/v1/query?prefix=a', () => ok({ prefix: 'a' }));
  assert.ok(first.ok);
  assert.deepEqual(asked.ofTarget('/v1/query?prefix=a', assert.fail), first);
  const skeptic = asked.ofTarget('/v1/skeptic?prefix=a', () => ok({ prefix: 'a' }), 'skeptic');
  assert.equal(skeptic.ok && skeptic.value.lens, 'skeptic');
  const body = Buffer.from('{"prefix":"b"}');
  const byBody = asked.ofBody(body, () => ok({ prefix: 'b' }));
  assert.deepEqual(asked.ofBody(Buffer.from(body), assert.fail), byBody);
});

test('a body that reads like a known path is read as a body', () => {
  const asked = new AskedQuestions();
  asked.ofTarget('/v1/query?prefix=a', () => ok({ prefix: 'a' }));
  assert.deepEqual(
    asked.ofBody(Buffer.from('/v1/query?prefix=a'), () => refused),
    refused,
  );
});

test('what is refused, or long, is read each time', () => {
  const asked = new AskedQuestions();
  let reads = 0;
  const counted = (input: unknown) => () => {
    reads += 1;
    return ok(input);
  };
  assert.deepEqual(
    asked.ofTarget('/x', () => refused),
    refused,
  );
  assert.equal(asked.ofTarget('/x', counted({})).ok, false);
  assert.equal(asked.ofTarget('/x', counted({ prefix: 'a' })).ok, true);
  const long = Buffer.from(`{"prefix":"a"}${' '.repeat(1024)}`);
  asked.ofBody(long, counted({ prefix: 'a' }));
  asked.ofBody(long, counted({ prefix: 'a' }));
  assert.equal(reads, 4);
});

test(
  'the same question is answered the same, and the same mistake refused the same',
  withService(async (service) => {
    for (const query of [{ prefix: 'a' }, { prefix: 'a', lens: 'none' }, { concept: 'a' }, {}]) {
      const answers = [
        await service.get('/v1/query', query),
        await service.get('/v1/query', query),
        await service.post('/v1/query', query),
        await service.post('/v1/query', query),
      ];
      const told = answers.map(({ status, body: { query_id: _id, ...body } }) => [status, body]);
      assert.deepEqual(told, [told[0], told[0], told[0], told[0]]);
    }
  }),
);
