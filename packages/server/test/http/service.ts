/** The HTTP server over a whole simulated database, listening on a free loopback port. */

import assert from 'node:assert/strict';
import {
  canonicalBytes,
  defaultPolicyTable,
  type ErrorCode,
  errorTable,
  type JsonObject,
  type KeyPair,
  keyPairFromSeed,
  type PolicyTable,
  type RecordId,
  type RecordKind,
  recordIdOf,
  sign,
} from '@stemedb/model';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import type { HttpLimits } from '../../src/guard/limits.js';
import { httpLimits } from '../../src/guard/limits.js';
import type { HealthReport, HttpDeps } from '../../src/http/deps.js';
import { buildHttpServer } from '../../src/http/server.js';
import { LensRegistry } from '../../src/lens/registry.js';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';

export const startMs = Date.UTC(2026, 5, 1);

/** An agent that signs. */
export const author = keyPairFromSeed(new Uint8Array(32).fill(7));

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, when it is JSON. */
  readonly body: Record<string, unknown>;
}

export interface ServiceOptions {
  /** 0: every record is read from the log. */
  readonly cacheBytesMax?: number;
  readonly limits?: Partial<HttpLimits>;
  readonly allowedHosts?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  /** What differs from the built-in policy. */
  readonly policy?: Partial<PolicyTable>;
  /** Changes what is handed in, for instance to make the node fail. */
  readonly replace?: (deps: HttpDeps, target: SimulatedDatabase) => HttpDeps;
}

/** One finished request as the metrics saw it. */
interface Measured {
  readonly method: string;
  readonly route: string;
  readonly status: number;
}

export class HttpService {
  readonly app: FastifyInstance;
  readonly target: SimulatedDatabase;
  readonly port: number;
  readonly measured: Measured[] = [];
  readonly questions: string[] = [];
  /** What was logged as an error: a test that expects one empties it. */
  readonly errors: string[] = [];
  health: Partial<HealthReport> = {};

  private constructor(parts: {
    readonly app: FastifyInstance;
    readonly target: SimulatedDatabase;
    readonly port: number;
  }) {
    this.app = parts.app;
    this.target = parts.target;
    this.port = parts.port;
  }

  static async start(options: ServiceOptions = {}): Promise<HttpService> {
    const target = await simulatedDatabase({
      startMs,
      identity: 1,
      policy: { ...defaultPolicyTable, ...options.policy },
      ...(options.cacheBytesMax === undefined ? {} : { cacheBytesMax: options.cacheBytesMax }),
    });
    let service: HttpService | undefined;
    const deps = depsOf(target, options, () => service);
    const app = await buildHttpServer(options.replace?.(deps, target) ?? deps);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const address = app.server.address();
    if (address === null || typeof address === 'string') throw new Error('No port was given.');
    service = new HttpService({ app, target, port: address.port });
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Records that are visible, of every kind. */
  get recordCount(): number {
    const snapshot = this.target.database.store.snapshot();
    try {
      return snapshot.recordCount;
    } finally {
      snapshot.release();
    }
  }

  async send(path: string, init: RequestInit = {}): Promise<Answered> {
    const answer = await fetch(this.url + path, init);
    const text = await answer.text();
    const isJson = /^application\/(problem\+)?json/.test(answer.headers.get('content-type') ?? '');
    const body = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { status: answer.status, headers: answer.headers, text, body };
  }

  get(path: string, query: Readonly<Record<string, string>> = {}): Promise<Answered> {
    const words = new URLSearchParams(query).toString();
    return this.send(words === '' ? path : `${path}?${words}`);
  }

  /** Posts JSON: a text as it is, anything else as JSON of it. */
  post(path: string, body: unknown, type = 'application/json'): Promise<Answered> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.send(path, { method: 'POST', headers: { 'content-type': type }, body: text });
  }

  /** Posts lines; the lines of the answer. */
  async postLines(path: string, lines: readonly unknown[]): Promise<readonly AnswerLine[]> {
    const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
    const answer = await this.post(path, `${text.join('\n')}\n`, 'application/x-ndjson');
    assert.equal(answer.status, 200, answer.text);
    return linesOf(answer.text);
  }

