/** Lists, records read on their own, impact, trust and proofs: how they are asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StemeClient } from '../src/index.js';
import { type Answer, fakeClock, hangUp, json, startServer } from './fake_server.js';

const id = 'ab'.repeat(32);
const asked = (seen: readonly { readonly method: string; readonly url: string }[]): string[] =>
  seen.map(({ method, url }) => `${method} ${url}`);

/** Pages of a list, each but the last with the cursor of the next. */
const pagesOf = (name: string, pages: readonly (readonly unknown[])[]): readonly Answer[] =>
  pages.map((records, at) => {
    const more = at + 1 < pages.length ? { next_cursor: `c ${at + 1}` } : {};
    return json(200, { [name]: records, position: 'log.9', ...more });
  });

const collect = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

test('a list goes through its pages with one question', async (context) => {
  const server = await startServer(context, pagesOf('records', [[1, 2], [], [3]]));
  const client = new StemeClient({ url: server.url });
  const filter = { target: id, agent_id: 'cd'.repeat(32) };
  const all = await collect(client.list('vote', filter, { limit: 2, asOf: 5, minPosition: 'p.1' }));
  assert.deepEqual(all, [1, 2, 3]);
  const question = `target=${id}&agent_id=${filter.agent_id}&limit=2`;
  const moment = 'as_of=5&min_position=p.1';
  assert.deepEqual(asked(server.seen), [
    `GET /v1/vote?${question}&${moment}`,
    `GET /v1/vote?${question}&cursor=c+1&${moment}`,
    `GET /v1/vote?${question}&cursor=c+2&${moment}`,
  ]);
});

test('a list that nobody reads to its end asks for no more pages', async (context) => {
  const server = await startServer(context, pagesOf('records', [[1, 2], [3]]));
  for await (const record of new StemeClient({ url: server.url }).list('epoch', {})) {
    assert.equal(record, 1);
    break;
  }
  assert.equal(server.seen.length, 1);
});

test('a page that fails for the moment is asked for again', async (context) => {
  const [first, second] = pagesOf('records', [[1], [2]]);
  assert.ok(first !== undefined && second !== undefined);
  const server = await startServer(context, [first, hangUp, second]);
  const client = new StemeClient({ url: server.url, clock: fakeClock() });
  assert.deepEqual(await collect(client.list('source', {})), [1, 2]);
  assert.equal(server.seen.length, 3);
});

test('each kind is listed and read under its own path', async (context) => {
  const server = await startServer(context, [json(200, { records: [] })]);
  const client = new StemeClient({ url: server.url });
  await client.listPage('supersession', { target: id });
  await client.listPage('verdict', { agent_id: id });
  await client.listPage('alias', { concept_path: 'cafe\u0301' }, { cursor: 'c' });
  await client.listPage('attestation', { target: id }, { limit: 1 });
  await client.listPage('supersession', { target: id, agent_id: id });
  await client.listPage('alias', { concept_path: 'a', agent_id: id });
  await client.listPage('source', { agent_id: id });
  await client.listPage('policy', {});
  await client.read('supersession', id, { asOf: '2024-01-01T00:00:00Z' });
  await client.read('source', 'a/b');
  assert.deepEqual(asked(server.seen), [
    `GET /v1/supersede?target=${id}`,
    `GET /v1/verdict?agent_id=${id}`,
    'GET /v1/alias?concept_path=caf%C3%A9&cursor=c',
    `GET /v1/assertions/${id}/signatures?limit=1`,
    `GET /v1/supersede?target=${id}&agent_id=${id}`,
    `GET /v1/alias?concept_path=a&agent_id=${id}`,
    `GET /v1/sources?agent_id=${id}`,
    'GET /v1/policy',
    `GET /v1/supersede/${id}?as_of=2024-01-01T00%3A00%3A00Z`,
    'GET /v1/sources/a%2Fb',
  ]);
});

