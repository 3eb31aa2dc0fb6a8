/**
 * Fault 16: requests that two servers could read differently, several on one connection, and the
 * limit of every route. Every shape states all that is answered, so that nothing else can hide.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { httpLimits } from '../../src/guard/limits.js';
import { exchange, outcomeOf, RawConnection } from '../support/raw_connection.js';
import { author, claim, HttpService, signedContent, withService } from './service.js';

/** Nothing here waits for them, except a shape that is taken for half a request. */
const limits = { requestTimeoutMs: 5000, headersTimeoutMs: 5000, sweepIntervalMs: 500 };
const body = JSON.stringify(claim());
const length = `content-length: ${body.length}`;
const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
const alive = 'GET /v1/health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';

/** A write with these header lines, as they stand, and this after the empty line. */
const write = (fields: string, after: string, version = '1.1'): string =>
  `POST /v1/assert HTTP/${version}\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
  `${fields}\r\n\r\n${after}`;

const chunked = 'transfer-encoding: chunked';

interface Shape {
  readonly bytes: string;
  /** The status of every answer, in order. */
  readonly answers: readonly number[];
  readonly stored?: number;
  /** So much is sent after the answer that closing may destroy it on its way. */
  readonly mayBeCut?: boolean;
}

const shapes: Readonly<Record<string, Shape>> = {
  'a length and chunks': { bytes: write(`${length}\r\n${chunked}`, chunk), answers: [400] },
  'chunks and a length': { bytes: write(`${chunked}\r\n${length}`, '0\r\n\r\n'), answers: [400] },
  'two lengths': { bytes: write(`${length}\r\ncontent-length: 1`, body), answers: [400] },
  'the same length twice': { bytes: write(`${length}\r\n${length}`, body), answers: [400] },
  'a list of lengths': { bytes: write(`${length}, ${body.length}`, body), answers: [400] },
  'an empty length': { bytes: write('content-length: ', body), answers: [400] },
  'a length with a sign': { bytes: write(`content-length: +${body.length}`, body), answers: [400] },
  'a hexadecimal length': { bytes: write('content-length: 0x28', body), answers: [400] },
  'two encodings': {
    bytes: write(`${chunked}\r\n${chunked}`, `${chunk}0\r\n\r\n`),
    answers: [400],
  },
  'chunks that are not last': { bytes: write(`${chunked}, identity`, '0\r\n\r\n'), answers: [400] },
  'an encoding before a colon': {
    bytes: write('transfer-encoding : chunked', '0\r\n\r\n'),
    answers: [400],
  },
  'an encoding behind a vertical tab': {
    bytes: write('transfer-encoding: \x0bchunked', '0\r\n\r\n'),
    answers: [400],
  },
  'a folded encoding': {
    bytes: write('transfer-encoding:\r\n chunked', `${chunk}0\r\n\r\n`),
    answers: [400],
  },
  'a folded length': { bytes: write(`content-length:\r\n ${body.length}`, body), answers: [400] },
  'a folded header': { bytes: write(`x: a\r\n b\r\n${length}`, body), answers: [400] },
  'line feeds alone': { bytes: write(length, body).replaceAll('\r', ''), answers: [400] },
  'one line feed alone': { bytes: write(`x: a\n${length}`, body), answers: [400] },
  'a carriage return alone': { bytes: write(`x: a\rb\r\n${length}`, body), answers: [400] },
  'a chunk ended by a line feed': {
    bytes: write(chunked, `${chunk}0\r\n\r\n`.replace('\r', '')),
    answers: [400],
  },
  'a chunk with a long extension': {
    bytes: write(chunked, `1;${'a'.repeat(100_000)}\r\n{\r\n`),
    answers: [400],
  },
  'ten thousand trailers': {
    bytes: write(chunked, `${chunk}0\r\n${'x: y\r\n'.repeat(10_000)}\r\n`),
    answers: [431],
  },
  'a trailer that names a host': {
    bytes: write(`${chunked}\r\nconnection: close`, `${chunk}0\r\nhost: b.example\r\n\r\n`),
    answers: [201],
    stored: 1,
  },
  'two hosts': { bytes: alive.replace('\r\n', '\r\nhost: b.example\r\n'), answers: [403] },
  'two hosts that are both ours': {
    bytes: alive.replace('\r\n', '\r\nHost: 127.0.0.1\r\n'),
    answers: [400],
  },
  'three requests in one piece': {
    bytes: alive.replace('connection: close\r\n', '') + write(length, body) + alive,
    answers: [200, 201, 200],
    stored: 1,
  },
  'a request behind one that is refused': {
    bytes: write('content-length: 9999999', write(length, body)),
    answers: [413],
  },
  'a request behind what is no JSON': {
    bytes: write('content-length: 1', `{${alive}`),
    answers: [400],
  },
  'a request inside the body of a GET': {
    bytes: alive.replace('connection: close', `content-length: ${alive.length}`) + alive + alive,
    answers: [200, 200],
  },
  'a body whose length ends within a request': {
    bytes: alive.replace('connection: close', 'content-length: 4') + alive,
    answers: [200, 400],
  },
  'an expectation': {
    bytes: write(`${length}\r\nexpect: 100-continue\r\nconnection: close`, body),
    answers: [100, 201],
    stored: 1,
  },
  'an expectation before too much': {
    bytes: write('content-length: 9999999\r\nexpect: 100-continue', ''),
    answers: [100, 413],
  },
  'an expectation that nobody knows': {
    bytes: write(`${length}\r\nexpect: a miracle\r\nconnection: close`, body),
    answers: [201],
    stored: 1,
  },
  'ten megabytes of a header': {
    bytes: `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(10_000_000)}\r\n\r\n`,
    answers: [431],
    mayBeCut: true,
  },
  'ten megabytes of a URL': {
    bytes: `GET /${'a'.repeat(10_000_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    answers: [431],
    mayBeCut: true,
  },
  'a tunnel': { bytes: 'CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n', answers: [] },
};

for (const [name, { bytes, answers, stored = 0, mayBeCut }] of Object.entries(shapes)) {
  test(
    `${name}: ${answers.join(', ') || 'closed'}`,
    withService(
      async (service) => {
        const before = service.recordCount;
        const text = await exchange(service.port, bytes);
        const found = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) =>
          Number(status),
        );
        const isCut = mayBeCut === true && text === '';
        assert.deepEqual(found, isCut ? [] : answers, text.slice(0, 1000));
        assert.equal(service.recordCount - before, stored);
        assert.equal((await service.get('/v1/health/live')).status, 200);
      },
      { limits },
    ),
  );
}

