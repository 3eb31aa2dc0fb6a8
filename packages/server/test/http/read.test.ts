/** Questions and reads: both spellings, moments, pages, lenses, explanations, health. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpService } from './service.js';
import { assertProblem, author, claim, signedContent, startMs, withService } from './service.js';

interface Result {
  readonly concept_path: string;
  readonly value?: unknown;
  readonly values?: readonly { readonly value: unknown; readonly share: number }[];
  readonly tiers?: readonly { readonly tier: number }[];
  readonly explain?: { readonly candidates: readonly unknown[]; readonly next_offset?: number };
}

const resultsOf = (body: Record<string, unknown>): readonly Result[] =>
  body.results as readonly Result[];

/** What does not depend on the call: all but the id of the question. */
const comparable = ({ query_id: _id, ...rest }: Record<string, unknown>): object => rest;

const state = async (service: HttpService, members: object): Promise<Record<string, unknown>> => {
  const answer = await service.post('/v1/assert', { ...claim(), ...members });
  assert.equal(answer.status, 201, answer.text);
  service.target.clock.advance(1000);
  return answer.body;
};

test(
  'the claim that was stated is the answer, alike by GET and POST',
  withService(async (service) => {
    const stated = await state(service, {});
    const question = { concept_path: 'test/cluster', lens: 'recency' };
    const posted = await service.post('/v1/query', question);
    assert.equal(posted.status, 200);
    const [result] = resultsOf(posted.body);
    assert.equal(result?.value, true);
    assert.equal(posted.body.lens, 'recency');
    assert.equal(posted.body.final, true);
    const { assertion } = result as unknown as { assertion: { id: string; recorded_at: string } };
    assert.equal(assertion.id, stated.id);
    assert.equal(assertion.recorded_at, stated.recorded_at);
    const asked = await service.get('/v1/query', question);
    assert.deepEqual(comparable(asked.body), comparable(posted.body));
    assert.notEqual(asked.body.query_id, posted.body.query_id);
    const byPrefix = await service.get('/v1/query', { prefix: 'test' });
    assert.deepEqual(byPrefix.body.results, posted.body.results);
    const partOfSegment = await service.get('/v1/query', { prefix: 'tes' });
    assert.deepEqual(partOfSegment.body.results, []);
  }),
);

const everyField = {
  prefix: 'test',
  predicate: 'replicated',
  lens: 'consensus',
  as_of: startMs + 1500,
  asserted_after: startMs - 1,
  asserted_before: '2026-06-02T00:00:00Z',
  since: startMs - 1,
  lifecycle: 'proposed',
  source_class: 'anecdotal',
  min_confidence: 0.25,
  decay: 30.5,
  explain: true,
  explain_offset: 1,
  limit: 7,
};

test(
  'every field of a question means the same in a query string',
  withService(async (service) => {
    await state(service, { source_class: 'anecdotal', confidence: 0.5 });
    await state(service, { source_class: 'anecdotal', value: false });
    await state(service, { source_class: 'anecdotal', value: 3 });
    const posted = await service.post('/v1/query', everyField);
    assert.equal(posted.status, 200, posted.text);
    const words = Object.entries(everyField).map(([name, value]) => [name, String(value)]);
    const asked = await service.get('/v1/query', Object.fromEntries(words));
    assert.deepEqual(comparable(asked.body), comparable(posted.body));
    const [result] = resultsOf(posted.body);
    assert.equal(result?.explain?.candidates.length, 1);
    const epoch = { ...everyField, epoch: 'e'.repeat(64), agent_id: author.agentId };
    assert.deepEqual((await service.post('/v1/query', epoch)).body.results, []);
  }),
);

