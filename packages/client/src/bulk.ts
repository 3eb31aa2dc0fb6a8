/**
 * Streams of lines to the server (spec 7, NDJSON). An input of any length is cut into requests of
 * at most `linesPerRequest` lines. An answer that ends without its `end` line is incomplete: the
 * lines after its last `durable_through` are sent again, which is harmless because ids are fixed.
 *
 * Invariants: lines are sent in order; a line counts once, in the try that decided it; at most two
 * chunks are in memory, the one in flight and the one being collected.
 */
import type { JsonObject, JsonValue } from '@stemedb/model';
import type { BulkAnswer, RefusedLine } from './answer.js';
import { isErrorCode, StemeClientError } from './error.js';
import { type Chunk, chunksOf, linesOfBody, streamedBody, wholeBody } from './lines.js';
import { type RetryPolicy, retryDelayMs } from './retry.js';
import { faultsOf, isObject, parseAnswer, type Transport } from './transport.js';

export interface BulkOptions {
  /** Lines of one request, 1..10,000 (the default). A slow producer may want fewer. */
  readonly linesPerRequest?: number;
  /** Each refused line that the server reports (at most 1,000 a request). */
  readonly onRefused?: (refused: RefusedLine) => void;
  /** Lines decided so far: durable, or refused. */
  readonly onProgress?: (lines: number) => void;
  readonly signal?: AbortSignal;
}

export interface BulkSettings extends BulkOptions {
  readonly path: string;
  readonly retry: RetryPolicy;
  /** Request bodies as streams; otherwise each request is sent in one piece. */
  readonly streaming: boolean;
}

/** The contract's bound for one request. */
export const linesPerRequestMax = 10_000;
/** A request ends early when its lines reach this size: bounds what is kept for sending again. */
const requestBytesMax = 16 * 1024 * 1024;
/** A line of the answer is small; a server that sends more is not ours. */
const answerLineCharactersMax = 1024 * 1024;
const refusalsKeptMax = 1_000;

interface End {
  readonly lines: number;
  readonly created: number;
  readonly duplicate: number;
  readonly refused: number;
  readonly position: string | undefined;
}

/** What one request came to. Line numbers count from the first line of the request, from 1. */
interface Try {
  readonly end: End | undefined;
  /** Lines that are decided: stored or refused. */
  readonly decided: number;
  /** How many of them were reported as refused. */
  readonly reported: number;
  /** Why the answer stopped, when it said so or the connection broke. */
  readonly error: unknown;
}

const count = (object: JsonObject, name: string): number => {
  const value = object[name];
  return typeof value === 'number' ? value : 0;
};

const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

const readEnd = (line: JsonObject): End => ({
  lines: count(line, 'lines'),
  created: count(line, 'created'),
  duplicate: count(line, 'duplicate'),
  refused: count(line, 'refused'),
  position: typeof line.position === 'string' ? line.position : undefined,
});

/** Sends a stream of JSON texts and follows each line to its end. */
export class BulkSender {
  readonly #transport: Transport;
  readonly #settings: BulkSettings;
  readonly #refusals: RefusedLine[] = [];
  #created = 0;
  #duplicate = 0;
  #refused = 0;
  #kept = 0;
  #lines = 0;
  #position: string | undefined;

  constructor(transport: Transport, settings: BulkSettings) {
    this.#transport = transport;
    this.#settings = settings;
  }

  async send(texts: AsyncIterable<string> | Iterable<string>): Promise<BulkAnswer> {
    const asked = this.#settings.linesPerRequest ?? linesPerRequestMax;
    const linesMax = Math.max(1, Math.min(linesPerRequestMax, Math.trunc(asked)));
    const chunks = chunksOf(texts, linesMax, requestBytesMax);
    let pending = chunks.next();
    try {
      for (;;) {
        const item = await pending;
        if (item.done === true) break;
        pending = chunks.next();
        // Its failure is reported when its turn comes; until then it is not unhandled.
        pending.catch(() => undefined);
        await this.#sendChunk(item.value);
      }
    } finally {
      await chunks.return(undefined).catch(() => undefined);
    }
    return {
      lines: this.#lines,
      created: this.#created,
      duplicate: this.#duplicate,
      refused: this.#refused,
      kept: this.#kept,
      refusals: this.#refusals,
      position: this.#position,
    };
  }

