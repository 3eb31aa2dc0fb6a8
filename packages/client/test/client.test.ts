import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  canonicalBytes,
  type JsonObject,
  keyPairFromSeed,
  nobleVerify,
  parseJson,
  parseRecordId,
  parseSignature,
  recordIdOf,
  verifySignature,
} from '@stemedb/model';
import { StemeClient, StemeClientError, signerFromSeed } from '../src/index.js';
import { nodeCryptoSigner } from '../src/node.js';
import { fakeClock, hangUp, json, startServer } from './fake_server.js';

const seed = new Uint8Array(32).fill(7);
const written = { id: 'a'.repeat(64), status: 'created', position: 'x.1' };
const claim = { concept_path: 'drug/aspirin', predicate: 'max_dose', value: 4000, unit: 'mg/d' };

const bodyOf = (text: string | undefined): JsonObject => {
  const parsed = parseJson(text ?? '');
  assert.ok(parsed.ok);
  return parsed.value as JsonObject;
};

const caught = async (promise: Promise<unknown>): Promise<StemeClientError> => {
  const error: unknown = await promise.then(
    () => assert.fail('It should have failed.'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StemeClientError, String(error));
  return error;
};

for (const [name, signer] of [
  ['pure', signerFromSeed(seed)],
  ['node:crypto', nodeCryptoSigner(seed)],
] as const) {
  test(`assert fills author and time and signs the id (${name})`, async (context) => {
    const server = await startServer(context, [json(201, written)]);
    const client = new StemeClient({ url: server.url, signer, clock: fakeClock() });
    await client.assert(claim);
    const { signatures, ...fields } = bodyOf(server.seen[0]?.body);
    assert.deepEqual(fields, {
      ...claim,
      agent_id: keyPairFromSeed(seed).agentId,
      asserted_at: 1_700_000_000_000,
    });
    const id = recordIdOf(canonicalBytes({ kind: 'assertion', v: 1, ...fields }));
    const [first] = signatures as readonly { agent_id: string; signature: string }[];
    assert.equal(first?.agent_id, signer.agentId);
    const signature = parseSignature(first?.signature ?? '');
    assert.ok(signature !== undefined && parseRecordId(id) !== undefined);
    assert.ok(verifySignature('assertion', id, signer.agentId, signature, nobleVerify));
  });
}

test('both signers make the same signature', async () => {
  const id = recordIdOf(new Uint8Array([1, 2, 3]));
  const [pure, fast] = [signerFromSeed(seed), nodeCryptoSigner(seed)];
  assert.equal(fast.agentId, pure.agentId);
  assert.equal(await fast.sign('source', id), await pure.sign('source', id));
});

test('a retry after a lost connection sends the same bytes', async (context) => {
  const server = await startServer(context, [hangUp, hangUp, json(200, written)]);
  const clock = fakeClock();
  const client = new StemeClient({ url: server.url, signer: signerFromSeed(seed), clock });
  assert.equal((await client.assert(claim)).id, written.id);
  assert.equal(new Set(server.seen.map(({ body }) => body)).size, 1);
  assert.equal(server.seen.length, 3);
  assert.deepEqual(clock.waits, [100, 200]);
});

test('503 waits at least as long as Retry-After asks', async (context) => {
  const busy = json(503, { code: 'overloaded', detail: 'full' }, { 'retry-after': '3' });
  const server = await startServer(context, [busy, json(201, written)]);
  const clock = fakeClock();
  await new StemeClient({ url: server.url, clock }).assert(claim);
  assert.deepEqual(clock.waits, [3000]);
});

test('a Retry-After beyond the bound is reported, not waited for', async (context) => {
  const busy = json(503, { code: 'overloaded', detail: 'full' }, { 'retry-after': '3600' });
  const server = await startServer(context, [busy]);
  const error = await caught(new StemeClient({ url: server.url }).assert(claim));
  assert.equal(error.code, 'overloaded');
  assert.equal(error.retryAfterMs, 3_600_000);
  assert.equal(server.seen.length, 1);
});

test('a refusal is not repeated and carries its faults', async (context) => {
  const fault = { code: 'invalid_field', pointer: '/confidence', detail: 'from 0 to 1' };
  const problem = { code: 'invalid_field', detail: 'No.', errors: [fault], hint: 'x' };
  const server = await startServer(context, [json(422, problem)]);
  const error = await caught(new StemeClient({ url: server.url }).assert(claim));
  assert.equal(error.code, 'invalid_field');
  assert.equal(error.status, 422);
  assert.deepEqual(error.faults, [fault]);
  assert.equal(error.problem?.hint, 'x');
  assert.equal(server.seen.length, 1);
});

test('tries are bounded', async (context) => {
  const server = await startServer(context, [hangUp]);
  const client = new StemeClient({
    url: server.url,
    clock: fakeClock(),
    retry: { attemptsMax: 3 },
  });
  const error = await caught(client.health());
  assert.equal(error.code, 'connection_failed');
  assert.equal(server.seen.length, 3);
});

test('disk_full is reported at once: waiting does not make room', async (context) => {
  const server = await startServer(context, [json(507, { code: 'disk_full', detail: 'full' })]);
  assert.equal(
    (await caught(new StemeClient({ url: server.url }).assert(claim))).code,
    'disk_full',
  );
  assert.equal(server.seen.length, 1);
});

test('paths are sent in NFC, text values as they are', async (context) => {
  const server = await startServer(context, [json(201, written)]);
  const decomposed = 'cafe\u0301';
  const client = new StemeClient({ url: server.url });
  await client.assert({ concept_path: decomposed, predicate: decomposed, value: decomposed });
  const first = bodyOf(server.seen[0]?.body);
  assert.deepEqual(
    [first.concept_path, first.predicate, first.value],
    ['caf\u00e9', 'caf\u00e9', decomposed],
  );
  await client.assert({ ...claim, value: { ref: decomposed } });
  assert.deepEqual(bodyOf(server.seen[1]?.body).value, { ref: 'caf\u00e9' });
  await client.query({ prefix: decomposed });
  assert.equal(bodyOf(server.seen[2]?.body).prefix, 'caf\u00e9');
});

test('times become milliseconds before the id is computed', async (context) => {
  const server = await startServer(context, [json(201, written)]);
  const client = new StemeClient({ url: server.url, signer: signerFromSeed(seed) });
  await client.assert({ ...claim, asserted_at: '2024-05-01T02:00:00+02:00' });
  assert.equal(bodyOf(server.seen[0]?.body).asserted_at, Date.UTC(2024, 4, 1));
  const error = await caught(client.assert({ ...claim, asserted_at: 'yesterday' }));
  assert.equal(error.faults[0]?.pointer, '/asserted_at');
});

test('skeptic and layered ask by GET with the question as parameters', async (context) => {
  const server = await startServer(context, [json(200, { results: [] })]);
  const client = new StemeClient({ url: `${server.url}/` });
  await client.skeptic({ concept_path: 'a b/c', explain: true, lens: 'recency' });
  await client.layered({ prefix: 'x', limit: 5 });
  assert.deepEqual(
    server.seen.map(({ method, url }) => `${method} ${url}`),
    ['GET /v1/skeptic?concept_path=a+b%2Fc&explain=true', 'GET /v1/layered?prefix=x&limit=5'],
  );
});

test('an unknown id is undefined, another fault is an error', async (context) => {
  const missing = json(404, { code: 'not_found', detail: 'none' });
  const server = await startServer(context, [missing, json(422, { code: 'invalid_field' })]);
  const client = new StemeClient({ url: server.url });
  assert.equal(await client.record('b'.repeat(64)), undefined);
  assert.equal((await caught(client.detail('x/../y'))).code, 'invalid_field');
  assert.equal(server.seen[1]?.url, '/v1/assertions/x%2F..%2Fy');
});

test('an answer that is not ours is named as such', async (context) => {
  const html = json(200, 'unused');
  const server = await startServer(context, [
    (response) => void response.end('<html>'),
    html,
    (response) => void response.writeHead(500).end('oops'),
  ]);
  const client = new StemeClient({ url: server.url });
  assert.equal((await caught(client.health())).code, 'bad_answer');
  assert.equal((await caught(client.health())).code, 'bad_answer');
  assert.equal((await caught(client.health())).status, 500);
});

test('a call can be cancelled', async (context) => {
  const server = await startServer(context, [() => new Promise(() => undefined)]);
  const controller = new AbortController();
  const asked = new StemeClient({ url: server.url }).health({ signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  await assert.rejects(asked, { name: 'AbortError' });
  assert.equal(server.seen.length, 1);
});

test('the API key goes out as a header', async (context) => {
  const server = await startServer(context, [json(200, { status: 'healthy', assertion_count: 1 })]);
  await new StemeClient({ url: server.url, apiKey: 'secret' }).health();
  assert.equal(server.seen[0]?.headers['x-api-key'], 'secret');
});

test('signatures made elsewhere are sent as they are', async (context) => {
  const server = await startServer(context, [json(201, written)]);
  const signatures = [{ agent_id: 'c'.repeat(64), signature: 'd'.repeat(128) }];
  const signed = { ...claim, agent_id: 'c'.repeat(64), asserted_at: 1, signatures };
  for (const options of [{}, { signer: signerFromSeed(seed) }]) {
    await new StemeClient({ url: server.url, ...options }).assert(signed);
    assert.deepEqual(bodyOf(server.seen.at(-1)?.body), signed);
  }
});

test('what JSON cannot carry is refused before anything is sent', async (context) => {
  const server = await startServer(context, [json(201, written)]);
  const client = new StemeClient({ url: server.url });
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, '\ud800']) {
    assert.equal((await caught(client.assert({ ...claim, value }))).code, 'invalid_field');
  }
  assert.equal(server.seen.length, 0);
});