test('a record that is not there is undefined, a list of nothing is an error', async (context) => {
  const server = await startServer(context, [json(404, { code: 'not_found', detail: 'none' })]);
  const client = new StemeClient({ url: server.url });
  assert.equal(await client.read('vote', id), undefined);
  assert.equal(await client.detail(id), undefined);
  await assert.rejects(client.listPage('attestation', { target: id }), { code: 'not_found' });
  await assert.rejects(collect(client.impact(id)), { code: 'not_found' });
});

test('impact comes in pages, each with the position to retract at', async (context) => {
  const server = await startServer(context, pagesOf('impacts', [[1], [2, 3]]));
  const client = new StemeClient({ url: server.url });
  const pages = await collect(client.impact(id, { lens: 'layered', limit: 1 }));
  assert.deepEqual(
    pages.map(({ impacts, position }) => ({ impacts, position })),
    [
      { impacts: [1], position: 'log.9' },
      { impacts: [2, 3], position: 'log.9' },
    ],
  );
  assert.deepEqual(asked(server.seen), [
    `GET /v1/sources/${id}/impact?lens=layered&limit=1`,
    `GET /v1/sources/${id}/impact?lens=layered&limit=1&cursor=c+1`,
  ]);
});

test('detail, trust and constraints carry what was asked', async (context) => {
  const server = await startServer(context, [json(200, { results: [] })]);
  const client = new StemeClient({ url: server.url });
  await client.detail(id, { proof: true, minPosition: 'p.1' });
  await client.trust(id, { asOf: 7 });
  await client.constraints({ concept_path: 'a/b' });
  // @ts-expect-error the constraints of a whole subtree cannot be asked for
  const refused: Parameters<typeof client.constraints>[0] = { prefix: 'a' };
  assert.ok(refused);
  await client.query({
    concept_path: 'a',
    include_superseded: true,
    aliases: 'all',
    on_retracted: 'warn',
    min_trust: 0.5,
    lens: 'votes',
  });
  assert.deepEqual(asked(server.seen), [
    `GET /v1/assertions/${id}?proof=true&min_position=p.1`,
    `GET /v1/trust/${id}?as_of=7`,
    'GET /v1/constraints?concept_path=a%2Fb',
    'POST /v1/query',
  ]);
  assert.deepEqual(JSON.parse(server.seen[3]?.body ?? ''), {
    concept_path: 'a',
    include_superseded: true,
    aliases: 'all',
    on_retracted: 'warn',
    min_trust: 0.5,
    lens: 'votes',
  });
});

test('a checkpoint is its text, unchanged; proofs are documents', async (context) => {
  const note = 'stemedb/x/y\n12\nAAAA\n\n\u2014 stemedb/x/y BBBB\n';
  const server = await startServer(context, [
    hangUp,
    (response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end(note),
    json(200, { origin: 'stemedb/x/y', vkey: 'k' }),
    json(200, { leaf_index: 3 }),
    json(200, { hashes: [] }),
    json(503, { code: 'behind', detail: 'wait' }),
  ]);
  const client = new StemeClient({
    url: server.url,
    clock: fakeClock(),
    retry: { attemptsMax: 2 },
  });
  assert.equal(await client.checkpoint(), note);
  assert.equal((await client.logKey()).vkey, 'k');
  assert.equal((await client.inclusion(id, { size: 12 })).leaf_index, 3);
  assert.deepEqual((await client.consistency(4, 12)).hashes, []);
  await assert.rejects(client.checkpoint(), { code: 'behind' });
  assert.deepEqual(asked(server.seen), [
    'GET /v1/log/checkpoint',
    'GET /v1/log/checkpoint',
    'GET /v1/log/key',
    `GET /v1/log/proof/inclusion?id=${id}&size=12`,
    'GET /v1/log/proof/consistency?from=4&to=12',
    'GET /v1/log/checkpoint',
    'GET /v1/log/checkpoint',
  ]);
  assert.equal(server.seen[0]?.headers.accept, 'text/plain');
});
