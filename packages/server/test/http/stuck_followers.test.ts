/**
 * Streams of the feed whose readers take nothing, with records so large that the buffers of a
 * connection do not hold one: what all of them hold together is bounded.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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

const start = async (context: TestContext): Promise<HttpService> => {
  const limits = { feedStallMs: foreverMs, feedClosingMs: 100 };
  const service = await HttpService.start({ limits });
  context.after(() => service.close());
  return service;
};

const writeLarge = async (service: HttpService, at: number, bytes = largeBytes): Promise<void> => {
  // Each of its characters takes six bytes as JSON.
  const content = '\u0001'.repeat(bytes / 6);
  const uri = `https://a.example/${at}`;
  const answer = await service.post('/v1/sources', { title: `S${at}`, uri, content });
  assert.equal(answer.status, 201, answer.text);
};

const openStuck = async (service: HttpService, since: string): Promise<EventStream> => {
  const stream = await EventStream.open(`${service.url}/v1/feed${since}`);
  stream.pause();
  return stream;
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
  for (let at = 0; at < 3; at += 1) await writeLarge(service, at);
  const stuck: EventStream[] = [];
  for (let at = 0; at < stuckCount; at += 1) stuck.push(await openStuck(service, ''));
  await assertBounded(sockets, stuck);
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
