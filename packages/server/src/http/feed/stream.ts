/**
 * One stream of the feed, from its greeting to its last words. It reads a piece, sends it, and
 * reads the next one when the reader has taken it: back-pressure reaches the log. Nothing is looked
 * for while nothing happens; a commit, the reader or a timer wakes it. SPEC.md has the states.
 */
import { PassThrough } from 'node:stream';
import type { Outcome, StemeError } from '@stemedb/model';
import type { FastifyReply } from 'fastify';
import type { HttpLimits } from '../../guard/limits.js';
import type { Clock } from '../../io/clock.js';
import type { Followed, Follower } from '../../query/feed.js';
import { onceOver } from '../answer_end.js';
import { eventStreamType, greeting, heartbeat, lastWords, writeItems } from './events.js';
import { type StreamEvent, type StreamState, streamActions } from './states.js';

type StreamLimits = Pick<
  HttpLimits,
  'feedHeartbeatMs' | 'feedStallMs' | 'feedYieldMs' | 'feedClosingMs'
>;

const stopping: StemeError = {
  code: 'not_ready',
  detail: 'This node is stopping; go on with the cursor when it runs again.',
};

const tooSlow: StemeError = {
  code: 'reader_too_slow',
  detail: 'What was sent was not taken in time; go on with the cursor.',
};

export class FeedStream {
  readonly #clock: Clock;
  readonly #limits: StreamLimits;
  readonly #reply: FastifyReply;
  readonly #out = new PassThrough();
  readonly #events = new Set<StreamEvent>();
  readonly #forgetPeer: () => void;
  #resume: (() => void) | undefined;
  #state: StreamState = 'waiting';
  #cancelTimer: () => void = () => undefined;
  #lateAtMs = 0;
  #cursor = '';
  #saidAtMs = 0;
  /** What is on its way from the log. */
  #coming: Promise<Outcome<Followed>> | undefined;
  /** When what was on its way when it left has come. */
  #left: Promise<void> = Promise.resolve();
  /** Whether more became visible meanwhile. */
  #isMore = false;
  #held: Pick<Followed, 'release' | 'isWanted'> | undefined;
  #heldSinceMs = 0;
  /** Whether the reader took some of it since it was last looked at. */
  #isTaking = false;

  constructor(clock: Clock, limits: StreamLimits, reply: FastifyReply) {
    this.#clock = clock;
    this.#limits = limits;
    this.#reply = reply;
    this.#out.on('drain', () => this.tell('drained'));
    reply.raw.on('drain', () => this.tell('drained'));
    // The framework destroys it when the connection closes; who writes then has been told.
    this.#out.on('error', () => undefined);
    this.#forgetPeer = onceOver(reply, () => this.tell('gone'));
  }

  /** Something has happened; it is acted upon in its turn. */
  tell(event: StreamEvent): void {
    this.#events.add(event);
    this.#resume?.();
  }