test(
  'a moment may be milliseconds, RFC 3339 or a stamp',
  withService(async (service) => {
    const first = await state(service, { value: 'old' });
    await state(service, { value: 'new' });
    const ask = async (asOf: string | undefined): Promise<unknown> => {
      const moment = asOf === undefined ? {} : { as_of: asOf };
      const answer = await service.get('/v1/query', { concept_path: 'test/cluster', ...moment });
      assert.equal(answer.status, 200, answer.text);
      return resultsOf(answer.body)[0]?.value;
    };
    assert.equal(await ask(undefined), 'new');
    assert.equal(await ask(String(startMs + 500)), 'old');
    assert.equal(await ask(`${first.recorded_at}`), 'old');
    assert.equal(await ask('2026-06-01T02:00:00.500+02:00'), 'old');
    assert.equal(await ask(`${first.recorded_stamp}`), 'old');
    assert.equal(await ask(String(startMs - 1)), undefined);
    const decimalStamp = '0'.repeat(32);
    assert.equal(await ask(decimalStamp), undefined);
    const later = { prefix: 'test', as_of: String(startMs + 3_600_000) };
    assertProblem(await service.get('/v1/query', later), 'invalid_field', '/as_of');
    const path = `/v1/assertions/${first.id}`;
    assert.equal((await service.get(path, { as_of: String(startMs) })).status, 200);
    assert.equal((await service.get(path, { as_of: `${first.recorded_stamp}` })).status, 200);
    assertProblem(await service.get(path, { as_of: String(startMs - 1) }), 'not_found');
  }),
);

test(
  'a question with the position of a write sees it',
  withService(async (service) => {
    const stated = await state(service, {});
    const position = String(stated.position);
    const answer = await service.get('/v1/query', { prefix: 'test', min_position: position });
    assert.equal(resultsOf(answer.body).length, 1);
    const read = await service.get(`/v1/records/${stated.id}`, { min_position: position });
    assert.equal(read.status, 200);
    const [logId, sequence] = position.split('.');
    const ahead = `${logId}.${Number(sequence) + 1}`;
    const behind = await service.get('/v1/query', { prefix: 'test', min_position: ahead });
    assertProblem(behind, 'behind');
    assert.match(behind.headers.get('retry-after') ?? '', /^\d+$/);
  }),
);

test(
  'pages follow one another; a cursor belongs to its question and cannot be changed',
  withService(async (service) => {
    for (let at = 0; at < 5; at += 1) await state(service, { concept_path: `test/${at}` });
    const question = { prefix: 'test', limit: '2' };
    const first = await service.get('/v1/query', question);
    const cursor = String(first.body.next_cursor);
    await state(service, { concept_path: 'test/9' });
    const second = await service.get('/v1/query', { ...question, cursor });
    const third = await service.post('/v1/query', {
      prefix: 'test',
      limit: 2,
      cursor: second.body.next_cursor,
    });
    const paths = [first, second, third].flatMap(({ body }) =>
      resultsOf(body).map(({ concept_path }) => concept_path),
    );
    assert.deepEqual(paths, ['test/0', 'test/1', 'test/2', 'test/3', 'test/4']);
    assert.equal(third.body.next_cursor, undefined);
    assert.equal(second.body.as_of_stamp, first.body.as_of_stamp);
    const flipped = `${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`;
    const tampered = [flipped, cursor.slice(0, -4), `${cursor}x`, 'x', '..', 'é'];
    for (const other of tampered) {
      const answer = await service.get('/v1/query', { ...question, cursor: other });
      assert.equal(answer.status, 400, other);
      assertProblem(answer, 'invalid_cursor');
    }
    const foreign = { prefix: 'test', lens: 'consensus', cursor };
    assertProblem(await service.get('/v1/query', foreign), 'invalid_cursor');
    service.target.clock.advance(24 * 3_600_000 + 1);
    assertProblem(await service.get('/v1/query', { ...question, cursor }), 'cursor_expired');
  }),
);

