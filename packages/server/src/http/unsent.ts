/**
 * Bytes of answers that their readers have not taken yet, over all connections: a thousand readers
 * of large pages who do not read would hold gigabytes. Small answers are not counted, the number of
 * connections bounds them; who reads nothing at all is cut after `idleTimeoutMs`.
 */
import type { StemeError } from '@stemedb/model';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { onceOver } from './answer_end.js';
import { ProblemError } from './problem.js';

const countedBytesMin = 16 * 1024;

export class UnsentAnswers {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Counts the answers of these routes, and refuses their work where no answer has room. */
  bound(routes: FastifyInstance): void {
    routes.addHook('preHandler', (request, _reply, done) => {
      const isFull = request.method === 'GET' && this.#bytes >= this.#bytesMax;
      done(isFull ? new ProblemError(this.#overloaded()) : undefined);
    });
    routes.addHook('onSend', (_request, reply, payload, done) => {
      const isWhole = typeof payload === 'string' || payload instanceof Uint8Array;
      if (!isWhole || payload.length < countedBytesMin || this.#hold(reply, payload.length)) {
        done(null, payload);
      } else done(new ProblemError(this.#overloaded()));
    });
  }

  /** Counts an answer until its connection has taken it or is gone; false when it has no room. */
  #hold(reply: FastifyReply, bytes: number): boolean {
    // One alone may be larger than the bound: it must be possible to read it.
    if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    onceOver(reply, () => {
      this.#bytes -= bytes;
    });
    return true;
  }

  #overloaded(): StemeError {
    const detail =
      `Answers of ${this.#bytesMax} bytes wait for their readers; ask again in a moment, or for ` +
      'smaller pages.';
    return { code: 'overloaded', detail };
  }
}