const id = 'ab'.repeat(32);
/** Every route that takes a body, with one that it takes or refuses for its content alone. */
const routes: readonly (readonly [string, unknown])[] = [
  ['/v1/assert', claim()],
  ['/v1/assert/batch', [claim()]],
  ['/v1/query', { prefix: 'a' }],
  ['/v1/sources', { title: 'T', uri: 'https://a.example/' }],
  ['/v1/epoch', { name: 'e' }],
  ['/v1/vote', signedContent('vote', { target: id, weight: 1 }).body],
  ['/v1/supersede', signedContent('supersession', { target: id, action: 'retract' }).body],
  ['/v1/alias', { a: 'test/a', b: 'test/b' }],
  ['/v1/verdict', { target: id, outcome: 'accurate' }],
  [`/v1/sources/${id}/retract`, { reason: 'r' }],
  [`/v1/assertions/${id}/signatures`, { agent_id: author.agentId, signature: 'ab'.repeat(64) }],
];
const large: ReadonlySet<string> = new Set(['/v1/assert/batch', '/v1/sources']);

test('the body of every route is taken up to its limit and not a byte beyond', async () => {
  const service = await HttpService.start();
  try {
    for (const [path, value] of routes) {
      const limit = large.has(path) ? httpLimits.largeBodyBytesMax : httpLimits.bodyBytesMax;
      const plain = JSON.stringify(value);
      for (const [bytes, isTaken] of [
        [limit - 1, true],
        [limit, true],
        [limit + 1, false],
      ] as const) {
        const count = service.recordCount;
        const answer = await service.post(path, plain.padEnd(bytes));
        assert.equal(answer.body.code !== 'body_too_large', isTaken, `${path} ${bytes}`);
        assert.ok(answer.status < 500, answer.text);
        if (!isTaken) assert.equal(service.recordCount, count);
      }
    }
  } finally {
    await service.close();
  }
});

test('compressed bodies are refused on every route, unread', async () => {
  const service = await HttpService.start();
  try {
    const before = service.recordCount;
    const bomb = Buffer.alloc(10 * 1024 * 1024, 0x20);
    const packed = {
      gzip: gzipSync(bomb),
      br: brotliCompressSync(bomb),
      deflate: deflateSync(bomb),
    };
    for (const [path] of [...routes, ['/v1/records']] as const) {
      for (const [encoding, bytes] of Object.entries(packed)) {
        const answer = await service.send(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'content-encoding': encoding },
          body: bytes,
        });
        assert.equal(answer.status, 415, `${path} ${encoding}`);
      }
    }
    assert.equal(service.recordCount, before);
  } finally {
    await service.close();
  }
});

test('what comes on an open connection while the server ends is refused by our table', async () => {
  const service = await HttpService.start();
  const connection = await RawConnection.open(service.port);
  await service.get('/v1/health/live');
  const closed = service.close();
  connection.write(alive.replace('connection: close\r\n', ''));
  const text = await connection.closed;
  await closed;
  assert.equal(outcomeOf(text), '503 not_ready');
  assert.match(text, /^connection: close\r$/im);
});
