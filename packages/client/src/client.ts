/**
 * `StemeClient`: the API of one StemeDB server as typed calls. Writes are signed here and have a
 * fixed id before the first try, so each of them may be sent again without a second record.
 */
import {
  type Answer,
  type AssertionDetail,
  type ConsistencyProof,
  type FeedPage,
  type FeedRecord,
  type ImpactAnswer,
  type InclusionProof,
  type JsonObject,
  type ListedRecord,
  type ProvDocument,
  parseAgentId,
  type RecordList,
  type StatedRecord,
  type TraceAnswer,
  type TrustAnswer,
  type WriteAnswer,
} from '@stemedb/model';
import type {
  BulkAnswer,
  ConstraintsInput,
  HealthAnswer,
  LogKey,
  QuestionInput,
} from './answer.js';
import { type BulkOptions, BulkSender } from './bulk.js';
import {
  type CallOptions,
  Calls,
  orUndefined,
  parameters,
  type ReadOptions,
  segment,
} from './calls.js';
import { type FeedOptions, type FeedPageOptions, feedOf, feedPage } from './feed.js';
import {
  type AliasInput,
  type AssertionInput,
  type Author,
  type EpochInput,
  encodeJson,
  type InputOf,
  normalizeInput,
  orderAlias,
  prepare,
  type RetractionInput,
  type SourceInput,
  type SupersessionInput,
  type VerdictInput,
  type VoteInput,
} from './input.js';
import { type ClientClock, systemClock } from './io/system.js';
import { type ListedKind, pathOf } from './kinds.js';
import {
  type FilterOf,
  type ImpactOptions,
  type ImpactPageOptions,
  impactPage,
  impactPages,
  type ListOptions,
  type PageOptions,
  recordPage,
  recordsOf,
} from './listing.js';
import { defaultRetry, type RetryPolicy } from './retry.js';
import type { Signer } from './signer.js';
import { provenanceOf, type TraceOptions, traceOf } from './trace.js';
import { type Fetch, Transport } from './transport.js';
import { coSign, retractSource, writeRecord } from './writing.js';

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

export interface DetailOptions extends ReadOptions {
  /** With the proof that the record is in the log. */
  readonly proof?: boolean;
}

/** A little more than the server's own limit of 30 s, so that its answer is the one reported. */
const timeoutDefaultMs = 35_000;

