/**
 * `StemeClient`: the API of one StemeDB server as typed calls. Writes are signed here and have a
 * fixed id before the first try, so each of them may be sent again without a second record.
 */
import {
  type Answer,
  type JsonObject,
  type JsonValue,
  parseAgentId,
  type StatedRecord,
  type WriteAnswer,
} from '@stemedb/model';
import type { BulkAnswer, HealthAnswer, QuestionInput } from './answer.js';
import { type BulkOptions, BulkSender } from './bulk.js';
import { StemeClientError } from './error.js';
import {
  type AssertionInput,
  type Author,
  encodeJson,
  normalizeInput,
  prepare,
  type SourceInput,
} from './input.js';
import { type ClientClock, systemClock } from './io/system.js';
import { defaultRetry, type RetryPolicy, withRetry } from './retry.js';
import type { Signer } from './signer.js';
import { type Call, type Fetch, isObject, Transport } from './transport.js';

export interface StemeClientOptions {
  /** For example `http://127.0.0.1:18180`; without `/v1`. */
  readonly url: string;
  /** Signs each write. Without it the server attributes writes to the caller's principal. */
  readonly signer?: Signer;
  /** The agent that unsigned writes are attributed to: the one bound to the API key. */
  readonly agentId?: string;
  readonly apiKey?: string;
  readonly fetch?: Fetch;
  readonly clock?: ClientClock;
  readonly retry?: Partial<RetryPolicy>;
  /** For one call that is not a stream of lines, each try; 35,000 by default. */
  readonly timeoutMs?: number;
  /** Stream request bodies; by default outside of browsers, which cannot over HTTP/1.1. */
  readonly streamBodies?: boolean;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface ReadOptions extends CallOptions {
  readonly asOf?: string | number;
  readonly minPosition?: string;
}

/** A little more than the server's own limit of 30 s, so that its answer is the one reported. */
const timeoutDefaultMs = 35_000;

export class StemeClient {
  readonly #transport: Transport;
  readonly #author: Author;
  readonly #retry: RetryPolicy;
  readonly #streamBodies: boolean;