  /** Sends what the follower reads until one of the two ends; resolves when nothing is left, and
   * nothing is being read any more. */
  async run(follower: Follower): Promise<void> {
    try {
      this.#begin(follower);
      while (this.#state !== 'closed') await this.#act(follower, await this.#next());
    } finally {
      this.#forgetPeer();
      this.#cancelTimer();
      this.#leave(follower);
      this.#passedOn();
      this.#out.destroy();
      await this.#left;
    }
  }

  #begin(follower: Follower): void {
    this.#cursor = follower.cursor;
    this.#reply
      .code(200)
      .header('content-type', `${eventStreamType}; charset=utf-8`)
      .header('cache-control', 'no-store')
      // A proxy that gathers an answer before it passes it on would pass on nothing.
      .header('x-accel-buffering', 'no')
      .header('connection', 'close')
      .send(this.#out);
    this.#say(greeting(this.#cursor));
    this.#read(follower);
  }

  async #act(follower: Follower, event: StreamEvent): Promise<void> {
    switch (streamActions[this.#state][event]) {
      case 'ignore':
        return;
      case 'note':
        this.#isMore = true;
        return;
      case 'read':
        return this.#read(follower);
      case 'goOn':
        if (!this.#hasRoom) return this.#noteProgress();
        this.#passedOn();
        return this.#read(follower);
      case 'send':
        return this.#send(follower);
      case 'beat':
        this.#say(heartbeat(this.#cursor));
        // What is on its way is sent first; then it shows that there is no room.
        return this.#enter(this.#hasRoom || this.#state === 'reading' ? this.#state : 'sending');
      case 'drop':
        return this.#end(follower, tooSlow);
      case 'finish':
        return this.#end(follower, stopping);
      case 'cut':
        this.#reply.raw.destroy();
        return this.#enter('closed');
      case 'leave':
        return this.#enter('closed');
    }
  }

  #read(follower: Follower): void {
    this.#isMore = false;
    this.#events.delete('visible');
    this.#coming = follower.read();
    const arrived = (): void => this.tell('arrived');
    this.#coming.then(arrived, arrived);
    this.#enter('reading');
  }

  /** Sends what was read, and reads on unless the reader has enough or it was all there is. */
  async #send(follower: Follower): Promise<void> {
    const piece = await this.#coming;
    this.#coming = undefined;
    if (piece === undefined) return;
    if (!piece.ok) return this.#end(follower, piece.error);
    this.#held = piece.value;
    this.#heldSinceMs = this.#clock.monotonicMs();
    this.#isTaking = false;
    this.#write(piece.value);
    if (!this.#hasRoom) return this.#enter('sending');
    this.#passedOn();
    if (piece.value.atEnd && !this.#isMore) return this.#enter('waiting');
    if (this.#clock.monotonicMs() - this.#saidAtMs >= this.#limits.feedHeartbeatMs) {
      this.#say(heartbeat(this.#cursor));
    }
    this.#read(follower);
  }

  #write({ items, cursor }: Followed): void {
    this.#cursor = cursor;
    if (items.length === 0) return;
    this.#saidAtMs = this.#clock.monotonicMs();
    this.#events.delete('drained');
    writeItems(this.#out, items);
  }

  /** Whether what was written has left the stream, and the buffers of the connection as well. */
  get #hasRoom(): boolean {
    return !this.#out.writableNeedDrain && !this.#reply.raw.writableNeedDrain;
  }

  #passedOn(): void {
    this.#held?.release();
    this.#held = undefined;
  }

  #say(text: string): void {
    this.#saidAtMs = this.#clock.monotonicMs();
    this.#out.write(text);
  }

  #end(follower: Follower, error: StemeError): void {
    this.#leave(follower);
    this.#out.end(lastWords(error, this.#cursor));
    this.#enter('closing');
  }

  /** Gives up its place in the line, or what it is given nevertheless. */
  #leave(follower: Follower): void {
    follower.close();
    if (this.#coming === undefined) return;
    const giveBack = (piece: Outcome<Followed>): void => {
      if (piece.ok) piece.value.release();
    };
    this.#left = this.#coming.then(giveBack, () => undefined);
    this.#coming = undefined;
  }

  #enter(state: StreamState): void {
    this.#state = state;
    this.#cancelTimer();
    this.#events.delete('late');
    this.#events.delete('wanted');
    if (state === 'closed') return;
    const nowMs = this.#clock.monotonicMs();
    const { feedHeartbeatMs, feedStallMs, feedClosingMs } = this.#limits;
    const beatAtMs = this.#saidAtMs + feedHeartbeatMs;
    const lateAtMs = {
      reading: beatAtMs,
      waiting: beatAtMs,
      sending: nowMs + feedStallMs,
      closing: nowMs + feedClosingMs,
    };
    this.#lateAtMs = lateAtMs[state];
    this.#wait();
  }

  /** Some of it has left a buffer: it has its time anew. */
  #noteProgress(): void {
    this.#isTaking = true;
    this.#lateAtMs = this.#clock.monotonicMs() + this.#limits.feedStallMs;
  }

  /** Until it is late; who holds something looks now and then whether others wait for that. */
  #wait(): void {
    const restMs = Math.max(0, this.#lateAtMs - this.#clock.monotonicMs());
    const delayMs = this.#held === undefined ? restMs : Math.min(restMs, this.#limits.feedYieldMs);
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      if (this.#isToYield) this.tell('wanted');
      this.#isTaking = false;
      if (this.#clock.monotonicMs() >= this.#lateAtMs) this.tell('late');
      else this.#wait();
    });
  }

  /** Others wait for what it holds, and its reader takes nothing, or has not taken it in time. */
  get #isToYield(): boolean {
    if (this.#held?.isWanted() !== true) return false;
    const heldMs = this.#clock.monotonicMs() - this.#heldSinceMs;
    return !this.#isTaking || heldMs >= this.#limits.feedStallMs;
  }

  async #next(): Promise<StreamEvent> {
    for (;;) {
      for (const event of this.#events) {
        this.#events.delete(event);
        return event;
      }
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
      this.#resume = undefined;
    }
  }
}
