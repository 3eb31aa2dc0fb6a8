/**
 * One stream of the feed, from its greeting to its last words. It reads a piece, sends it, and
 * reads the next one when the reader has taken it: back-pressure reaches the log. Nothing is looked
 * for while nothing happens; a commit, the reader or a timer wakes it. SPEC.md has the states.
 */
import { PassThrough } from 'node:stream';
import type { StemeError } from '@stemedb/model';
import type { FastifyReply } from 'fastify';
import type { HttpLimits } from '../../guard/limits.js';
import type { Clock } from '../../io/clock.js';
import type { Followed, Follower } from '../../query/feed.js';
import { eventStreamType, greeting, heartbeat, lastWords, writeItems } from './events.js';
import { type StreamEvent, type StreamState, streamActions } from './states.js';

type StreamLimits = Pick<HttpLimits, 'feedHeartbeatMs' | 'feedStallMs' | 'feedClosingMs'>;

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
  #resume: (() => void) | undefined;
  #state: StreamState = 'waiting';
  #cancelTimer: () => void = () => undefined;
  #cursor = '';
  #release: () => void = () => undefined;
  #saidAtMs = 0;

  constructor(clock: Clock, limits: StreamLimits, reply: FastifyReply) {
    this.#clock = clock;
    this.#limits = limits;
    this.#reply = reply;
    this.#out.on('drain', () => this.tell('drained'));
    reply.raw.on('drain', () => this.tell('drained'));
    // The framework destroys it when the connection closes; who writes then has been told.
    this.#out.on('error', () => undefined);
    reply.raw.once('close', () => this.tell('gone'));
  }

  /** Something has happened; it is acted upon in its turn. */
  tell(event: StreamEvent): void {
    this.#events.add(event);
    this.#resume?.();
  }

  /** Sends what the follower reads until one of the two ends; resolves when nothing is left. */
  async run(follower: Follower): Promise<void> {
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
    try {
      await this.#read(follower);
      while (this.#state !== 'closed') await this.#act(follower, await this.#next());
    } finally {
      this.#cancelTimer();
      this.#passedOn();
      this.#out.destroy();
    }
  }

  async #act(follower: Follower, event: StreamEvent): Promise<void> {
    switch (streamActions[this.#state][event]) {
      case 'ignore':
        return;
      case 'read':
        // A buffer is empty; the one behind it took what it held.
        if (this.#state === 'sending' && !this.#hasRoom) return;
        this.#passedOn();
        return this.#read(follower);
      case 'beat':
        this.#say(heartbeat(this.#cursor));
        return this.#enter('waiting');
      case 'drop':
        return this.#end(tooSlow);
      case 'finish':
        return this.#end(stopping);
      case 'cut':
        this.#reply.raw.destroy();
        return this.#enter('closed');
      case 'leave':
        return this.#enter('closed');
    }
  }

  /** Reads and sends until the reader has enough, or all that is visible was sent. */
  async #read(follower: Follower): Promise<void> {
    while (!this.#events.has('gone') && !this.#events.has('stopping')) {
      this.#events.delete('visible');
      const piece = await follower.read();
      if (!piece.ok) return this.#end(piece.error);
      this.#send(piece.value);
      if (!this.#hasRoom) return this.#enter('sending');
      this.#passedOn();
      if (piece.value.atEnd) break;
      if (this.#clock.monotonicMs() - this.#saidAtMs >= this.#limits.feedHeartbeatMs) {
        this.#say(heartbeat(this.#cursor));
      }
    }
    this.#enter('waiting');
  }

  #send({ items, cursor, release }: Followed): void {
    this.#release = release;
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
    this.#release();
    this.#release = () => undefined;
  }

  #say(text: string): void {
    this.#saidAtMs = this.#clock.monotonicMs();
    this.#out.write(text);
  }

  #end(error: StemeError): void {
    this.#out.end(lastWords(error, this.#cursor));
    this.#enter('closing');
  }

  #enter(state: StreamState): void {
    this.#state = state;
    this.#cancelTimer();
    const { feedHeartbeatMs, feedStallMs, feedClosingMs } = this.#limits;
    const delayMs = { waiting: feedHeartbeatMs, sending: feedStallMs, closing: feedClosingMs };
    this.#events.delete('late');
    if (state === 'closed') return;
    this.#cancelTimer = this.#clock.after(delayMs[state], () => this.tell('late'));
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