export class StemeClient {
  readonly #transport: Transport;
  readonly #calls: Calls;
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
    this.#calls = new Calls(this.#transport, this.#retry);
    this.#streamBodies = options.streamBodies ?? !('document' in globalThis);
  }

  /** States one claim; resolves when it is durable and visible. */
  assert(input: AssertionInput, options: CallOptions = {}): Promise<WriteAnswer> {
    return this.#write('assertion', input, options);
  }

  /** Registers a source that claims may cite by its id. */
  registerSource(input: SourceInput, options: CallOptions = {}): Promise<WriteAnswer> {
    return this.#write('source', input, options);
  }

  /** Signs an assertion that somebody else made; needs a signer. */
  sign(assertionId: string, options: CallOptions = {}): Promise<WriteAnswer> {
    return coSign(this.#calls, this.#author, assertionId, options);
  }

  /** Votes on a claim; the last vote of a voter for any claim of one value counts. */
  vote(input: VoteInput, options: CallOptions = {}): Promise<WriteAnswer> {
    return this.#write('vote', input, options);
  }

  /** Opens an epoch, which may put others out of force. */
  epoch(input: EpochInput, options: CallOptions = {}): Promise<WriteAnswer> {
    return this.#write('epoch', input, options);
  }

  /** Replaces, retracts or restores a record. */
  supersede(input: SupersessionInput, options: CallOptions = {}): Promise<WriteAnswer> {
    return this.#write('supersession', input, options);
  }

  /** Says that two concept paths, in any order, mean the same thing. */
  async alias(input: AliasInput, options: CallOptions = {}): Promise<WriteAnswer> {
    return this.#write('alias', orderAlias(input), options);
  }

  /** Says whether a claim turned out to be accurate: the trust in its author follows. */
  verdict(input: VerdictInput, options: CallOptions = {}): Promise<WriteAnswer> {
    return this.#write('verdict', input, options);
  }

  /** Retracts a source and with it what rests on it; look at `impact` first. */
  retractSource(
    sourceId: string,
    input: RetractionInput,
    options: CallOptions = {},
  ): Promise<WriteAnswer> {
    return retractSource(this.#calls, this.#author, sourceId, input, options);
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
  query(question: QuestionInput, options: CallOptions = {}): Promise<Answer> {
    return this.#calls.post('/v1/query', normalizeInput(question), options);
  }

  /** Every value with its share and support: what is contested, and how much. */
  skeptic(question: QuestionInput, options: CallOptions = {}): Promise<Answer> {
    return this.#lens('skeptic', question, options);
  }

  /** The best populated tier alone decides; each tier's own winner stands beside it. */
  layered(question: QuestionInput, options: CallOptions = {}): Promise<Answer> {
    return this.#lens('layered', question, options);
  }

  /** What must, must not or should be used with a concept, by itself and by its ancestors. */
  constraints(question: ConstraintsInput, options: CallOptions = {}): Promise<Answer> {
    return this.#lens('constraints', question, options);
  }

  /** An assertion and what others have said of it; undefined when there is none. */
  detail(id: string, options: DetailOptions = {}): Promise<AssertionDetail | undefined> {
    const path = `/v1/assertions/${segment(id)}`;
    return orUndefined(this.#calls.read(path, options, { proof: options.proof }));
  }

  /** A record of any kind as stored; undefined when there is none. */
  record(id: string, options: ReadOptions = {}): Promise<StatedRecord | undefined> {
    return orUndefined(this.#calls.read(`/v1/records/${segment(id)}`, options));
  }

  /** A record of one kind, and whether it has an effect; undefined when there is none. */
  read(kind: ListedKind, id: string, options: ReadOptions = {}): Promise<ListedRecord | undefined> {
    return orUndefined(this.#calls.read(`${pathOf[kind]}/${segment(id)}`, options));
  }

  /** All records of a kind that pass the filter; pages are fetched as they are needed. */
  list<Kind extends keyof FilterOf>(
    kind: Kind,
    filter: FilterOf[Kind],
    options: ListOptions = {},
  ): AsyncGenerator<ListedRecord, void> {
    return recordsOf(this.#calls, kind, filter, options);
  }

  /** One page of such a list; `next_cursor` leads to the next. */
  listPage<Kind extends keyof FilterOf>(
    kind: Kind,
    filter: FilterOf[Kind],
    options: PageOptions = {},
  ): Promise<RecordList> {
    return recordPage(this.#calls, kind, filter, options);
  }

  /** Every answer that the retraction of a source would change, page after page. */
  impact(sourceId: string, options: ImpactOptions = {}): AsyncGenerator<ImpactAnswer, void> {
    return impactPages(this.#calls, sourceId, options);
  }

  /** One page of them; `next_cursor` leads to the next. */
  impactPage(sourceId: string, options: ImpactPageOptions = {}): Promise<ImpactAnswer> {
    return impactPage(this.#calls, sourceId, options);
  }

  /** Every record of the node's log in order, and then each as it comes; survives connections that
   * break and servers that restart. Each record has the `cursor` that leads to what follows it. */
  feed(options: FeedOptions = {}): AsyncGenerator<FeedRecord, void> {
    const parts = { calls: this.#calls, transport: this.#transport, retry: this.#retry };
    return feedOf(parts, options);
  }

  /** One page of it; `next_cursor` leads to what follows. */
  feedPage(options: FeedPageOptions = {}): Promise<FeedPage> {
    return feedPage(this.#calls, options);
  }

  /** Where a record comes from and what came of it: its sources and premises up, its dependants
   * down, and what supersedes each. */
  trace(id: string, options: TraceOptions = {}): Promise<TraceAnswer> {
    return traceOf(this.#calls, id, options);
  }

  /** The same as W3C PROV-JSON. */
  provenance(id: string, options: TraceOptions = {}): Promise<ProvDocument> {
    return provenanceOf(this.#calls, id, options);
  }

  /** The trust in an agent, and the verdicts behind it. */
  trust(agentId: string, options: ReadOptions = {}): Promise<TrustAnswer> {
    return this.#calls.read(`/v1/trust/${segment(agentId)}`, options);
  }

  /** The newest checkpoint of the log: a signed note (C2SP tlog-checkpoint), byte for byte. */
  checkpoint(options: CallOptions = {}): Promise<string> {
    return this.#calls.text('/v1/log/checkpoint', options);
  }

  /** The key that checkpoints are verified with. Get it on a way that you trust. */
  logKey(options: CallOptions = {}): Promise<LogKey> {
    return this.#calls.get('/v1/log/key', options);
  }

  /** The proof that a record is in the tree of a size: the newest checkpoint's if left out. */
  inclusion(
    id: string,
    { size, ...options }: CallOptions & { readonly size?: number } = {},
  ): Promise<InclusionProof> {
    return this.#calls.get(`/v1/log/proof/inclusion${parameters({ id, size })}`, options);
  }

  /** The proof that the tree of size `from` is the beginning of that of size `to`. */
  consistency(from: number, to: number, options: CallOptions = {}): Promise<ConsistencyProof> {
    return this.#calls.get(`/v1/log/proof/consistency${parameters({ from, to })}`, options);
  }

  /** How the server is and how much it holds. */
  health(options: CallOptions = {}): Promise<HealthAnswer> {
    return this.#calls.get('/v1/health', options);
  }

  #lens(lens: string, question: QuestionInput, options: CallOptions): Promise<Answer> {
    const query = parameters({ ...normalizeInput(question), lens: undefined });
    return this.#calls.get(`/v1/${lens}${query}`, options);
  }

  #write<Kind extends keyof InputOf>(
    kind: Kind,
    input: InputOf[Kind],
    options: CallOptions,
  ): Promise<WriteAnswer> {
    return writeRecord(this.#calls, this.#author, kind, input, options);
  }

  #bulk(path: string, lines: AsyncIterable<string>, options: BulkOptions): Promise<BulkAnswer> {
    const settings = { ...options, path, retry: this.#retry, streaming: this.#streamBodies };
    return new BulkSender(this.#transport, settings).send(lines);
  }
}

const baseUrl = (text: string): string => {
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`The server's URL must begin with http:// or https://, not ${text}`);
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
};

const oneLine = (text: string): string => {
  if (!text.includes('\n')) return text;
  throw new TypeError('A record sent as text must stand on one line.');
};
