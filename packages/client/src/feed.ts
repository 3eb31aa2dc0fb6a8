/**
 * The feed of a node: pages, and records one after the other for as long as anybody takes them. A
 * connection that breaks is made anew behind the last record, so each record comes once, in order.
 */
import type { FeedPage, FeedRecord, JsonObject, RecordKind } from '@stemedb/model';
import { type CallOptions, type Calls, parameters } from './calls.js';
import { isErrorCode, StemeClientError } from './error.js';
import { eventsOf, type ServerEvent } from './events.js';
import { normalizeInput } from './input.js';
import { type RetryPolicy, retryDelayMs } from './retry.js';
import { isObject, parseAnswer, type Transport } from './transport.js';

export interface FeedFilter {
  /** Only records of this kind. */
  readonly kind?: RecordKind;
  /** Only claims and aliases of this concept and those below it, and what is said about them. */
  readonly prefix?: string;
}

export interface FeedPageOptions extends CallOptions, FeedFilter {
  /** A cursor, or `now`; the beginning of the log if left out. */
  readonly since?: string;
  /** A `position` of a write, which is looked at then. */
  readonly minPosition?: string;
  /** Of one page, 1 to 1,000; 100 if left out. */
  readonly limit?: number;
}

export interface FeedOptions extends Omit<FeedPageOptions, 'limit'> {
  /** Go on as records come (as if left out), or end with those that are there: `false`. */
  readonly follow?: boolean;
}

/** Records of one page when nobody looks at pages. */
const pageRecords = 1_000;

const pathOfFeed = (options: FeedPageOptions): string => {
  const { since, kind, prefix, limit, minPosition } = options;
  const fields = normalizeInput({ since, kind, prefix, limit, min_position: minPosition });
  return `/v1/feed${parameters(fields)}`;
};

export const feedPage = (calls: Calls, options: FeedPageOptions): Promise<FeedPage> =>
  calls.get(pathOfFeed(options), options);

export interface FeedParts {
  readonly calls: Calls;
  readonly transport: Transport;
  readonly retry: RetryPolicy;
}

/** Every record from where `since` says. */
export const feedOf = (
  parts: FeedParts,
  { follow = true, ...options }: FeedOptions,
): AsyncGenerator<FeedRecord, void> =>
  follow ? followed(parts, options) : recordsThere(parts.calls, options);

async function* recordsThere(
  calls: Calls,
  options: FeedPageOptions,
): AsyncGenerator<FeedRecord, void> {
  let { since } = options;
  for (let more = true; more; ) {
    const asked = { ...options, limit: pageRecords, ...(since !== undefined && { since }) };
    const page = await feedPage(calls, asked);
    yield* page.records;
    since = page.next_cursor;
    more = page.more;
  }
}

async function* followed(
  { transport, retry }: FeedParts,
  options: FeedPageOptions,
): AsyncGenerator<FeedRecord, void> {
  const { clock } = transport;
  const { signal } = options;
  let { since } = options;
  for (let attempt = 1; ; attempt += 1) {
    let error: unknown = cutOff();
    try {
      const path = pathOfFeed({ ...options, ...(since !== undefined && { since }) });
      for await (const event of eventsOf(transport, path, signal)) {
        // What a page says of its start counts, too: `now` is a place once it was answered.
        since = event.id ?? since;
        attempt = 1;
        if (event.type === 'end') error = lastWords(event);
        else if (event.data !== undefined) yield recordOf(event.data);
      }
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      error = cause;
    }
    const delayMs = retryDelayMs(retry, error, attempt, () => clock.random());
    if (delayMs === undefined) throw error;
    await clock.sleep(delayMs, signal);
  }
}

const recordOf = (data: string): FeedRecord => {
  const record = parseAnswer(data);
  // The server's events are typed by the model and held against its schemas there.
  if (isObject(record)) return record as JsonObject & FeedRecord;
  const detail = 'An event of the feed is not a JSON object; is this a StemeDB server?';
  throw new StemeClientError({ code: 'bad_answer', detail });
};

const cutOff = (): StemeClientError =>
  new StemeClientError({ code: 'incomplete', detail: 'The stream ended without a word.' });

const lastWords = ({ data = '' }: ServerEvent): StemeClientError => {
  const said = parseAnswer(data);
  const { code, detail } = isObject(said) ? said : {};
  return new StemeClientError({
    code: typeof code === 'string' && isErrorCode(code) ? code : 'bad_answer',
    detail: typeof detail === 'string' ? detail : 'The stream ended.',
  });
};
