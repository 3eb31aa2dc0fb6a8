/** The feed as an iterable: pages, streams that break and are made anew, and how it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClientClock, StemeClient, StemeClientError } from '../src/index.js';
import { type Answer, fakeClock, hangUp, json, startServer } from './fake_server.js';

/** Does not wait for another try; silence takes as long as the connection. */
const patientClock = (): ClientClock & { readonly waits: number[] } => {
  const clock = fakeClock();
  const silent = (signal?: AbortSignal): Promise<void> =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  return {
    ...clock,
    sleep: (delayMs, signal) => (delayMs > 10_000 ? silent(signal) : clock.sleep(delayMs)),
  };
};

interface StreamEnd {
  /** The last words; undefined: the connection is cut. */
  readonly end?: object;
  /** Text that breaks off. */
  readonly torn?: string;
  readonly stays?: boolean;
}

/** A stream of events with these ids, and how it ends. */
const stream =
  (ids: readonly string[], { end, torn = '', stays = false }: StreamEnd): Answer =>
  async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const events = ids.map((id) => `id: ${id}\ndata: ${JSON.stringify({ id })}\n\n`).join('');
    const last = end === undefined ? '' : `event: end\ndata: ${JSON.stringify(end)}\n\n`;
    const text = `retry: 1\nid: begin\n\n${events}: \nid: beat${ids.length}\n\n${last}${torn}`;
    // In two pieces, so that an event comes in parts.
    const half = Math.floor(text.length / 2);
    await new Promise<void>((resolve) => response.write(text.slice(0, half), () => resolve()));
    await new Promise<void>((resolve) => response.write(text.slice(half), () => resolve()));
    if (stays) return;
    if (end === undefined) response.destroy();
    else response.end();
  };

const sinceOf = (seen: readonly { readonly url: string }[]): readonly (string | null)[] =>
  seen.map(({ url }) => new URL(url, 'http://x').searchParams.get('since'));

test('a stream that breaks goes on behind the last id, whatever broke it', async (context) => {
  const server = await startServer(context, [
    stream(['a', 'b'], { torn: 'id: lost\ndata: {"id":"lo' }),
    hangUp,
    stream(['c'], { end: { code: 'not_ready', detail: 'Stops.' } }),
    json(503, { code: 'overloaded', detail: 'Full.' }),
    stream(['d', 'e'], { stays: true }),
  ]);
  const clock = patientClock();
  const client = new StemeClient({ url: server.url, clock });
  const told: string[] = [];
  for await (const { id } of client.feed({ since: 'now', kind: 'vote', prefix: 'e\u0301' })) {
    told.push(id);
    if (id === 'e') break;
  }
  assert.deepEqual(told, ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual(sinceOf(server.seen), ['now', 'beat2', 'beat2', 'beat1', 'beat1']);
  assert.equal(server.seen[0]?.headers.accept, 'text/event-stream');
  assert.match(server.seen[0]?.url ?? '', /kind=vote&prefix=%C3%A9$/);
  // Whoever makes progress starts counting tries afresh.
  assert.deepEqual(clock.waits, [100, 200, 100, 200]);
});

test('what another try cannot mend ends the feed', async (context) => {
  const refusals: readonly (readonly [Answer, string])[] = [
    [json(409, { code: 'cursor_of_other_log', detail: 'Another.' }), 'cursor_of_other_log'],
    [stream([], { end: { code: 'log_corrupt', detail: 'Bad.' } }), 'log_corrupt'],
    [hangUp, 'connection_failed'],
  ];
  for (const [answer, code] of refusals) {
    const server = await startServer(context, [answer]);
    const client = new StemeClient({ url: server.url, clock: patientClock() });
    const failed = (error: unknown): boolean =>
      error instanceof StemeClientError && error.code === code;
    await assert.rejects(client.feed().next(), failed);
  }
});

test('a server that falls silent is left and asked again', async (context) => {
  const server = await startServer(context, [
    stream(['a'], { stays: true }),
    stream(['b'], { stays: true }),
  ]);
  const clock = patientClock();
  let hasFallenSilent = false;
  const impatient: ClientClock = {
    ...clock,
    sleep: (delayMs, signal) => {
      if (delayMs <= 10_000 || hasFallenSilent) return clock.sleep(delayMs, signal);
      // Twice: what had come before the first time was heard.
      return new Promise((resolve) => setTimeout(resolve, 200));
    },
  };
  const client = new StemeClient({ url: server.url, clock: impatient });
  const feed = client.feed();
  assert.equal((await feed.next()).value?.id, 'a');
  const next = feed.next();
  setTimeout(() => {
    hasFallenSilent = true;
  }, 500);
  assert.equal((await next).value?.id, 'b');
  await feed.return(undefined);
});

test('the caller ends it with a signal', async (context) => {
  const server = await startServer(context, [stream(['a'], { stays: true })]);
  const abort = new AbortController();
  const client = new StemeClient({ url: server.url, clock: patientClock() });
  const feed = client.feed({ signal: abort.signal });
  assert.equal((await feed.next()).value?.id, 'a');
  const next = feed.next();
  abort.abort(new Error('enough'));
  await assert.rejects(next, /enough/);
});

test('without following, pages are read until nothing is left', async (context) => {
  const page = (ids: readonly string[], cursor: string, more: boolean): Answer =>
    json(200, { records: ids.map((id) => ({ id })), next_cursor: cursor, more });
  const pages = [page(['a', 'b'], 'c1', true), page([], 'c2', true), page(['c'], 'c3', false)];
  const server = await startServer(context, pages);
  const client = new StemeClient({ url: server.url });
  const told: string[] = [];
  for await (const { id } of client.feed({ follow: false })) told.push(id);
  assert.deepEqual(told, ['a', 'b', 'c']);
  assert.deepEqual(sinceOf(server.seen), [null, 'c1', 'c2']);
});
