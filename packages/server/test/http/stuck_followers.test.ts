/**
 * Streams of the feed whose readers take nothing, with records so large that the buffers of a
 * connection do not hold one: what all of them hold together is bounded, others are not held up by
 * them, and who waits for them is told so, and may leave. Who is slow is told everything.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { StemeClient } from '@stemedb/client';
import type { FeedRecord } from '@stemedb/model';
import type { HttpLimits } from '../../src/guard/limits.js';
import { feedLimits } from '../../src/query/feed_limits.js';
import { EventStream } from '../support/event_stream.js';
import { HttpService } from './service.js';

const mebibyte = 1024 * 1024;
const largeBytes = 6 * mebibyte;
/** Beyond the bound, streams have frames of events, and the buffers what counts as taken. */
const slackBytes = 8 * mebibyte;
/** Almost all that is kept of the end of the log: of several, one is kept. */
const keptBytes = 3.75 * mebibyte;
const stuckCount = 12;
const foreverMs = 120_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What the process holds outside of the collector's heap, when all that was let go of is gone. */
const heldBytes = async (): Promise<number> => {
  for (let turns = 0; turns < 3; turns += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage().external;
};

const start = async (
  context: TestContext,
  differing: Partial<HttpLimits> = {},
): Promise<HttpService> => {
  const ends = { feedYieldMs: foreverMs, feedStallMs: foreverMs, feedClosingMs: 100 };
  const service = await HttpService.start({ limits: { ...ends, ...differing } });
  context.after(() => service.close());
  return service;
};

const writeLarge = async (
  service: HttpService,
  at: number,
  bytes = largeBytes,
): Promise<string> => {
  // Each of its characters takes six bytes as JSON.
  const content = '\u0001'.repeat(bytes / 6);
  const uri = `https://a.example/${at}`;
  const answer = await service.post('/v1/sources', { title: `S${at}`, uri, content });
  assert.equal(answer.status, 201, answer.text);
  return String(answer.body.id);
};

const writeAll = async (service: HttpService): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (let at = 0; at < 3; at += 1) ids.push(await writeLarge(service, at));
  return ids;
};

const openStuck = async (service: HttpService, since: string): Promise<EventStream> => {
  const stream = await EventStream.open(`${service.url}/v1/feed${since}`);
  stream.pause();
  return stream;
};

const openAllStuck = async (service: HttpService): Promise<readonly EventStream[]> => {
  const stuck: EventStream[] = [];
  for (let at = 0; at < stuckCount; at += 1) stuck.push(await openStuck(service, ''));
  return stuck;
};

/** Nothing moves any more, for a while. */
const settle = async (sockets: ReadonlySet<Socket>): Promise<void> => {
  for (let before = -1, same = 0; same < 10; ) {
    const sum = [...sockets].reduce((bytes, { bytesWritten }) => bytes + bytesWritten, 0);
    same = sum === before ? same + 1 : 0;
    before = sum;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const assertBounded = async (
  sockets: ReadonlySet<Socket>,
  stuck: readonly EventStream[],
): Promise<void> => {
  await settle(sockets);
  const held = await heldBytes();
  for (const stream of stuck) stream.close();
  await Promise.all(stuck.map(({ ended }) => ended));
  await settle(sockets);
  const bytes = held - (await heldBytes());
  const said = `${(bytes / mebibyte).toFixed(1)} MiB were held`;
  assert.ok(bytes > largeBytes, `${said}: nobody was stuck`);
  assert.ok(bytes <= feedLimits.feedUnsentBytesMax + slackBytes, said);
};

const socketsOf = (service: HttpService): ReadonlySet<Socket> => {
  const sockets = new Set<Socket>();
  service.app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // One that is closed still refers to what it did not send.
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
};

test('many who are stuck at the same place hold no more than they may', async (context) => {
  const service = await start(context);
  const sockets = socketsOf(service);
  await writeAll(service);
  await assertBounded(sockets, await openAllStuck(service));
});

test('those who are stuck at a record each hold no more than they may', async (context) => {
  const service = await start(context);
  const sockets = socketsOf(service);
  const stuck: EventStream[] = [];
  for (let at = 0; at < stuckCount; at += 1) {
    stuck.push(await openStuck(service, '?since=now'));
    await writeLarge(service, at, keptBytes);
  }
  await writeLarge(service, stuckCount, keptBytes);
  await assertBounded(sockets, stuck);
});

test('many who are stuck do not hold up one who reads, who hears heartbeats', async (context) => {
  const service = await start(context, { feedYieldMs: 300, feedHeartbeatMs: 50 });
  const ids = await writeAll(service);
  const stuck = await openAllStuck(service);
  const reader = await EventStream.open(`${service.url}/v1/feed?kind=source`);
  await reader.until(() => reader.events.length === ids.length);
  const told = reader.data<FeedRecord>().map(({ id }) => id);
  assert.deepEqual(told, ids);
  assert.ok(reader.beats > 0, 'it was not told that the stream is there');
  for (const stream of [reader, ...stuck]) stream.close();
});

test('one who leaves while it waits for others gives up its place', async (context) => {
  const service = await start(context, { feedStreamsMax: stuckCount + 1 });
  const sockets = socketsOf(service);
  await writeAll(service);
  await openAllStuck(service);
  await settle(sockets);
  const deadline = performance.now() + foreverMs / 2;
  for (let turns = 0; turns < 3; turns += 1) {
    for (let status = 503; status !== 200; ) {
      assert.ok(performance.now() < deadline, 'its place was not given up');
      const waiting = await EventStream.open(`${service.url}/v1/feed`);
      ({ status } = waiting);
      waiting.close();
    }
  }
});

/** A large record takes its reader longer than the time after which nothing is taken to come. */
const slowBytesPerMs = 1024;
const slowStallMs = 5_000;

test('one who is slow but takes something is told all on one connection', async (context) => {
  const service = await start(context, { feedStallMs: slowStallMs });
  const ids = [await writeLarge(service, 0), await writeLarge(service, 1)];
  const slow = await EventStream.open(`${service.url}/v1/feed?kind=source`);
  slow.pace = slowBytesPerMs;
  await slow.until(() => slow.events.length >= ids.length);
  const told = slow.data<FeedRecord>().map(({ id }) => id);
  assert.deepEqual(told, ids);
  assert.deepEqual(slow.data('end'), []);
  slow.close();
});

test('followers of the SDK that are cut are told each record once', async (context) => {
  const service = await start(context, { feedYieldMs: 20, feedStallMs: 100 });
  const sockets = socketsOf(service);
  const ids = await writeAll(service);
  let isDone = false;
  const reopen = async (): Promise<void> => {
    while (!isDone) {
      const stuck = await openStuck(service, '');
      await Promise.race([stuck.ended, new Promise((resolve) => setTimeout(resolve, 500))]);
      stuck.close();
    }
  };
  const crowd = Array.from({ length: 2 }, reopen);
  let connections = 0;
  const counting: typeof fetch = (...call) => {
    connections += 1;
    return fetch(...call);
  };
  const client = new StemeClient({ url: service.url, fetch: counting, retry: { delayMaxMs: 50 } });
  const told: string[] = [];
  for await (const { id } of client.feed({ kind: 'source' })) {
    told.push(id);
    if (told.length === ids.length) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  isDone = true;
  await Promise.all(crowd);
  assert.deepEqual(told, ids);
  assert.ok(connections > 1, 'it was never cut');
  // `fetch` may have connected once more, without asking anything, for which a server waits.
  for (const socket of sockets) socket.destroy();
});
