/**
 * HTTP as this API uses it: JSON in and out, problem documents as errors (RFC 9457), failures to
 * connect told apart from answers. Knows nothing of records.
 */
import { type Fault, type JsonObject, type JsonValue, parseJson } from '@stemedb/model';
import { type ClientErrorCode, isErrorCode, StemeClientError } from './error.js';
import { encodeJson } from './input.js';
import type { ClientClock } from './io/system.js';

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

export interface TransportOptions {
  readonly url: string;
  readonly fetch: Fetch;
  readonly clock: ClientClock;
  readonly apiKey: string | undefined;
  /** For one whole call that is not a stream. */
  readonly timeoutMs: number;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  /** Path and query, beginning with `/`. */
  readonly path: string;
  readonly json?: JsonValue;
  /** `application/json` unless said. */
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Answers nest deeper than records: an explained candidate holds a record. */
const answerDepthMax = 128;

/** Parses an answer; throws `bad_answer` when it is not JSON. */
export const parseAnswer = (text: string, status?: number): JsonValue => {
  const parsed = parseJson(text, { depthMax: answerDepthMax });
  if (parsed.ok) return parsed.value;
  const detail = `The answer is not JSON (${parsed.error.detail}); is this a StemeDB server?`;
  throw new StemeClientError({ code: 'bad_answer', detail, ...(status && { status }) });
};

export const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** The faults of a problem document or of a refused line; what is not a fault is left out. */
export const faultsOf = (value: JsonValue | undefined): readonly Fault[] => {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: JsonValue) => {
    if (!isObject(item)) return [];
    const { code, pointer, detail } = item;
    if (typeof code !== 'string' || !isErrorCode(code)) return [];
    return [{ code, pointer: textOf(pointer) ?? '', detail: textOf(detail) ?? '' }];
  });
};

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3). */
const retryAfterMs = (header: string | null, nowMs: number): number | undefined => {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
};

const codeForStatus = (status: number): ClientErrorCode => {
  if (status === 404) return 'not_found';
  if (status === 503) return 'not_ready';
  return 'bad_answer';
};

export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  get clock(): ClientClock {
    return this.#options.clock;
  }

  /** One try of a call that answers with one JSON document. */
  async json(call: Call): Promise<{ readonly status: number; readonly value: JsonValue }> {
    const { status, text } = await this.text(call);
    return { status, value: parseAnswer(text, status) };
  }

  /** One try of a call that answers with one document of any type. */
  async text(call: Call): Promise<{ readonly status: number; readonly text: string }> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs);
    const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
    const { json, accept } = call;
    const response = await this.send(call.method, call.path, {
      signal,
      ...(json !== undefined && { body: encodeJson(json) }),
      headers: {
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...(accept !== undefined && { accept }),
      },
    });
    return { status: response.status, text: await this.#bodyOf(response) };
  }

  /** One try; throws unless the status is 2xx. The body is the caller's to read. */
  async send(
    method: string,
    path: string,
    init: RequestInit & { readonly headers: Readonly<Record<string, string>> },
  ): Promise<Response> {
    const { url, apiKey } = this.#options;
    const key = apiKey === undefined ? {} : { 'x-api-key': apiKey };
    const headers = { accept: 'application/json', ...init.headers, ...key };
    let response: Response;
    try {
      response = await this.#options.fetch(url + path, { ...init, method, headers });
    } catch (cause) {
      throw this.#connectionFailed(cause, init.signal ?? undefined);
    }
    if (response.ok) return response;
    throw this.#problem(response, await this.#bodyOf(response));
  }

  /** The whole body; a connection that breaks in the middle is a failed connection. */
  async #bodyOf(response: Response): Promise<string> {
    try {
      return await response.text();
    } catch (cause) {
      throw this.#connectionFailed(cause, undefined);
    }
  }

  #connectionFailed(cause: unknown, signal: AbortSignal | undefined): unknown {
    const reason: unknown = signal?.aborted === true ? signal.reason : cause;
    const name = reason instanceof Error ? reason.name : '';
    // The caller's own cancellation is not ours to explain or to repeat.
    if (name === 'AbortError') return reason;
    const why = name === 'TimeoutError' ? 'no answer in time' : causeText(reason);
    return new StemeClientError({
      code: 'connection_failed',
      detail: `Cannot reach ${this.#options.url} (${why}). Is the server running there?`,
      cause: reason,
    });
  }

  #problem(response: Response, text: string): StemeClientError {
    const { status } = response;
    const parsed = parseJson(text);
    const problem = parsed.ok && isObject(parsed.value) ? parsed.value : undefined;
    const stated = textOf(problem?.code);
    const known = stated !== undefined && isErrorCode(stated) ? stated : undefined;
    const wait = retryAfterMs(response.headers.get('retry-after'), this.clock.wallMs());
    return new StemeClientError({
      code: known ?? codeForStatus(status),
      detail: textOf(problem?.detail) ?? `The server answered with status ${status}.`,
      status,
      faults: faultsOf(problem?.faults ?? problem?.errors),
      ...(wait !== undefined && { retryAfterMs: wait }),
      ...(problem !== undefined && { problem }),
    });
  }
}

/** undici wraps what happened on the socket as the `cause` of "fetch failed". */
const causeText = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const inner = error.cause;
  if (inner instanceof Error) {
    const code: unknown = 'code' in inner ? inner.code : undefined;
    return inner.message || (typeof code === 'string' ? code : inner.name);
  }
  return error.message;
};
