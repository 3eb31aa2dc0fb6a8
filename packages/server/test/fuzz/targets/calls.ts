/** Every call of the server: a line `METHOD URL TYPE`, then the body. */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { errorTable } from '@stemedb/model';
import { author, claim, HttpService, signedContent, startMs } from '../../http/service.js';
import type { OpenTarget, Target } from '../target.js';

const known = signedContent('assertion', claim({ value: 5 }));
const source = signedContent('source', { title: 'T', uri: 'https://a.example/' });
const other = signedContent('assertion', claim({ value: 6, parent: known.id, source: source.id }));

const writes: readonly (readonly [string, unknown])[] = [
  ['/v1/assert', claim({ unit: 'mg', value: 1, confidence: 0.5, source: source.id })],
  ['/v1/assert', other.body],
  ['/v1/assert/batch', [claim({ value: 'é' }), claim({ value: { json: [1] } })]],
  ['/v1/vote', signedContent('vote', { target: known.id, weight: 0.5, note: 'n' }).body],
  ['/v1/epoch', signedContent('epoch', { name: 'e', description: 'd' }).body],
  ['/v1/supersede', signedContent('supersession', { target: known.id, action: 'retract' }).body],
  ['/v1/alias', signedContent('alias', { a: 'test/a', b: 'test/b', reason: 'r' }).body],
  ['/v1/verdict', signedContent('verdict', { target: known.id, outcome: 'accurate' }).body],
  ['/v1/sources', { title: 'T', uri: 'https://b.example/', class: 'web', content: 'c' }],
  [`/v1/sources/${source.id}/retract`, { reason: 'r' }],
  [
    `/v1/assertions/${known.id}/signatures`,
    { agent_id: author.agentId, signature: 'ab'.repeat(64) },
  ],
  [
    '/v1/query',
    { concept_path: 'test/cluster', predicate: 'replicated', lens: 'consensus', as_of: startMs },
  ],
  ['/v1/query', { prefix: 'test', limit: 10, lens: 'layered', explain: true, min_confidence: 0 }],
];

const reads: readonly string[] = [
  '/v1/query?concept_path=test/cluster&predicate=replicated&lens=recency&explain=true',
  '/v1/query?prefix=test&limit=1&as_of=2026-06-01T00:00:00Z&cursor=e30.AAAA',
  '/v1/skeptic?concept_path=test/cluster&predicate=replicated',
  '/v1/layered?concept_path=test/cluster&predicate=replicated',
  '/v1/constraints?concept_path=test/cluster&agent_id=a',
  ...[`/v1/records/${known.id}`, `/v1/assertions/${known.id}?as_of=0`, `/v1/sources/${source.id}`],
  ...[`/v1/assertions/${known.id}/signatures`, `/v1/sources/${source.id}/impact?limit=5`],
  ...[`/v1/trust/${author.agentId}?min_position=${'0'.repeat(32)}.1`, '/v1/vote?limit=1'],
  ...['/v1/sources?limit=2&cursor=a.b', '/v1/alias?concept_path=test/a', '/v1/policy', '/v1/epoch'],
  `/v1/log/proof/inclusion?id=${known.id}&size=1`,
  ...['/v1/log/proof/consistency?from=1&to=2', '/v1/log/checkpoint', '/v1/log/key'],
  ...['/v1/health', '/v1/health/live', '/v1/health/ready', '/metrics', '/errors', '/openapi.json'],
];

const line = (url: string, type: string, body: string): string => `POST ${url} ${type}\n${body}`;

const streamed = `${JSON.stringify(claim({ value: 3 }))}\n[]\n${JSON.stringify(other.body)}\n`;
const carried = [known.attestation, other.content, other.attestation].map((x) => JSON.stringify(x));

const methods: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'TRACE'],
]);

interface Call {
  readonly method: string;
  readonly url: string;
  readonly type: string;
  readonly body: Buffer;
}