  constructor(options: StemeClientOptions) {
    const clock = options.clock ?? systemClock;
    this.#transport = new Transport({
      url: baseUrl(options.url),
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      clock,
      apiKey: options.apiKey,
      timeoutMs: options.timeoutMs ?? timeoutDefaultMs,
    });
    const agentId = options.agentId === undefined ? undefined : parseAgentId(options.agentId);
    if (options.agentId !== undefined && agentId === undefined) {
      throw new TypeError('agentId must be 64 lower-case hex digits.');
    }
    this.#author = { signer: options.signer, agentId, nowMs: () => clock.wallMs() };
    this.#retry = { ...defaultRetry, ...options.retry };
    this.#streamBodies = options.streamBodies ?? !('document' in globalThis);
  }

  /** States one claim; resolves when it is durable and visible. */
  async assert(input: AssertionInput, options: CallOptions = {}): Promise<WriteAnswer> {
    const { body } = await prepare('assertion', input, this.#author);
    return this.#write('/v1/assert', body, options);
  }

  /** Registers a source that claims may cite by its id. */
  async registerSource(input: SourceInput, options: CallOptions = {}): Promise<WriteAnswer> {
    const { body } = await prepare('source', input, this.#author);
    return this.#write('/v1/sources', body, options);
  }

  /** States many claims; refused lines are reported, the others are kept. */
  assertMany(
    inputs: AsyncIterable<AssertionInput> | Iterable<AssertionInput>,
    options: BulkOptions = {},
  ): Promise<BulkAnswer> {
    const author = this.#author;
    async function* lines(): AsyncGenerator<string> {
      for await (const input of inputs) {
        yield encodeJson((await prepare('assertion', input, author)).body);
      }
    }
    return this.#bulk('/v1/assert/batch', lines(), options);
  }

  /** Sends complete records of any kind: content objects, or lines of JSON as they are. */
  sendRecords(
    records: AsyncIterable<JsonObject | string> | Iterable<JsonObject | string>,
    options: BulkOptions = {},
  ): Promise<BulkAnswer> {
    async function* lines(): AsyncGenerator<string> {
      for await (const record of records) {
        yield typeof record === 'string' ? oneLine(record) : encodeJson(record);
      }
    }
    return this.#bulk('/v1/records', lines(), options);
  }

  /** Asks a question under a lens (`recency` unless said). */
  async query(question: QuestionInput, options: CallOptions = {}): Promise<Answer> {
    const json = normalizeQuestion(question);
    return (await this.#json({ method: 'POST', path: '/v1/query', json, ...options })) as never;
  }

  /** Every value with its share and support: what is contested, and how much. */
  skeptic(question: QuestionInput, options: CallOptions = {}): Promise<Answer> {
    return this.#lens('skeptic', question, options);
  }

  /** The best populated tier alone decides; each tier's own winner stands beside it. */
  layered(question: QuestionInput, options: CallOptions = {}): Promise<Answer> {
    return this.#lens('layered', question, options);
  }

  /** An assertion with its signatures and warnings; undefined when there is none. */
  assertion(id: string, options: ReadOptions = {}): Promise<StatedRecord | undefined> {
    return this.#record('/v1/assertions/', id, options);
  }

  /** A record of any kind as stored; undefined when there is none. */
  record(id: string, options: ReadOptions = {}): Promise<StatedRecord | undefined> {
    return this.#record('/v1/records/', id, options);
  }

  /** How the server is and how much it holds. */
  async health(options: CallOptions = {}): Promise<HealthAnswer> {
    return (await this.#json({ method: 'GET', path: '/v1/health', ...options })) as never;
  }

  async #lens(lens: string, question: QuestionInput, options: CallOptions): Promise<Answer> {
    const query = parameters({ ...normalizeQuestion(question), lens: undefined });
    return (await this.#json({ method: 'GET', path: `/v1/${lens}${query}`, ...options })) as never;
  }

  async #record(
    path: string,
    id: string,
    { asOf, minPosition, ...options }: ReadOptions,
  ): Promise<StatedRecord | undefined> {
    const query = parameters({ as_of: asOf, min_position: minPosition });
    const call = { method: 'GET' as const, path: path + encodeURIComponent(id) + query };
    try {
      return (await this.#json({ ...call, ...options })) as never;
    } catch (error) {
      if (error instanceof StemeClientError && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  async #write(path: string, json: JsonObject, options: CallOptions): Promise<WriteAnswer> {
    return (await this.#json({ method: 'POST', path, json, ...options })) as never;
  }

  #bulk(path: string, lines: AsyncIterable<string>, options: BulkOptions): Promise<BulkAnswer> {
    const settings = { ...options, path, retry: this.#retry, streaming: this.#streamBodies };
    return new BulkSender(this.#transport, settings).send(lines);
  }

  /** Every call of this class may be repeated: reads, and writes whose id is fixed. */
  async #json(call: Call): Promise<JsonObject> {
    const { signal } = call;
    const run = (): ReturnType<Transport['json']> => this.#transport.json(call);
    const { value, status } = await withRetry(this.#retry, this.#transport.clock, run, signal);
    if (isObject(value)) return value;
    const detail = 'The answer is not a JSON object; is this a StemeDB server?';
    throw new StemeClientError({ code: 'bad_answer', detail, status });
  }
}

const baseUrl = (text: string): string => {
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`The server's URL must begin with http:// or https://, not ${text}`);
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
};

/** Times are checked by the server; only the Unicode form of paths is settled here. */
const normalizeQuestion = (question: QuestionInput): JsonObject => normalizeInput(question);

const parameters = (values: { readonly [name: string]: JsonValue | undefined }): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null) search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
};

const oneLine = (text: string): string => {
  if (!text.includes('\n')) return text;
  throw new TypeError('A record sent as text must stand on one line.');
};
