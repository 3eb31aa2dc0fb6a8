/** Lists over HTTP: their order, pages, moments and filters. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonObject, keyPairFromSeed, type RecordList } from '@stemedb/model';
import {
  assertProblem,
  author,
  claim,
  type HttpService,
  signedContent,
  withService,
} from './service.js';

const other = keyPairFromSeed(new Uint8Array(32).fill(8));

const listOf = async (
  service: HttpService,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<RecordList> => {
  const answer = await service.get(path, query);
  assert.equal(answer.status, 200, answer.text);
  return answer.body as unknown as RecordList;
};

const idsOf = ({ records }: RecordList): readonly string[] => records.map(({ id }) => id);

const write = async (service: HttpService, path: string, body: JsonObject): Promise<JsonObject> => {
  const answer = await service.post(path, body);
  assert.equal(answer.status, 201, answer.text);
  return answer.body as JsonObject;
};

/** A claim, and votes on it a second apart; ids of the votes in order. */
const voted = async (service: HttpService, count: number): Promise<readonly [string, string[]]> => {
  const target = String((await write(service, '/v1/assert', claim())).id);
  const votes: string[] = [];
  for (let at = 1; at <= count; at += 1) {
    service.target.clock.advance(1000);
    const vote = { target, weight: at / 100 };
    votes.push(String((await write(service, '/v1/vote', vote)).id));
  }
  return [target, votes];
};

test(
  'pages follow one another by recording, whatever their size, in the moment of the first',
  withService(async (service) => {
    const [target, votes] = await voted(service, 7);
    for (const limit of ['1', '3', '7', '8', '1000']) {
      const ids: string[] = [];
      const moments = new Set<string>();
      let cursor: string | undefined;
      do {
        const query = { limit, ...(cursor === undefined ? {} : { cursor }) };
        const page = await listOf(service, '/v1/vote', query);
        assert.ok(page.records.length > 0 && page.records.length <= Number(limit));
        ids.push(...idsOf(page));
        moments.add(page.as_of_stamp);
        cursor = page.next_cursor;
        // What comes later is on no page of this list.
        await write(service, '/v1/vote', { target, weight: 0, note: `${limit} ${ids.length}` });
      } while (cursor !== undefined);
      assert.deepEqual(ids.slice(0, 7), votes);
      assert.equal(moments.size, 1);
      const stamp = [...moments][0] ?? '';
      assert.deepEqual(ids, idsOf(await listOf(service, '/v1/vote', { as_of: stamp })));
    }
  }),
);

test(
  'a cursor belongs to its list and its filters, and cannot be changed',
  withService(async (service) => {
    const [target] = await voted(service, 3);
    const first = await listOf(service, '/v1/vote', { target, limit: '1' });
    const cursor = first.next_cursor ?? '';
    const next = { target, limit: '2', cursor };
    assert.equal((await listOf(service, '/v1/vote', next)).records.length, 2);
    const stated = { ...next, as_of: first.as_of_stamp };
    assert.equal((await listOf(service, '/v1/vote', stated)).records.length, 2);
    const flipped = `${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`;
    for (const wrong of [flipped, cursor.slice(0, -2), `${cursor}.`, 'x']) {
      assertProblem(await service.get('/v1/vote', { ...next, cursor: wrong }), 'invalid_cursor');
    }
    assertProblem(await service.get('/v1/vote', { cursor }), 'invalid_cursor');
    assertProblem(await service.get('/v1/verdict', { target, cursor }), 'invalid_cursor');
    const moved = { ...next, as_of: String(service.target.clock.wallMs() - 1) };
    assertProblem(await service.get('/v1/vote', moved), 'invalid_cursor');
    const question = { prefix: 'test', cursor };
    assertProblem(await service.get('/v1/query', question), 'invalid_cursor');
    service.target.clock.advance(24 * 3_600_000 + 1);
    assertProblem(await service.get('/v1/vote', next), 'cursor_expired');
  }),
);

test(
  'a list is that of its moment',
  withService(async (service) => {
    const [target, votes] = await voted(service, 3);
    const [first] = (await listOf(service, '/v1/vote')).records;
    const asOf = first?.recorded_at ?? '';
    assert.deepEqual(idsOf(await listOf(service, '/v1/vote', { as_of: asOf })), votes.slice(0, 1));
    const stamp = first?.recorded_stamp ?? '';
    assert.deepEqual(idsOf(await listOf(service, '/v1/vote', { as_of: stamp })), votes.slice(0, 1));
    const before = String(Date.parse(asOf) - 1);
    for (const query of [{ as_of: before }, { as_of: before, target }]) {
      assert.deepEqual(idsOf(await listOf(service, '/v1/vote', query)), []);
    }
    assertProblem(await service.get(`/v1/vote/${first?.id}`, { as_of: before }), 'not_found');
    const future = String(service.target.clock.wallMs() + 60_000);
    assertProblem(await service.get('/v1/vote', { as_of: future }), 'invalid_field', '/as_of');
    assertProblem(await service.get('/v1/vote', { as_of: 'now' }), 'invalid_field', '/as_of');
  }),
);