  /** Ends the server; fails the test when it has logged an error. */
  async close(): Promise<void> {
    await this.app.close();
    await this.target.database.close();
    assert.deepEqual(this.errors, [], 'the server logged errors');
  }
}

/** A line of a streamed answer. */
export type AnswerLine = Readonly<Record<string, unknown>>;

export const linesOf = (text: string): readonly AnswerLine[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AnswerLine);

const depsOf = (
  { database, clock }: SimulatedDatabase,
  options: ServiceOptions,
  service: () => HttpService | undefined,
): HttpDeps => ({
  ingest: database.ingest,
  query: database.query,
  reads: database.reads,
  feed: database.feed,
  impacts: database.impacts,
  proofs: database.proofs,
  principalOf: () => ({ type: 'node', agentId: database.agentId }),
  health: () => ({
    status: 'healthy',
    ready: true,
    assertion_count: database.store.snapshot().assertionCount,
    record_count: service()?.recordCount ?? 0,
    version: '1.2.3',
    database_id: 'd',
    node_id: 'n',
    agent_id: database.agentId,
    position: `${database.log.logId}.${database.log.lastSequence}`,
    uptime_seconds: 1,
    ...service()?.health,
  }),
  metrics: {
    http: { requestFinished: (request) => void service()?.measured.push(request) },
    query: {
      answered: ({ endpoint, lens, failure }) => {
        service()?.questions.push(`${endpoint} ${lens} ${failure ?? 'answered'}`);
      },
    },
    text: async () => '# HELP a b\n',
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
  },
  lensNames: new LensRegistry().names(),
  config: {
    bindAddr: '127.0.0.1:0',
    allowedHosts: options.allowedHosts ?? [],
    allowedOrigins: options.allowedOrigins ?? [],
    version: '1.2.3',
    limits: { ...httpLimits, ...options.limits },
  },
  logger: pino({ level: 'error' }, { write: (line) => void service()?.errors.push(line) }),
  clock,
  random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
});

/** Runs a test against a server of its own. */
export const withService =
  (run: (service: HttpService) => Promise<void>, options: ServiceOptions = {}) =>
  async (): Promise<void> => {
    const service = await HttpService.start(options);
    let failure: unknown;
    try {
      await run(service);
    } catch (cause) {
      failure = cause;
    }
    try {
      await service.close();
    } catch (cause) {
      failure ??= cause;
    }
    if (failure !== undefined) throw failure;
  };

/** Checks a problem document; `pointer` is where one of its faults lies. */
export const assertProblem = (answer: Answered, code: ErrorCode, pointer?: string): void => {
  assert.equal(answer.body.code, code, answer.text);
  assert.equal(answer.status, errorTable[code].status);
  assert.equal(answer.body.status, errorTable[code].status);
  assert.equal(answer.body.type, `/errors#${code}`);
  assert.equal(answer.body.title, errorTable[code].title);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.ok(typeof answer.body.detail === 'string' && answer.body.detail.length > 0);
  if (pointer === undefined) return;
  const faults = (answer.body.errors ?? []) as readonly { readonly pointer: string }[];
  assert.ok(
    faults.some((fault) => fault.pointer === pointer),
    `no fault at "${pointer}": ${answer.text}`,
  );
};

/** The short form of a claim. */
export const claim = (members: JsonObject = {}): JsonObject => ({
  concept_path: 'test/cluster',
  predicate: 'replicated',
  value: true,
  ...members,
});

export interface SignedContent {
  readonly id: RecordId;
  readonly content: JsonObject;
  readonly signature: string;
  /** The body of a write: content and signature. */
  readonly body: JsonObject;
  /** The attestation as a record of its own. */
  readonly attestation: JsonObject;
}

/** A complete record of the author, or of somebody else, signed. */
export const signedContent = (
  kind: RecordKind,
  members: JsonObject,
  signer: KeyPair = author,
): SignedContent => {
  const stated = { kind, v: 1, agent_id: signer.agentId, asserted_at: startMs };
  const content = { ...stated, ...members } as JsonObject;
  const id = recordIdOf(canonicalBytes(content));
  const signature = sign(kind, id, signer.secretSeed);
  const held = { agent_id: signer.agentId, signature };
  return {
    id,
    content,
    signature,
    body: { ...content, signatures: [held] },
    attestation: { kind: 'attestation', v: 1, target: id, ...held },
  };
};