const callOf = (input: Uint8Array): Call => {
  const bytes = Buffer.from(input);
  const end = bytes.indexOf(10) < 0 ? bytes.length : bytes.indexOf(10);
  const [method = '', url = '', ...type] = bytes.toString('latin1', 0, end).split(' ');
  // Other characters never arrive here: the parser of HTTP refuses them, which `wire` holds.
  const clean = (part: string): string => part.replaceAll(/[^\x20-\x7e]/g, '%ff');
  return {
    method: methods.has(method) ? method : 'POST',
    url: `/${clean(url).replace(/^\/+/, '')}`,
    type: clean(type.join(' ')) || 'application/json',
    body: bytes.subarray(end + 1),
  };
};

/** Records of one server; then a fresh one takes its place, so that memory says something. */
const recordsMax = 3000;

interface Answer {
  readonly status: number;
  readonly payload: string;
}

class Calls implements OpenTarget {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #service: HttpService;

  constructor(service: HttpService) {
    this.#service = service;
  }

  static async open(): Promise<HttpService> {
    const service = await HttpService.start();
    for (const [path, body] of [
      ['/v1/sources', source.body],
      ['/v1/assert', known.body],
    ] as const) {
      assert.equal((await service.post(path, body)).status, 201);
    }
    return service;
  }

  readonly run = async (input: Uint8Array): Promise<void> => {
    const call = callOf(input);
    const { method } = call;
    const before = this.#service.recordCount;
    const { status, payload } = await this.#send(call);
    const shown = `${status} ${payload.slice(0, 300)} ${this.#service.errors.join().slice(0, 600)}`;
    assert.ok(status >= 200 && status < 500, shown);
    assert.deepEqual(this.#service.errors, []);
    const stored = this.#service.recordCount - before;
    assert.ok(stored >= 0 && (stored === 0 || method === 'POST'), `${method} stores: ${shown}`);
    if (status >= 400) {
      assert.equal(stored, 0, `refused, but stored: ${shown}`);
      if (method !== 'HEAD') {
        const problem = JSON.parse(payload) as { readonly code: string; readonly status: number };
        assert.ok(Object.hasOwn(errorTable, problem.code), shown);
        assert.equal(problem.status, status);
      }
    }
    if (this.#service.recordCount < recordsMax) return;
    await this.#service.close();
    this.#service = await Calls.open();
  };

  readonly close = async (): Promise<void> => {
    this.#agent.destroy();
    await this.#service.close();
  };

  #send({ method, url, type, body }: Call): Promise<Answer> {
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const headers = hasBody ? { 'content-type': type, 'content-length': body.length } : {};
    const options = { port: this.#service.port, agent: this.#agent, path: url, method, headers };
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', ...options }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, payload: Buffer.concat(parts).toString() });
        });
      });
      sent.on('error', reject);
      sent.end(hasBody ? body : undefined);
    });
  }
}

export const calls: Target = {
  name: 'calls',
  seeds: [
    ...writes.map(([url, body]) => line(url, 'application/json', JSON.stringify(body))),
    line('/v1/assert/batch', 'application/x-ndjson', streamed),
    line('/v1/records', 'application/x-ndjson', carried.join('\n')),
    ...reads.map((url) => `GET ${url}`),
  ],
  words: [
    ...['lens=', 'recency', 'confidence', 'consensus', 'votes', 'authority', 'skeptic', 'layered'],
    ...['as_of', 'min_position', 'cursor', 'explain', 'decay', 'prefix', 'limit=1001', 'epoch'],
    ...[
      'application/json',
      'application/x-ndjson',
      '; charset=utf-16',
      'signatures',
      'asserted_at',
    ],
    ...[known.id, source.id, author.agentId, '0'.repeat(64), ...methods],
  ],
  bytesMax: 8192,
  runs: 1500,
  open: async () => new Calls(await Calls.open()),
};
