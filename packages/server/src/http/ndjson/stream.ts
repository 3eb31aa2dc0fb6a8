/**
 * An NDJSON request from its first byte to the last line of its answer. Reading stops while the
 * groups under way are decided, so back-pressure reaches the sender through its socket.
 */

import { PassThrough } from 'node:stream';
import type { JsonValue, Outcome, StemeError } from '@stemedb/model';
import { fail, faultError, parseJson } from '@stemedb/model';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Submission } from '../../ingest/ingest.js';
import { ndjsonType } from '../body.js';
import type { HttpDeps } from '../deps.js';
import type { Line } from './lines.js';
import { LineCutter } from './lines.js';
import type { ReadLine } from './pipeline.js';
import { NdjsonPipeline } from './pipeline.js';
import { NdjsonReport } from './report.js';
import type { WaitingBudget } from './waiting_budget.js';

export interface StreamOptions {
  /** Turns a parsed line into what is submitted. */
  readonly read: (value: JsonValue) => Outcome<Submission>;
  /** Set where assertions may come before the attestations that prove them; shared by streams. */
  readonly waiting: WaitingBudget | undefined;
}

/** Answers 200 at once and decides lines as they come. */
export function answerStream(
  deps: HttpDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  options: StreamOptions,
): FastifyReply {
  const out = new PassThrough();
  const report = new NdjsonReport(out, deps.clock, deps.config.limits);
  const pipeline = new NdjsonPipeline({
    ingest: deps.ingest,
    principal: deps.principalOf(request.headers),
    clock: deps.clock,
    report,
    limits: deps.config.limits,
    waiting: options.waiting,
  });
  const stream = new NdjsonStream(deps, request, pipeline, options);
  stream
    .run()
    .then((outcome) => {
      if (outcome.type === 'complete') report.end(outcome.lines);
      else if (outcome.type === 'failed') report.stop(outcome.error);
      else out.destroy();
    })
    .catch((cause: unknown) => {
      request.log.error(
        { err: cause, reqId: request.id },
        'A stream of lines could not be processed',
      );
      report.stop({ code: 'internal', detail: 'The server failed; send the rest again.' });
    })
    .finally(() => pipeline.close());
  // What a stopped stream did not read must not be read as the next request.
  reply.raw.once('finish', () => {
    if (!request.raw.complete) request.raw.socket.destroySoon();
  });
  return reply.code(200).header('content-type', ndjsonType).send(out);
}

type StreamOutcome =
  | { readonly type: 'complete'; readonly lines: number }
  | { readonly type: 'failed'; readonly error: StemeError }
  /** The sender is gone; there is nobody to answer. */
  | { readonly type: 'gone' };

type Next =
  | { readonly type: 'chunk'; readonly chunk: Uint8Array }
  | { readonly type: 'end' }
  | { readonly type: 'late' }
  | { readonly type: 'gone' };

class NdjsonStream {
  readonly #deps: HttpDeps;
  readonly #pipeline: NdjsonPipeline;
  readonly #options: StreamOptions;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #cutter: LineCutter;
  /** Milliseconds that the line which is under way has been waited for. */
  #waitedMs = 0;

  constructor(
    deps: HttpDeps,
    request: FastifyRequest,
    pipeline: NdjsonPipeline,
    options: StreamOptions,
  ) {
    this.#deps = deps;
    this.#pipeline = pipeline;
    this.#options = options;
    this.#chunks = request.raw[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    this.#cutter = new LineCutter(deps.config.limits.lineBytesMax);
  }

  async run(): Promise<StreamOutcome> {
    for (;;) {
      const next = await this.#next();
      if (next.type === 'gone') return { type: 'gone' };
      if (next.type === 'late') {
        await this.#pipeline.finish();
        const detail = 'The next line took too long to arrive; send the rest again.';
        return { type: 'failed', error: { code: 'request_timeout', detail } };
      }
      const isLast = next.type === 'end';
      await this.#take(isLast ? this.#cutter.finish() : this.#cutter.push(next.chunk));
      if (this.#pipeline.failure !== undefined) break;
      if (isLast) {
        await this.#pipeline.finish();
        break;
      }
    }
    const error = this.#pipeline.failure;
    return error === undefined
      ? { type: 'complete', lines: this.#cutter.lineCount }
      : { type: 'failed', error };
  }

  async #take(lines: readonly Line[]): Promise<void> {
    const { groupLinesMax } = this.#deps.config.limits;
    if (lines.length > 0) this.#waitedMs = 0;
    for (let start = 0; start < lines.length; start += groupLinesMax) {
      const group = lines.slice(start, start + groupLinesMax).map((line) => this.#read(line));
      const last = group.at(-1);
      if (last !== undefined) await this.#pipeline.push(group, last.number);
      if (this.#pipeline.failure !== undefined) return;
    }
  }

  #read(line: Line): ReadLine {
    if (line.tooLong) {
      const detail = `A line has at most ${this.#deps.config.limits.lineBytesMax} bytes.`;
      const submission = fail(faultError('body_too_large', '', detail));
      return { number: line.number, bytes: 0, submission };
    }
    const parsed = parseJson(line.bytes);
    const submission = parsed.ok ? this.#options.read(parsed.value) : parsed;
    return { number: line.number, bytes: line.bytes.length, submission };
  }

  /** The next bytes; `late` when the line under way takes longer than a request may. */
  async #next(): Promise<Next> {
    const { clock, config } = this.#deps;
    const startMs = clock.monotonicMs();
    let cancel: (() => void) | undefined;
    const late = new Promise<Next>((resolve) => {
      const leftMs = Math.max(0, config.limits.requestTimeoutMs - this.#waitedMs);
      cancel = clock.after(leftMs, () => resolve({ type: 'late' }));
    });
    const next = await Promise.race([this.#chunk(), late]);
    cancel?.();
    this.#waitedMs += clock.monotonicMs() - startMs;
    return next;
  }

  async #chunk(): Promise<Next> {
    try {
      const next = await this.#chunks.next();
      return next.done === true ? { type: 'end' } : { type: 'chunk', chunk: next.value };
    } catch {
      return { type: 'gone' };
    }
  }
}
