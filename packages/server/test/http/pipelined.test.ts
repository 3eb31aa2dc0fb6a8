/**
 * Requests whose connection dies while their answers are queued behind another: they end as if
 * each had had a connection of its own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Feed } from '../../src/query/feed.js';
import type { QueryService } from '../../src/query/question.js';
import { EventStream } from '../support/event_stream.js';
import { RawConnection } from '../support/raw_connection.js';
import { type HttpService, withService } from './service.js';

/** After this what does not end is taken to go on for ever. */
const patienceMs = 60_000;

const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
  const endMs = performance.now() + patienceMs;
  while (!(await isSo())) {
    assert.ok(performance.now() < endMs, `It is never so: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const head = 'HTTP/1.1\r\nhost: localhost\r\n';
/** A page that is never ready: what is asked on its connection afterwards is queued behind it. */
const never = `GET /v1/feed ${head}\r\n`;
const events = `GET /v1/feed?since=now ${head}accept: text/event-stream\r\n\r\n`;

interface Held {
  readonly service: HttpService;
  /** What was told of pages and questions whose callers left. */
  readonly left: string[];
  /** How many pages and questions are being worked out, and how many streams have begun. */
  readonly open: { work: number; streams: number };
}

/** Pages and questions are worked out until their callers have left. */
const withHeld = (
  run: (held: Held) => Promise<void>,
  feedStreamsMax = 256,
): (() => Promise<void>) => {
  const left: string[] = [];
  const open = { work: 0, streams: 0 };
  const hold = async (what: string, signal: { readonly aborted: boolean } | undefined) => {
    open.work += 1;
    await until(`the caller of ${what} has left`, () => signal?.aborted === true);
    open.work -= 1;
    left.push(what);
  };
  const feedOf = (feed: Feed): Feed => ({
    page: async (principal, question, signal) => {
      await hold(`page ${question.limit}`, signal);
      return feed.page(principal, question);
    },
    noteVisible: () => feed.noteVisible(),
    close: () => feed.close(),
    follow: async (...asked) => {
      const begun = await feed.follow(...asked);
      if (begun.ok) open.streams += 1;
      return begun;
    },
  });
  const queryOf = (query: QueryService): QueryService => ({
    ask: (...asked) => query.ask(...asked),
    record: (...asked) => query.record(...asked),
    askForText: async (principal, question, signal) => {
      await hold('question', signal);
      return query.askForText(principal, question);
    },
  });
  return withService((service) => run({ service, left, open }), {
    limits: { feedStreamsMax },
    replace: (deps) => ({ ...deps, feed: feedOf(deps.feed), query: queryOf(deps.query) }),
  });
};

test(
  'streams give back their places',
  withHeld(async ({ service, open }) => {
    const isFull = async (): Promise<boolean> => {
      const stream = await EventStream.open(`${service.url}/v1/feed?since=now`);
      stream.close();
      return stream.status === 503;
    };
    const caller = await RawConnection.open(service.port);
    caller.write(never + events.repeat(3));
    await until('all places are taken', () => open.streams === 3);
    assert.ok(await isFull());
    caller.end();
    await until('there is a place', async () => !(await isFull()));
  }, 3),
);

test(
  'work for those who left is given up',
  withHeld(async ({ service, left, open }) => {
    const page = `GET /v1/feed?limit=7 ${head}\r\n`;
    const question = `GET /v1/query?prefix=a ${head}\r\n`;
    const caller = await RawConnection.open(service.port);
    caller.write(never + page + question);
    await until('all is worked out', () => open.work === 3);
    caller.end();
    await until('all was given up', () => open.work === 0);
    assert.deepEqual([...left].sort(), ['page 100', 'page 7', 'question']);
  }),
);
