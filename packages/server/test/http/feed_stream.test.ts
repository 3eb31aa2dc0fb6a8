/** Streams of the feed whose peers take little or nothing, on a clock that the test moves. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { type Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { type Outcome, ok } from '@stemedb/model';
import type { FastifyReply } from 'fastify';
import { httpLimits } from '../../src/guard/limits.js';
import { FeedStream } from '../../src/http/feed/stream.js';
import type { Clock } from '../../src/io/clock.js';
import type { Followed, Follower } from '../../src/query/feed.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';

/** As long as a cursor of the feed is. */
const cursor = 'c'.repeat(150);

/** A follower that is given these records, each as a piece, of which others want the memory. */
const followerOf = (records: readonly Buffer[], isWanted = false): Follower => {
  let at = 0;
  const read = async (): Promise<Outcome<Followed>> => {
    const json = records[at];
    at += 1;
    const items = json === undefined ? [] : [{ cursor, json }];
    const atEnd = at >= records.length;
    return ok({ items, cursor, atEnd, release: () => undefined, isWanted: () => isWanted });
  };
  return { cursor, read, close: () => undefined };
};

/** A connection whose peer takes each write after a while, or never. */
class SlowReply {
  readonly raw: Writable;
  readonly request = { raw: { socket: new EventEmitter() } };
  takenBytes = 0;

  constructor(clock: Clock, takeMs: number | undefined) {
    this.raw = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (takeMs === undefined) return;
        clock.after(takeMs, () => {
          this.takenBytes += chunk.length;
          done();
        });
      },
    });
  }

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

interface Sent {
  readonly isOver: boolean;
  readonly takenBytes: number;
  readonly untilMs: number;
}

/** Streams to such a peer until the stream is over or so much time has passed. */
const stream = async (
  follower: Follower,
  takeMs: number | undefined,
  longestMs: number,
): Promise<Sent> => {
  const clock = new SimulatedClock();
  const reply = new SlowReply(clock, takeMs);
  const sent = new FeedStream(clock, httpLimits, reply as unknown as FastifyReply);
  let isOver = false;
  const running = sent.run(follower).then(() => {
    isOver = true;
  });
  while (!isOver && clock.monotonicMs() < longestMs) await clock.advance(100);
  const { takenBytes } = reply;
  const untilMs = clock.monotonicMs();
  const ended = { isOver, takenBytes, untilMs };
  reply.raw.destroy();
  await running;
  return ended;
};

const { feedHeartbeatMs, feedStallMs, feedYieldMs, feedClosingMs } = httpLimits;
const largeBytes = 4 * 1024 * 1024;
const large = Buffer.alloc(largeBytes, 'x');

test('one who does not take heartbeats is dropped, and what waits for it is bounded', async () => {
  const beats = 1_000;
  const { isOver } = await stream(followerOf([]), undefined, beats * feedHeartbeatMs);
  assert.ok(isOver, 'what waits for nobody grows');
});

test('one who takes nothing is dropped, and cut soon where others wait', async () => {
  const alone = await stream(followerOf([large]), undefined, 600_000);
  assert.ok(alone.isOver);
  assert.ok(alone.untilMs >= feedStallMs + feedClosingMs, `${alone.untilMs}`);
  const wanted = await stream(followerOf([large], true), undefined, 600_000);
  assert.ok(wanted.isOver);
  assert.ok(wanted.untilMs >= feedYieldMs, `${wanted.untilMs}`);
  assert.ok(wanted.untilMs <= 2 * feedYieldMs + 200, `${wanted.untilMs}`);
});

test('one who takes some of a large record now and then gets all of it', async () => {
  const takeMs = 2_000;
  const slow = await stream(followerOf([large, large]), takeMs, 600_000);
  assert.equal(slow.isOver, false);
  assert.ok(slow.takenBytes > 2 * largeBytes, `${slow.takenBytes}`);
});

test('one who takes some holds what others wait for no longer than feedStallMs', async () => {
  const slow = await stream(followerOf([large], true), feedYieldMs / 4, 600_000);
  assert.ok(slow.isOver);
  assert.ok(slow.untilMs >= feedStallMs, `${slow.untilMs}`);
  assert.ok(slow.untilMs <= feedStallMs + feedYieldMs + 200, `${slow.untilMs}`);
});
