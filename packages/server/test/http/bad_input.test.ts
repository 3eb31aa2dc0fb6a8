/** "Bad input gets": every refusal has its code, its place and its sentence, and stores nothing. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, keyPairFromSeed } from '@stemedb/model';
import { assertProblem, claim, signedContent, startMs, withService } from './service.js';

const stranger = keyPairFromSeed(new Uint8Array(32).fill(9)).agentId;
const signed = signedContent('assertion', claim());
const wrongSignature = `${signed.signature.slice(0, -2)}00`;
const withSignature = (signature: unknown) => ({
  ...signed.content,
  signatures: [{ agent_id: signed.content.agent_id, signature }],
});
const raw = (value: string) =>
  `{"concept_path":"a/b","predicate":"p","value":${value},"asserted_at":${startMs}}`;

interface BadBody {
  readonly what: string;
  readonly body: unknown;
  readonly code: ErrorCode;
  readonly pointer?: string;
  readonly says?: RegExp;
}

const badBodies: readonly BadBody[] = [
  { what: 'no JSON', body: '{"a":', code: 'malformed_json' },
  { what: 'an empty body', body: '', code: 'malformed_json' },
  { what: 'two values', body: '{} {}', code: 'malformed_json' },
  { what: 'NaN', body: raw('NaN'), code: 'malformed_json', pointer: '/value' },
  { what: 'a comment', body: `${raw('1')}//`, code: 'malformed_json' },
  { what: 'a duplicate key', body: '{"a":1,"a":2}', code: 'duplicate_key', pointer: '/a' },
  { what: '__proto__', body: '{"__proto__":{}}', code: 'forbidden_key', pointer: '/__proto__' },
  { what: 'a byte-order mark', body: '\ufeff{}', code: 'byte_order_mark' },
  { what: 'depth', body: raw('['.repeat(200) + ']'.repeat(200)), code: 'too_deep' },
  {
    what: 'an unknown field',
    body: claim({ concept_pth: 'x' }),
    code: 'unknown_field',
    pointer: '/concept_pth',
    says: /concept_path/,
  },
  { what: 'a missing field', body: { concept_path: 'a' }, code: 'missing_field' },
  { what: 'null', body: claim({ value: null }), code: 'invalid_field', pointer: '/value' },
  { what: 'a bare array', body: claim({ value: [] }), code: 'invalid_field', pointer: '/value' },
  { what: 'no object', body: [claim()], code: 'invalid_field', pointer: '' },
  {
    what: 'confidence above 1',
    body: claim({ confidence: 1.5 }),
    code: 'invalid_field',
    pointer: '/confidence',
  },
  {
    what: 'an empty segment',
    body: claim({ concept_path: 'a//b' }),
    code: 'invalid_field',
    pointer: '/concept_path',
  },
  { what: 'an inexact number', body: raw('0.1000000000000000055'), code: 'number_not_exact' },
  { what: 'a huge integer', body: raw('9007199254740993'), code: 'number_not_exact' },
  { what: 'infinity', body: raw('1e999'), code: 'number_not_exact', pointer: '/value' },
  { what: 'a lone surrogate', body: raw('"\\ud800"'), code: 'lone_surrogate', pointer: '/value' },
  {
    what: 'a path that is not NFC',
    body: claim({ concept_path: 'cafe\u0301' }),
    code: 'not_nfc',
    pointer: '/concept_path',
    says: /"caf\u00e9"/,
  },
  {
    what: 'a wrong signature',
    body: withSignature(wrongSignature),
    code: 'signature_invalid',
    pointer: '/signatures/0/signature',
  },
  {
    what: 'a signature that is none',
    body: withSignature('00'),
    code: 'invalid_field',
    pointer: '/signatures/0/signature',
  },
  {
    what: 'signatures that are no array',
    body: claim({ signatures: {} }),
    code: 'invalid_field',
    pointer: '/signatures',
  },
  {
    what: 'too many signatures',
    body: claim({ signatures: Array.from({ length: 65 }, () => ({})) }),
    code: 'invalid_field',
    pointer: '/signatures',
  },
  {
    what: 'an unknown field of a signature',
    body: claim({ signatures: [{ agentid: stranger }] }),
    code: 'unknown_field',
    pointer: '/signatures/0/agentid',
    says: /agent_id/,
  },
  {
    what: 'an agent that is not proved',
    body: claim({ agent_id: stranger }),
    code: 'agent_not_proved',
    pointer: '/agent_id',
  },
  {
    what: 'the far future',
    body: claim({ asserted_at: startMs + 5 * 60_000 + 1 }),
    code: 'time_in_future',
    pointer: '/asserted_at',
  },
  {
    what: 'another kind',
    body: claim({ kind: 'vote' }),
    code: 'invalid_field',
    pointer: '/kind',
  },
];

test(
  'a bad body is refused with its code and place, and nothing is stored',
  withService(async (service) => {
    const before = service.recordCount;
    for (const { what, body, code, pointer, says } of badBodies) {
      const answer = await service.post('/v1/assert', body);
      assert.equal(answer.body.code, code, `${what}: ${answer.text}`);
      assertProblem(answer, code, pointer);
      if (says !== undefined) assert.match(answer.text.replaceAll('\\"', '"'), says, what);
      const query = await service.get('/v1/query', { prefix: 'test' });
      assert.deepEqual(query.body.results, [], what);
    }
    assert.equal(service.recordCount, before);
    assert.equal(service.target.database.log.lastSequence, service.recordCount);
  }),
);

test(
  'bytes that are not UTF-8 are refused',
  withService(async (service) => {
    const answer = await service.send('/v1/assert', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from([0x22, 0xff, 0x22]),
    });
    assertProblem(answer, 'invalid_utf8');
  }),
);

test(
  'another media type, charset or encoding is refused',
  withService(async (service) => {
    const before = service.recordCount;
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonp',
      'application/json; charset=utf-16',
      'nonsense',
      'application/x-ndjson',
    ];
    for (const type of types) {
      const answer = await service.post('/v1/assert', JSON.stringify(claim()), type);
      assert.equal(answer.status, 415, type);
      assertProblem(answer, 'unsupported_media_type');
    }
    const plain = await service.post('/v1/records', '{}', 'application/json');
    assertProblem(plain, 'unsupported_media_type');
    assert.match(plain.text, /application\/x-ndjson/);
    for (const encoding of ['gzip', 'identity', 'br']) {
      const answer = await service.send('/v1/assert', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': encoding },
        body: JSON.stringify(claim()),
      });
      assertProblem(answer, 'unsupported_media_type');
    }
    assert.equal(service.recordCount, before);
    const utf8 = await service.post('/v1/assert', claim(), 'application/json; charset=UTF-8');
    assert.equal(utf8.status, 201);
  }),
);

test(
  'a body without a media type is refused',
  withService(async (service) => {
    const answer = await service.send('/v1/assert', {
      method: 'POST',
      body: Buffer.from(JSON.stringify(claim())),
    });
    assertProblem(answer, 'unsupported_media_type');
    assert.match(String(answer.body.detail), /No content-type/);
  }),
);

const badQuestions: readonly {
  readonly question: Readonly<Record<string, string>>;
  readonly code: ErrorCode;
  readonly pointer: string;
  readonly says?: RegExp;
}[] = [
  { question: {}, code: 'missing_field', pointer: '/concept_path' },
  { question: { concept_path: '' }, code: 'invalid_field', pointer: '/concept_path' },
  { question: { concept_path: 'a', prefix: 'b' }, code: 'invalid_field', pointer: '/prefix' },
  { question: { prefix: 'a', lense: 'x' }, code: 'unknown_field', pointer: '/lense', says: /lens/ },
  { question: { prefix: 'a', lens: 'mode' }, code: 'invalid_field', pointer: '/lens' },
  { question: { prefix: 'a', limit: '0' }, code: 'invalid_field', pointer: '/limit' },
  { question: { prefix: 'a', limit: '1001' }, code: 'invalid_field', pointer: '/limit' },
  { question: { prefix: 'a', limit: 'ten' }, code: 'invalid_field', pointer: '/limit' },
  { question: { prefix: 'a', as_of: 'soon' }, code: 'invalid_field', pointer: '/as_of' },
  { question: { prefix: 'a', as_of: '9'.repeat(16) }, code: 'invalid_field', pointer: '/as_of' },
  { question: { prefix: 'a', since: 'soon' }, code: 'invalid_field', pointer: '/since' },
  { question: { prefix: 'a', decay: 'clas' }, code: 'invalid_field', pointer: '/decay' },
  { question: { prefix: 'a', decay: '0' }, code: 'invalid_field', pointer: '/decay' },
  { question: { prefix: 'a', explain: 'yes' }, code: 'invalid_field', pointer: '/explain' },
  {
    question: { prefix: 'a', explain_offset: '1' },
    code: 'invalid_field',
    pointer: '/explain_offset',
  },
  {
    question: { prefix: 'a', explain: 'true', explain_offset: '-1' },
    code: 'invalid_field',
    pointer: '/explain_offset',
  },
  {
    question: { prefix: 'a', min_confidence: '1.5' },
    code: 'invalid_field',
    pointer: '/min_confidence',
  },
  { question: { prefix: 'a', min_trust: '-0.1' }, code: 'invalid_field', pointer: '/min_trust' },
  {
    question: { prefix: 'a', aliases: 'proposed' },
    code: 'invalid_field',
    pointer: '/aliases',
    says: /effective.*all.*none/,
  },
  {
    question: { prefix: 'a', on_retracted: 'include' },
    code: 'invalid_field',
    pointer: '/on_retracted',
    says: /exclude.*warn/,
  },
  {
    question: { prefix: 'a', include_superseded: 'yes' },
    code: 'invalid_field',
    pointer: '/include_superseded',
  },
  {
    question: { prefix: 'a', lens: 'constraints' },
    code: 'invalid_field',
    pointer: '/prefix',
    says: /concept_path/,
  },
  { question: { prefix: 'a', agent_id: 'A' }, code: 'invalid_field', pointer: '/agent_id' },
  { question: { prefix: 'a', epoch: 'zz' }, code: 'invalid_field', pointer: '/epoch' },
  { question: { prefix: 'a', lifecycle: 'new' }, code: 'invalid_field', pointer: '/lifecycle' },
  { question: { prefix: 'cafe\u0301' }, code: 'not_nfc', pointer: '/prefix', says: /caf\u00e9/ },
  { question: { prefix: 'a', min_position: 'x' }, code: 'invalid_field', pointer: '/min_position' },
];

test(
  'a bad question is refused alike in a query string and in a body',
  withService(async (service) => {
    for (const { question, code, pointer, says } of badQuestions) {
      const asked = await service.get('/v1/query', question);
      assert.equal(asked.body.code, code, `${JSON.stringify(question)}: ${asked.text}`);
      assertProblem(asked, code, pointer);
      if (says !== undefined) assert.match(asked.text, says);
      const posted = await service.post('/v1/query', question);
      assertProblem(posted, code, pointer);
    }
    const twice = await service.get('/v1/query?prefix=a&prefix=b');
    assertProblem(twice, 'invalid_field', '/prefix');
    assert.match(String(twice.body.detail), /once/);
    assertProblem(await service.post('/v1/query', '[]'), 'invalid_field', '');
    assertProblem(await service.get('/v1/skeptic?prefix=a&lens=recency'), 'unknown_field', '/lens');
    const foreign = `${'0'.repeat(32)}.1`;
    const other = await service.get('/v1/query', { prefix: 'a', min_position: foreign });
    assertProblem(other, 'conflict');
  }),
);

test(
  'an id that is none, one that is not here, and a path that is not there',
  withService(async (service) => {
    for (const path of ['/v1/assertions', '/v1/sources', '/v1/records']) {
      assertProblem(await service.get(`${path}/xyz`), 'invalid_field', '/id');
      assertProblem(await service.get(`${path}/${'A'.repeat(64)}`), 'invalid_field', '/id');
      assertProblem(await service.get(`${path}/${'a'.repeat(64)}`), 'not_found');
      assertProblem(await service.get(`${path}/${'a'.repeat(600)}`), 'not_found');
      assertProblem(await service.get(`${path}/`), 'invalid_field', '/id');
      assertProblem(await service.get(`${path}/${'a'.repeat(64)}?x=1`), 'unknown_field', '/x');
      const asOf = await service.get(`${path}/${'a'.repeat(64)}?as_of=x`);
      assertProblem(asOf, 'invalid_field', '/as_of');
    }
    for (const path of ['/', '/v1', '/v1/query/', '/V1/query', '/favicon.ico']) {
      assertProblem(await service.get(path), 'not_found');
    }
    assertProblem(await service.get('/v1/assertions/%zz'), 'malformed_request');
  }),
);

test(
  'another method is refused with the ones that are possible',
  withService(async (service) => {
    const allowed: Readonly<Record<string, string>> = {
      '/v1/assert': 'POST',
      '/v1/assert/batch': 'POST',
      '/v1/records': 'POST',
      '/v1/query': 'GET, HEAD, POST',
      '/v1/skeptic': 'GET, HEAD',
      '/v1/health': 'GET, HEAD',
      '/metrics': 'GET, HEAD',
      [`/v1/records/${'a'.repeat(64)}`]: 'GET, HEAD',
    };
    for (const [path, allow] of Object.entries(allowed)) {
      const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
      for (const method of methods.filter((name) => !allow.split(', ').includes(name))) {
        const answer = await service.send(path, { method });
        assert.equal(answer.headers.get('allow'), allow, `${method} ${path}`);
        assertProblem(answer, 'method_not_allowed');
      }
    }
  }),
);