  async #sendChunk(chunk: Chunk): Promise<void> {
    const { retry, signal } = this.#settings;
    const { clock } = this.#transport;
    let from = 0;
    let attempt = 0;
    while (from < chunk.lines.length) {
      const tried = await this.#try(chunk, from);
      const { decided } = tried;
      this.#settle(tried);
      from += decided;
      if (from === chunk.lines.length) return;
      // Whoever makes progress starts counting tries afresh.
      attempt = decided > 0 ? 1 : attempt + 1;
      const error = tried.error ?? incomplete(chunk.start + from);
      const delayMs = retryDelayMs(retry, error, attempt, () => clock.random());
      if (delayMs === undefined) throw error;
      await clock.sleep(delayMs, signal);
    }
  }

  async #try(chunk: Chunk, from: number): Promise<Try> {
    const { path, streaming, signal } = this.#settings;
    const answer = new AnswerReader(chunk.start + from, this.#settings, (refused) =>
      this.#keepRefusal(refused),
    );
    let error: unknown;
    try {
      const body = streaming
        ? { body: streamedBody(chunk, from), duplex: 'half' as const }
        : { body: wholeBody(chunk, from) };
      const headers = { 'content-type': 'application/x-ndjson', accept: 'application/x-ndjson' };
      const init = { ...body, headers, ...(signal && { signal }) };
      const response = await this.#transport.send('POST', path, init);
      for await (const line of linesOfBody(response.body, answerLineCharactersMax)) {
        answer.take(line);
      }
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      error = cause instanceof StemeClientError ? cause : broken(cause);
    }
    const decided = Math.min(answer.decided, chunk.lines.length - from);
    return { end: answer.end, decided, reported: answer.reported, error: error ?? answer.error };
  }

  #keepRefusal(refused: RefusedLine): void {
    if (this.#refusals.length < refusalsKeptMax) this.#refusals.push(refused);
    this.#settings.onRefused?.(refused);
  }

  /** Counts what a try decided. */
  #settle({ end, decided, reported }: Try): void {
    this.#lines += decided;
    this.#created += end?.created ?? 0;
    this.#duplicate += end?.duplicate ?? 0;
    this.#refused += end?.refused ?? reported;
    this.#kept += end === undefined ? decided - reported : 0;
    this.#position = end?.position ?? this.#position;
  }
}

/**
 * Follows one answer. A refusal counts once the lines up to it are decided, and is reported before
 * the progress that covers it: whoever keeps the progress has heard of every refusal in it.
 */
class AnswerReader {
  readonly #before: number;
  readonly #options: BulkOptions;
  readonly #report: (refused: RefusedLine) => void;
  #waiting: RefusedLine[] = [];
  decided = 0;
  reported = 0;
  end: End | undefined;
  error: StemeClientError | undefined;

  /** `before`: lines of the whole input in front of this request. */
  constructor(before: number, options: BulkOptions, report: (refused: RefusedLine) => void) {
    this.#before = before;
    this.#options = options;
    this.#report = report;
  }

  take(text: string): void {
    const line = parseAnswer(text);
    if (!isObject(line)) return;
    if (line.type === 'end') {
      this.end = readEnd(line);
      this.#decide(this.end.lines);
    } else if ('durable_through' in line) {
      this.#decide(count(line, 'durable_through'));
    } else if (line.code === 'too_many_errors') {
      // The server stops listing refusals there; it still counts them in `end`.
    } else if (typeof line.line === 'number') {
      this.#waiting.push(readRefusal(line));
    } else if ('code' in line) {
      this.error = streamError(line);
    }
  }

  #decide(through: number): void {
    if (through <= this.decided) return;
    this.decided = through;
    for (const refused of this.#waiting) {
      if (refused.line > through) continue;
      this.reported += 1;
      this.#report({ ...refused, line: this.#before + refused.line });
    }
    this.#waiting = this.#waiting.filter((refused) => refused.line > through);
    this.#options.onProgress?.(this.#before + through);
  }
}

const readRefusal = (line: JsonObject): RefusedLine => {
  const code = text(line.code);
  const faults = faultsOf(line.faults ?? line.errors);
  return {
    line: count(line, 'line'),
    code: isErrorCode(code) ? code : 'invalid_field',
    detail: text(line.detail),
    ...(faults.length > 0 && { faults }),
  };
};

const streamError = (line: JsonObject): StemeClientError => {
  const code = text(line.code);
  return new StemeClientError({
    code: isErrorCode(code) ? code : 'bad_answer',
    detail: text(line.detail) || 'The server stopped in the middle of the stream.',
    problem: line,
  });
};

const broken = (cause: unknown): StemeClientError => {
  const why = cause instanceof Error ? cause.message : String(cause);
  const detail = `The connection broke in the middle of the stream (${why}).`;
  return new StemeClientError({ code: 'connection_failed', detail, cause });
};

const incomplete = (lines: number): StemeClientError =>
  new StemeClientError({
    code: 'incomplete',
    detail: `The server stopped answering after line ${lines} again and again.`,
  });