test(
  'a list waits for a position',
  withService(async (service) => {
    const target = String((await write(service, '/v1/assert', claim())).id);
    const { position, id } = await write(service, '/v1/vote', { target, weight: 1 });
    const seen = await listOf(service, '/v1/vote', { min_position: String(position) });
    assert.deepEqual(idsOf(seen), [id]);
    const [logId, sequence] = String(position).split('.');
    const ahead = { min_position: `${logId}.${Number(sequence) + 1}` };
    assertProblem(await service.get('/v1/vote', ahead), 'behind');
    const foreign = { min_position: `${'0'.repeat(32)}.1` };
    assertProblem(await service.get('/v1/vote', foreign), 'conflict');
  }),
);

test(
  'filters narrow a list to a target, an author or a path',
  withService(async (service) => {
    const [target, votes] = await voted(service, 2);
    const second = String((await write(service, '/v1/assert', claim({ value: 2 }))).id);
    const theirs = signedContent('vote', { target: second, weight: 1 }, other);
    const mine = signedContent('vote', { target, weight: 1 });
    for (const { body } of [theirs, mine]) await write(service, '/v1/vote', body);
    const list = async (query: Readonly<Record<string, string>>): Promise<readonly string[]> =>
      idsOf(await listOf(service, '/v1/vote', query));
    assert.deepEqual(await list({ target }), [...votes, mine.id]);
    assert.deepEqual(await list({ agent_id: other.agentId }), [theirs.id]);
    assert.deepEqual(await list({ agent_id: author.agentId, target: second }), []);
    assert.deepEqual(await list({ agent_id: other.agentId, target: second }), [theirs.id]);
    assert.deepEqual(await list({ target: '9'.repeat(64) }), []);
    assert.deepEqual(await list({ agent_id: '9'.repeat(64) }), []);
    const alias = async (a: string, b: string): Promise<string> =>
      String((await write(service, '/v1/alias', { a, b })).id);
    const one = await alias('x/a', 'x/b');
    const two = await alias('x/b', 'x/c');
    const named = async (concept_path: string): Promise<readonly string[]> =>
      idsOf(await listOf(service, '/v1/alias', { concept_path }));
    assert.deepEqual(await named('x/b'), [one, two]);
    assert.deepEqual(await named('x/c'), [two]);
    assert.deepEqual(await named('x'), []);
    const supersede = { target, action: 'retract', reason: 'r' };
    const { id } = await write(service, '/v1/supersede', supersede);
    assert.deepEqual(idsOf(await listOf(service, '/v1/supersede', { target })), [id]);
    assert.deepEqual(idsOf(await listOf(service, '/v1/supersede', { target: second })), []);
  }),
);

test(
  'a query string that is wrong is refused with its field',
  withService(async (service) => {
    const wrong: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
      ['/v1/vote', { limit: '0' }, '/limit'],
      ['/v1/vote', { limit: '1001' }, '/limit'],
      ['/v1/vote', { limit: 'x' }, '/limit'],
      ['/v1/vote', { target: 'X' }, '/target'],
      ['/v1/verdict', { agent_id: 'me' }, '/agent_id'],
      ['/v1/alias', { concept_path: '' }, '/concept_path'],
    ];
    for (const [path, query, pointer] of wrong) {
      assertProblem(await service.get(path, query), 'invalid_field', pointer);
    }
    const decomposed = await service.get('/v1/alias', { concept_path: 'e\u0301' });
    assertProblem(decomposed, 'not_nfc', '/concept_path');
    const misspelt = await service.get('/v1/vote', { targt: 'x' });
    assertProblem(misspelt, 'unknown_field', '/targt');
    assert.match(String(misspelt.body.detail), /Did you mean "target"/);
    assertProblem(await service.get('/v1/epoch', { target: 'x' }), 'unknown_field', '/target');
    const twice = await service.get('/v1/vote?limit=1&limit=2');
    assertProblem(twice, 'invalid_field', '/limit');
  }),
);

test(
  'a list says what has an effect, and by which rule the rest has none',
  withService(
    async (service) => {
      const theirs = signedContent('assertion', claim());
      await write(service, '/v1/assert', theirs.body);
      const source = signedContent('source', { title: 'S', uri: 'https://a.example/' });
      await write(service, '/v1/sources', source.body);
      const effects = async (path: string): Promise<readonly boolean[]> =>
        (await listOf(service, path)).records.map(({ effective, not_effective: rule }) => {
          assert.equal(rule === undefined, effective, path);
          return effective;
        });
      assert.deepEqual(await effects('/v1/sources'), [true]);
      const vote = signedContent('vote', { target: theirs.id, weight: 1 });
      await write(service, '/v1/vote', vote.body);
      assert.deepEqual(await effects('/v1/vote'), [true]);
      const retract = (target: string) =>
        signedContent('supersession', { target, action: 'retract', reason: 'r' }).body;
      await write(service, '/v1/supersede', retract(source.id));
      await write(service, '/v1/supersede', retract(vote.id));
      assert.deepEqual(await effects('/v1/sources'), [false]);
      assert.deepEqual(await effects('/v1/vote'), [false]);
      assert.deepEqual(await effects('/v1/supersede'), [true, true]);
      const [listed] = (await listOf(service, '/v1/sources')).records;
      assert.match(listed?.not_effective ?? '', /^It was retracted by [0-9a-f]{64}\.$/);
      const before = await listOf(service, '/v1/sources', { as_of: listed?.recorded_stamp ?? '' });
      assert.equal(before.records[0]?.effective, true);
      const alias = signedContent('alias', { a: 'x', b: 'y' }, other);
      await write(service, '/v1/alias', alias.body);
      assert.deepEqual(await effects('/v1/alias'), [false]);
    },
    { policy: { governance: 'owner' } },
  ),
);