test(
  'a lens may be named by the path',
  withService(async (service) => {
    await service.post('/v1/assert', signedContent('assertion', claim({ value: 1 })).body);
    await state(service, { value: 2, source_class: 'expert' });
    const question = { concept_path: 'test/cluster' };
    for (const lens of ['skeptic', 'layered']) {
      const named = await service.get(`/v1/${lens}`, question);
      assert.equal(named.status, 200, named.text);
      assert.equal(named.body.lens, lens);
      const asked = await service.get('/v1/query', { ...question, lens });
      assert.deepEqual(comparable(named.body), comparable(asked.body));
    }
    const [skeptic] = resultsOf((await service.get('/v1/skeptic', question)).body);
    assert.equal(skeptic?.value, undefined);
    assert.equal(skeptic?.values?.length, 2);
    const [layered] = resultsOf((await service.get('/v1/layered', question)).body);
    assert.equal(layered?.tiers?.length, 2);
    const unknown = { ...question, min_position: `${'0'.repeat(32)}.1` };
    assertProblem(await service.get('/v1/skeptic', unknown), 'conflict');
    assert.deepEqual(service.questions, [
      ...['skeptic skeptic answered', 'query skeptic answered'],
      ...['layered layered answered', 'query layered answered'],
      ...['skeptic skeptic answered', 'layered layered answered', 'skeptic skeptic conflict'],
    ]);
  }),
);

test(
  'an explanation of many candidates is read page by page',
  withService(async (service) => {
    const lines = Array.from({ length: 201 }, (_, at) => claim({ value: at }));
    await service.postLines('/v1/assert/batch', lines);
    const question = { concept_path: 'test/cluster', explain: 'true' };
    const [first] = resultsOf((await service.get('/v1/query', question)).body);
    assert.equal(first?.explain?.candidates.length, 200);
    const next = { ...question, explain_offset: String(first?.explain?.next_offset) };
    const [second] = resultsOf((await service.get('/v1/query', next)).body);
    assert.equal(second?.explain?.candidates.length, 1);
    assert.equal(second?.explain?.next_offset, undefined);
  }),
);

test(
  'health says how the node is, and whether it should be sent requests',
  withService(async (service) => {
    await state(service, {});
    const healthy = await service.get('/v1/health');
    assert.equal(healthy.status, 200);
    assert.equal(healthy.body.status, 'healthy');
    assert.equal(healthy.body.assertion_count, 1);
    assert.deepEqual((await service.get('/v1/health/live')).body, { status: 'live' });
    assert.deepEqual((await service.get('/v1/health/ready')).body, { status: 'ready' });
    service.health = { status: 'degraded', ready: false, reasons: ['The log failed.'] };
    const degraded = await service.get('/v1/health');
    assert.equal(degraded.status, 503);
    assert.deepEqual(degraded.body.reasons, ['The log failed.']);
    assert.equal((await service.get('/v1/health/live')).status, 200);
    const ready = await service.get('/v1/health/ready');
    assertProblem(ready, 'not_ready');
    assert.match(String(ready.body.detail), /The log failed/);
  }),
);

test(
  'metrics are text, and requests are counted under their route, never their path',
  withService(async (service) => {
    const metrics = await service.get('/metrics');
    assert.equal(metrics.text, '# HELP a b\n');
    assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    await service.get(`/v1/records/${'a'.repeat(64)}`);
    await service.get('/secret/path');
    const routes = service.measured.map(({ route, status }) => `${route} ${status}`);
    assert.deepEqual(routes, ['/metrics 200', '/v1/records/:id 404', 'none 404']);
  }),
);

test(
  'a failure of ours is answered as internal, without its cause, and logged',
  withService(
    async (service) => {
      const answer = await service.get('/v1/query', { prefix: 'a' });
      assertProblem(answer, 'internal');
      assert.doesNotMatch(answer.text, /secret/);
      assert.match(String(answer.body.request_id), /^[0-9a-f]{16}$/);
      const [logged] = service.errors.splice(0);
      assert.match(logged ?? '', /secret reason/);
      assert.match(logged ?? '', new RegExp(String(answer.body.request_id)));
      assert.equal((await service.get('/v1/health/live')).status, 200);
    },
    {
      replace: (deps) => ({
        ...deps,
        query: { ...deps.query, askForText: () => Promise.reject(new Error('secret reason')) },
      }),
    },
  ),
);
