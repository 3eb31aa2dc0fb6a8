/** A stream of the feed whose peer takes nothing at all, on a clock that the test moves. */
import assert from 'node:assert/strict';
import { type Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { ok } from '@stemedb/model';
import type { FastifyReply } from 'fastify';
import { httpLimits } from '../../src/guard/limits.js';
import { FeedStream } from '../../src/http/feed/stream.js';
import type { Followed, Follower } from '../../src/query/feed.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';

/** As long as a cursor of the feed is. */
const cursor = 'c'.repeat(150);

/** A follower of a log in which nothing passes its filter. */
const followerOfNothing = (): Follower => {
  const nothing: Followed = {
    ...{ items: [], cursor, atEnd: true },
    release: () => undefined,
    isWanted: () => false,
  };
  return { cursor, read: async () => ok(nothing), close: () => undefined };
};

/** A connection whose peer takes nothing: what is written stays in its buffer. */
class StuckReply {
  readonly raw = new Writable({ write: () => undefined });

  code(): this {
    return this;
  }

  header(): this {
    return this;
  }

  send(out: Readable): this {
    out.pipe(this.raw);
    return this;
  }
}

test('one who does not take heartbeats is dropped, and what waits for it is bounded', async () => {
  const clock = new SimulatedClock();
  const reply = new StuckReply();
  const stream = new FeedStream(clock, httpLimits, reply as unknown as FastifyReply);
  let isOver = false;
  const running = stream.run(followerOfNothing()).then(() => {
    isOver = true;
  });
  const beats = 1_000;
  for (let at = 0; at < beats && !isOver; at += 1) await clock.advance(httpLimits.feedHeartbeatMs);
  assert.ok(isOver, `${reply.raw.writableLength} bytes and more wait for nobody`);
  assert.ok(reply.raw.destroyed);
  await running;
  assert.equal(clock.timerCount, 0);
});
