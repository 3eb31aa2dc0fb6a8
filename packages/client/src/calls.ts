/**
 * One call after the other: JSON documents over a transport, tried again where that may help.
 * Every call of this client may be repeated: reads, and writes whose id is fixed before the first
 * try. Answers are taken as the API promises them; only their outermost form is checked.
 */
import type { JsonObject, JsonValue } from '@stemedb/model';
import { StemeClientError } from './error.js';
import { type RetryPolicy, withRetry } from './retry.js';
import { type Call, isObject, type Transport } from './transport.js';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface ReadOptions extends CallOptions {
  /** The moment asked about: RFC 3339, milliseconds, or a stamp. */
  readonly asOf?: string | number;
  /** A `position` of a write, which the answer then includes. */
  readonly minPosition?: string;
}

type Parameters = { readonly [name: string]: JsonValue | undefined };

/** The query string for these parameters, with its `?`; undefined ones are left out. */
export const parameters = (values: Parameters): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null) search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
};

/** A text of the caller's as one segment of a path. */
export const segment = (text: string): string => encodeURIComponent(text);

export class Calls {
  readonly #transport: Transport;
  readonly #retry: RetryPolicy;

  constructor(transport: Transport, retry: RetryPolicy) {
    this.#transport = transport;
    this.#retry = retry;
  }

  /** `Answer` is what the API documents for this path. */
  get<Answer>(path: string, { signal }: CallOptions = {}): Promise<Answer> {
    return this.#json({ method: 'GET', path, signal });
  }

  /** A read as of a moment. */
  read<Answer>(path: string, options: ReadOptions, more: Parameters = {}): Promise<Answer> {
    const { asOf, minPosition } = options;
    return this.get(
      path + parameters({ ...more, as_of: asOf, min_position: minPosition }),
      options,
    );
  }

  post<Answer>(path: string, json: JsonObject, { signal }: CallOptions = {}): Promise<Answer> {
    return this.#json({ method: 'POST', path, json, signal });
  }

  /** A document that is plain text. */
  text(path: string, { signal }: CallOptions = {}): Promise<string> {
    const call = { method: 'GET' as const, path, accept: 'text/plain', signal };
    return this.#retried(call, async () => (await this.#transport.text(call)).text);
  }

  async #json<Answer>(call: Call): Promise<Answer> {
    const { value, status } = await this.#retried(call, () => this.#transport.json(call));
    // The server's answers are typed by the model and held against its schemas there.
    if (isObject(value)) return value as Answer;
    const detail = 'The answer is not a JSON object; is this a StemeDB server?';
    throw new StemeClientError({ code: 'bad_answer', detail, status });
  }

  #retried<T>({ signal }: Call, attempt: () => Promise<T>): Promise<T> {
    return withRetry(this.#retry, this.#transport.clock, attempt, signal);
  }
}

/** The answer, or undefined when there is no such thing. */
export const orUndefined = async <T>(answer: Promise<T>): Promise<T | undefined> => {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StemeClientError && error.code === 'not_found') return undefined;
    throw error;
  }
};
