/** One request of each kind of bad input to a real server: refused, nothing stored, still there. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { keyPairFromSeed } from '@stemedb/model';
import { ServerProcess } from '../support/server_process.js';
import { recordCount } from '../support/small_database.js';

const json = 'application/json';
const stranger = keyPairFromSeed(new Uint8Array(32).fill(77)).agentId;

const body = (changes: object): string =>
  JSON.stringify({ concept_path: 'bad/input', predicate: 'is', value: 1, ...changes });

/** A claim whose value is written as is. */
const withValue = (value: string): string =>
  `{"concept_path":"bad/input","predicate":"is","value":${value}}`;

interface Bad {
  readonly what: string;
  readonly send: string;
  readonly type?: string;
  readonly status: number;
  readonly code: string;
  readonly pointer?: string;
}

const inputs: readonly Bad[] = [
  { what: 'malformed JSON', send: '{"a":', status: 400, code: 'malformed_json' },
  {
    what: 'another media type',
    send: body({}),
    type: 'text/plain',
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    what: 'too large',
    send: body({ value: 'x'.repeat(1024 * 1024) }),
    status: 413,
    code: 'body_too_large',
  },
  {
    what: 'an unknown field',
    send: body({ valeu: 2 }),
    status: 422,
    code: 'unknown_field',
    pointer: '/valeu',
  },
  {
    what: 'a wrong value',
    send: body({ confidence: 2 }),
    status: 422,
    code: 'invalid_field',
    pointer: '/confidence',
  },
  {
    what: 'an inexact number',
    send: withValue('9007199254740993'),
    status: 422,
    code: 'number_not_exact',
    pointer: '/value',
  },
  {
    what: 'a lone surrogate',
    send: withValue('"\\ud800"'),
    status: 422,
    code: 'lone_surrogate',
    pointer: '/value',
  },
  {
    what: 'a path that is not NFC',
    send: body({ concept_path: 'cafe\u0301' }),
    status: 422,
    code: 'not_nfc',
    pointer: '/concept_path',
  },
  {
    what: 'a wrong signature',
    send: body({
      agent_id: stranger,
      asserted_at: 1_700_000_000_000,
      signatures: [{ agent_id: stranger, signature: '12'.repeat(64) }],
    }),
    status: 422,
    code: 'signature_invalid',
    pointer: '/signatures/0/signature',
  },
  {
    what: 'an agent that is not proved',
    send: body({ agent_id: stranger }),
    status: 422,
    code: 'agent_not_proved',
    pointer: '/agent_id',
  },
  {
    what: 'the far future',
    send: body({ asserted_at: Date.now() + 3_600_000 }),
    status: 422,
    code: 'time_in_future',
    pointer: '/asserted_at',
  },
];

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly code: string }[];
}

/** Sends bytes that are no request and waits until the server closes the connection. */
const sendGarbage = (url: string, garbage: string): Promise<void> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(garbage));
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.resume();
  });

test('bad input is refused, stores nothing and ends nothing', { timeout: 60_000 }, async (t) => {
  const server = await ServerProcess.start();
  t.after(() => server.remove());
  const { pid } = server;
  const before = await recordCount(server);
  for (const { what, send, type, status, code, pointer } of inputs) {
    await t.test(what, async () => {
      const headers = { 'content-type': type ?? json };
      const answer = await fetch(`${server.url}/v1/assert`, {
        method: 'POST',
        headers,
        body: send,
      });
      const problem = (await answer.json()) as Problem;
      assert.equal(answer.status, status, JSON.stringify(problem));
      assert.equal(problem.code, code);
      assert.ok(problem.detail.length > 0);
      if (pointer !== undefined) {
        const places = problem.errors?.map((fault) => fault.pointer) ?? [];
        assert.ok(places.includes(pointer), JSON.stringify(problem));
      }
      assert.equal(await recordCount(server), before);
    });
  }
  await t.test('bytes that are no request', async () => {
    for (const garbage of [
      '\0\0\0\0\r\n\r\n',
      'GET\r\n\r\n',
      '\x16\x03\x01\x02\x00hello\r\n\r\n',
    ]) {
      await sendGarbage(server.url, garbage);
    }
    assert.equal(await recordCount(server), before);
  });
  assert.equal((await server.post('/v1/assert', JSON.parse(body({})))).status, 201);
  assert.equal(await recordCount(server), before + 1);
  assert.equal(server.pid, pid);
  assert.equal(await server.stop(), 0);
});
