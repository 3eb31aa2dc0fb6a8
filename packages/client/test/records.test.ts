/** Writes of every kind: what goes over the wire, and that its signature is over the right id. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  canonicalBytes,
  type JsonObject,
  nobleVerify,
  parseJson,
  parseSignature,
  type RecordKind,
  recordIdOf,
  verifySignature,
} from '@stemedb/model';
import { StemeClient, StemeClientError, signerFromSeed } from '../src/index.js';
import { fakeClock, hangUp, json, startServer } from './fake_server.js';

const signer = signerFromSeed(new Uint8Array(32).fill(9));
const id = 'ab'.repeat(32);
const other = 'cd'.repeat(32);
const written = { id: other, status: 'created', position: 'log.1' };
const nowMs = 1_700_000_000_000;

const bodyOf = (text: string | undefined): JsonObject => {
  const parsed = parseJson(text ?? '');
  assert.ok(parsed.ok);
  return parsed.value as JsonObject;
};

type Signatures = readonly { readonly agent_id: string; readonly signature: string }[];

/** The record whose fields these are has the signature of the client's signer. */
const assertSigned = (kind: RecordKind, fields: JsonObject, signatures: unknown): void => {
  const [first] = signatures as Signatures;
  assert.equal(first?.agent_id, signer.agentId);
  const signature = parseSignature(first?.signature ?? '');
  assert.ok(signature !== undefined);
  const target = recordIdOf(canonicalBytes({ kind, v: 1, ...fields }));
  assert.ok(verifySignature(kind, target, signer.agentId, signature, nobleVerify));
};

const stated = { agent_id: signer.agentId, asserted_at: nowMs };

interface Case {
  readonly kind: RecordKind;
  readonly path: string;
  readonly call: (client: StemeClient) => Promise<unknown>;
  readonly fields: JsonObject;
}

const cases: readonly Case[] = [
  {
    kind: 'vote',
    path: '/v1/vote',
    call: (client) => client.vote({ target: id, weight: -0.5, note: 'no', realm: 'r' }),
    fields: { target: id, weight: -0.5, note: 'no', realm: 'r' },
  },
  {
    kind: 'epoch',
    path: '/v1/epoch',
    call: (client) => client.epoch({ name: 'after', supersedes: [id], description: 'why' }),
    fields: { name: 'after', supersedes: [id], description: 'why' },
  },
  {
    kind: 'supersession',
    path: '/v1/supersede',
    call: (client) =>
      client.supersede({ target: id, action: 'replace', replacement: other, reason: 'typo' }),
    fields: { target: id, action: 'replace', replacement: other, reason: 'typo' },
  },
  {
    kind: 'alias',
    path: '/v1/alias',
    call: (client) => client.alias({ a: 'drug/x', b: 'drug/asa', reason: 'same' }),
    fields: { a: 'drug/asa', b: 'drug/x', reason: 'same' },
  },
  {
    kind: 'verdict',
    path: '/v1/verdict',
    call: (client) => client.verdict({ target: id, outcome: 'inaccurate' }),
    fields: { target: id, outcome: 'inaccurate' },
  },
];

for (const { kind, path, call, fields } of cases) {
  test(`a ${kind} is completed, signed and sent, twice the same`, async (context) => {
    const server = await startServer(context, [hangUp, json(201, written)]);
    const client = new StemeClient({ url: server.url, signer, clock: fakeClock() });
    assert.deepEqual(await call(client), written);
    const [first, second] = server.seen;
    assert.equal(first?.body, second?.body);
    assert.equal(`${second?.method} ${second?.url}`, `POST ${path}`);
    const { signatures, ...sent } = bodyOf(second?.body);
    assert.deepEqual(sent, { ...fields, ...stated });
    assertSigned(kind, sent, signatures);
  });

  test(`a ${kind} without a signer leaves its author to the server`, async (context) => {
    const server = await startServer(context, [json(201, written)]);
    await call(new StemeClient({ url: server.url, clock: fakeClock() }));
    assert.deepEqual(bodyOf(server.seen[0]?.body), { ...fields, asserted_at: nowMs });
  });
}

test('the paths of an alias are ordered by their bytes, in form C', async (context) => {
  const server = await startServer(context, [json(201, written)]);
  const client = new StemeClient({ url: server.url });
  const pairs: readonly (readonly [string, string])[] = [
    // U+FF21 is before U+1F600 in UTF-8 and after it in UTF-16.
    ['\u{1f600}', '\uff21'],
    ['cafe\u0301', 'caf'],
    ['a', 'b'],
  ];
  for (const [a, b] of pairs) await client.alias({ a, b });
  assert.deepEqual(
    server.seen.map(({ body }) => [bodyOf(body).a, bodyOf(body).b]),
    [
      ['\uff21', '\u{1f600}'],
      ['caf', 'caf\u00e9'],
      ['a', 'b'],
    ],
  );
  const same = client.alias({ a: 'caf\u00e9', b: 'cafe\u0301' });
  await assert.rejects(same, { code: 'invalid_field' });
  assert.equal(server.seen.length, pairs.length);
});

test('sign sends a signature over the assertion, and nothing else', async (context) => {
  const server = await startServer(context, [json(201, written)]);
  await new StemeClient({ url: server.url, signer }).sign(id);
  assert.equal(server.seen[0]?.url, `/v1/assertions/${id}/signatures`);
  const { agent_id: agentId, signature: text, ...rest } = bodyOf(server.seen[0]?.body);
  assert.deepEqual(rest, {});
  assert.equal(agentId, signer.agentId);
  const signature = parseSignature(String(text));
  assert.ok(signature !== undefined);
  const target = recordIdOf(new Uint8Array());
  assert.ok(!verifySignature('assertion', target, signer.agentId, signature, nobleVerify));
  assert.ok(verifySignature('assertion', id as never, signer.agentId, signature, nobleVerify));
});

test('sign without a signer, or of no id, sends nothing', async (context) => {
  const server = await startServer(context, [json(201, written)]);
  await assert.rejects(new StemeClient({ url: server.url }).sign(id), TypeError);
  const client = new StemeClient({ url: server.url, signer });
  await assert.rejects(client.sign('x'), { code: 'invalid_field' });
  assert.equal(server.seen.length, 0);
});

test('retracting a source signs the supersession that it becomes', async (context) => {
  const server = await startServer(context, [json(201, written)]);
  const client = new StemeClient({ url: server.url, signer, clock: fakeClock() });
  await client.retractSource(id, { reason: 'withdrawn', ifPosition: 'log.7', realm: 'r' });
  assert.equal(server.seen[0]?.url, `/v1/sources/${id}/retract`);
  const { signatures, if_position: position, ...sent } = bodyOf(server.seen[0]?.body);
  assert.equal(position, 'log.7');
  assert.deepEqual(sent, { reason: 'withdrawn', realm: 'r', ...stated });
  assertSigned('supersession', { ...sent, target: id, action: 'retract' }, signatures);
});

test('what the server refuses is an error with its code, not tried again', async (context) => {
  const refusals = [
    [404, 'not_found'],
    [403, 'forbidden'],
    [409, 'conflict'],
    [409, 'transition_not_allowed'],
    [422, 'invalid_field'],
  ] as const;
  for (const [status, code] of refusals) {
    const server = await startServer(context, [json(status, { code, detail: 'No.' })]);
    const client = new StemeClient({ url: server.url, signer, clock: fakeClock() });
    await assert.rejects(client.retractSource(id, { reason: 'r' }), (error) => {
      assert.ok(error instanceof StemeClientError);
      return error.code === code && error.status === status;
    });
    assert.equal(server.seen.length, 1);
  }
});
