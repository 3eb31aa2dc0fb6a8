/** The feed over HTTP: pages, streams, where they go on, and how they end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FeedPage, type FeedRecord, ok } from '@stemedb/model';
import type { Feed, Follower } from '../../src/query/feed.js';
import { EventStream } from '../support/event_stream.js';
import { assertProblem, claim, HttpService, withService } from './service.js';

const pageOf = async (
  service: HttpService,
  query: Readonly<Record<string, string>> = {},
): Promise<FeedPage> => {
  const answer = await service.get('/v1/feed', query);
  assert.equal(answer.status, 200, answer.text);
  return answer.body as unknown as FeedPage;
};

const write = async (service: HttpService, value: number, path = 'test/a'): Promise<string> => {
  const answer = await service.post('/v1/assert', claim({ concept_path: path, value }));
  assert.equal(answer.status, 201, answer.text);
  return String(answer.body.id);
};

const idsOf = (records: readonly FeedRecord[]): readonly string[] => records.map(({ id }) => id);

const follow = (
  service: HttpService,
  query: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<EventStream> =>
  EventStream.open(`${service.url}/v1/feed?${new URLSearchParams(query).toString()}`, headers);

test(
  'pages follow one another in the order of the log, also behind any record',
  withService(async (service) => {
    const ids: string[] = [];
    for (let value = 0; value < 7; value += 1) ids.push(await write(service, value));
    const all = await pageOf(service, { kind: 'assertion' });
    assert.deepEqual(idsOf(all.records), ids);
    assert.equal(all.more, false);
    const first = await pageOf(service, { kind: 'assertion', limit: '3' });
    assert.deepEqual([idsOf(first.records), first.more], [ids.slice(0, 3), true]);
    const second = await pageOf(service, { limit: '100', since: first.next_cursor });
    assert.deepEqual(idsOf(second.records), ids.slice(3));
    for (const [at, { cursor }] of all.records.entries()) {
      const rest = await pageOf(service, { since: cursor });
      assert.deepEqual(idsOf(rest.records), ids.slice(at + 1));
    }
    const now = await pageOf(service, { since: 'now' });
    assert.deepEqual(now.records, []);
    const later = await write(service, 8);
    const since = await pageOf(service, { since: now.next_cursor });
    assert.deepEqual(idsOf(since.records), [later]);
  }),
);

test(
  'a prefix brings claims below it and what is said about them, and no others',
  withService(async (service) => {
    const target = await write(service, 1, 'drug/aspirin');
    await write(service, 2, 'drugs/other');
    const below = await write(service, 3, 'drug/aspirin/dose');
    const vote = await service.post('/v1/vote', { target, weight: 1 });
    const retraction = { target, action: 'retract', reason: 'r' };
    const retracted = await service.post('/v1/supersede', retraction);
    await service.post('/v1/epoch', { name: 'E' });
    const alias = await service.post('/v1/alias', { a: 'drug/x', b: 'zoo' });
    const { records } = await pageOf(service, { prefix: 'drug' });
    assert.deepEqual(
      idsOf(records),
      [target, below, vote.body.id, retracted.body.id, alias.body.id].map(String),
    );
    const only = await pageOf(service, { prefix: 'drug/aspirin/', kind: 'assertion' });
    assert.deepEqual(idsOf(only.records), [below]);
  }),
);

test(
  'what is asked wrongly is refused with what to do',
  withService(async (service) => {
    const { next_cursor: cursor } = await pageOf(service);
    assertProblem(await service.get('/v1/feed', { since: 'nonsense' }), 'invalid_cursor');
    const flipped = cursor.slice(0, -2) + (cursor.endsWith('AA') ? 'BB' : 'AA');
    assertProblem(await service.get('/v1/feed', { since: flipped }), 'invalid_cursor');
    const questions = await service.get('/v1/query', { prefix: 'test', cursor });
    assertProblem(questions, 'invalid_cursor');
    assertProblem(await service.get('/v1/feed', { kind: 'claim' }), 'invalid_field', '/kind');
    assertProblem(await service.get('/v1/feed', { since_: 'x' }), 'unknown_field', '/since_');
    assertProblem(await service.get('/v1/feed', { prefix: 'e\u0301' }), 'not_nfc', '/prefix');
    assertProblem(await service.get('/v1/feed', { min_position: 'x' }), 'invalid_field');
    const { logId } = service.target.database.log;
    const ahead = { min_position: `${logId}.1000000` };
    assertProblem(await service.get('/v1/feed', ahead), 'behind');
    const accept = { accept: 'application/json;q=0.1, text/event-stream' };
    const limited = await service.send('/v1/feed?limit=3', { headers: accept });
    assertProblem(limited, 'invalid_field', '/limit');
    const bad = await service.send('/v1/feed?since=x', { headers: accept });
    assertProblem(bad, 'invalid_cursor');
    const head = await fetch(`${service.url}/v1/feed`, { method: 'HEAD', headers: accept });
    assert.match(head.headers.get('content-type') ?? '', /^application\/json/);
  }),
);

test('a cursor of another log is a conflict that says so', async () => {
  const other = await HttpService.start();
  const { next_cursor: since } = await pageOf(other);
  await other.close();
  await withService(async (service) => {
    // Another database on a disk of its own: the same keys in these tests, and yet another log.
    const [body = '', seal = ''] = since.split('.');
    const state = JSON.parse(Buffer.from(body, 'base64url').toString()) as { l: string };
    const moved = Buffer.from(JSON.stringify({ ...state, l: 'f'.repeat(32) })).toString(
      'base64url',
    );
    const answer = await service.get('/v1/feed', { since: `${moved}.${seal}` });
    assertProblem(answer, 'cursor_of_other_log');
  })();
});

test(
  'a stream tells what is there, then what comes, and goes on behind the last id',
  withService(async (service) => {
    const ids = [await write(service, 0), await write(service, 1)];
    const stream = await follow(service, { kind: 'assertion' });
    await stream.until(() => stream.events.length === 2);
    for (let value = 2; value < 30; value += 1) ids.push(await write(service, value));
    await stream.until(() => stream.events.length === ids.length);
    assert.deepEqual(idsOf(stream.data<FeedRecord>()), ids);
    for (const event of stream.events) {
      assert.equal(event.id, (JSON.parse(event.data) as FeedRecord).cursor);
    }
    stream.close();
    const at = stream.events[17];
    assert.ok(at !== undefined);
    const query = { kind: 'assertion', since: 'now' };
    const resumed = await follow(service, query, { 'last-event-id': at.id });
    await resumed.until(() => resumed.events.length === ids.length - 18);
    assert.deepEqual(idsOf(resumed.data<FeedRecord>()), ids.slice(18));
    const fresh = await follow(service, { since: 'now' });
    await fresh.until(() => fresh.lastId !== '');
    const last = await write(service, 1000);
    await fresh.until(() => fresh.events.length > 0);
    assert.deepEqual(idsOf(fresh.data<FeedRecord>()), [last]);
    resumed.close();
    fresh.close();
  }),
);

test(
  'a heartbeat moves the cursor past what the filter leaves out',
  withService(
    async (service) => {
      const stream = await follow(service, { kind: 'vote' });
      await stream.until(() => stream.lastId !== '');
      const begin = stream.lastId;
      await write(service, 1);
      await stream.until(() => stream.lastId !== begin);
      const { next_cursor: end } = await pageOf(service, { since: 'now' });
      await stream.until(() => stream.lastId === end);
      assert.deepEqual(stream.events, []);
      stream.close();
    },
    { limits: { feedHeartbeatMs: 20 } },
  ),
);

test(
  'only so many streams are open, and a place is free when one leaves',
  withService(
    async (service) => {
      const streams = [await follow(service), await follow(service)];
      const accept = { accept: 'text/event-stream' };
      const third = await service.send('/v1/feed', { headers: accept });
      assertProblem(third, 'overloaded');
      assert.notEqual(third.headers.get('retry-after'), null);
      assert.equal((await service.get('/v1/feed')).status, 200);
      streams[0]?.close();
      for (let status = 503; status !== 200; ) {
        const next = await follow(service);
        status = next.status;
        next.close();
      }
      streams[1]?.close();
    },
    { limits: { feedStreamsMax: 2 } },
  ),
);

test('streams say their last words when the server stops, also those nobody reads', async () => {
  const limits = { feedClosingMs: 300, feedStallMs: 60_000 };
  const service = await HttpService.start({ limits });
  const stuck = await follow(service);
  stuck.pause();
  const value = 'x'.repeat(60_000);
  for (let at = 0; at < 100; at += 1) {
    const answer = await service.post('/v1/assert', claim({ value, asserted_at: at }));
    assert.equal(answer.status, 201);
  }
  const streams = await Promise.all(Array.from({ length: 20 }, () => follow(service)));
  for (const stream of streams) await stream.until(() => stream.events.length === 101);
  const begunMs = performance.now();
  await service.close();
  const tookMs = performance.now() - begunMs;
  assert.ok(tookMs < 10_000, `${tookMs} ms`);
  for (const stream of streams) {
    await stream.ended;
    const [end] = stream.data<{ code: string; cursor: string }>('end');
    const last = stream.data<FeedRecord>().at(-1);
    assert.deepEqual([end?.code, end?.cursor], ['not_ready', last?.cursor]);
    assert.equal(stream.events.at(-1)?.type, 'end');
  }
});

/** The feed, whose readings take a while; how many are being made. */
const slowFeed = (feed: Feed, readings: { open: number }): Feed => ({
  page: (...asked) => feed.page(...asked),
  noteVisible: () => feed.noteVisible(),
  close: () => feed.close(),
  follow: async (...asked) => {
    const begun = await feed.follow(...asked);
    if (!begun.ok) return begun;
    const follower = begun.value;
    const read = async (): ReturnType<Follower['read']> => {
      readings.open += 1;
      await new Promise((resolve) => setTimeout(resolve, 500));
      return follower.read().finally(() => {
        readings.open -= 1;
      });
    };
    return ok({ cursor: follower.cursor, read, close: () => follower.close() });
  },
});

test('nothing is being read when the server has ended, also for those who left', async () => {
  const readings = { open: 0 };
  const service = await HttpService.start({
    replace: (deps) => ({ ...deps, feed: slowFeed(deps.feed, readings) }),
  });
  const staying = await follow(service);
  const leaving = await follow(service);
  await staying.until(() => readings.open === 2);
  leaving.close();
  await leaving.ended;
  await service.app.close();
  assert.equal(readings.open, 0);
  await staying.ended;
  assert.equal(staying.data<{ code: string }>('end')[0]?.code, 'not_ready');
  await service.close();
});
