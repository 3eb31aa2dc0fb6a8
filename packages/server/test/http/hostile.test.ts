/** Fault 16: sizes and framings that lie. Every one is refused at once and loses its connection. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { exchange, outcomeOf, RawConnection } from '../support/raw_connection.js';
import { claim, HttpService, startMs } from './service.js';

const mebibyte = 1024 * 1024;
/** For what only silence ends: short here, half a minute in production. */
const limits = { requestTimeoutMs: 400, headersTimeoutMs: 400, sweepIntervalMs: 100 };

const head = (path: string, ...fields: readonly string[]): string =>
  [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    ...fields,
    '',
    '',
  ].join('\r\n');

const padded = (value: unknown, length: number): string => JSON.stringify(value).padEnd(length);

/** Runs a case, and sees that the server answers others and has stored nothing. */
const hostile = (name: string, run: (service: HttpService) => Promise<void>): void => {
  test(name, async () => {
    const service = await HttpService.start({ limits });
    try {
      const before = service.recordCount;
      await run(service);
      assert.equal(service.recordCount, before, 'nothing is stored');
      assert.equal((await service.post('/v1/assert', claim())).status, 201);
    } finally {
      await service.close();
    }
  });
};

const bodies = [
  { path: '/v1/assert', limit: mebibyte, body: claim({ asserted_at: startMs }) },
  { path: '/v1/query', limit: mebibyte, body: { prefix: 'a' } },
  { path: '/v1/sources', limit: 8 * mebibyte, body: { title: 'T', uri: 'https://a.example/' } },
  { path: '/v1/assert/batch', limit: 8 * mebibyte, body: [claim({ asserted_at: startMs })] },
];

test('a body of the limit is taken, one byte more is refused', async () => {
  const service = await HttpService.start();
  try {
    for (const { path, limit, body } of bodies) {
      for (const length of [limit - 1, limit]) {
        const answer = await service.post(path, padded(body, length));
        assert.ok([200, 201].includes(answer.status), `${path} ${length}: ${answer.text}`);
      }
      const count = service.recordCount;
      const stated = await exchange(
        service.port,
        head(path, `content-length: ${limit + 1}`) + padded(body, limit + 1),
      );
      assert.equal(outcomeOf(stated), '413 body_too_large', path);
      assert.match(stated, /connection: close/i);
      const size = (limit + 1).toString(16);
      const chunk = `${size}\r\n${padded(body, limit + 1)}\r\n0\r\n\r\n`;
      const chunked = await exchange(
        service.port,
        head(path, 'transfer-encoding: chunked') + chunk,
      );
      assert.equal(outcomeOf(chunked), '413 body_too_large', `${path} chunked`);
      assert.equal(service.recordCount, count);
    }
  } finally {
    await service.close();
  }
});

hostile('a length beyond the limit is refused before the body comes', async (service) => {
  const text = await exchange(service.port, head('/v1/assert', `content-length: ${2 ** 40}`));
  assert.equal(outcomeOf(text), '413 body_too_large');
});

hostile('a body that is shorter than its length says is waited for, then cut', async (service) => {
  const body = JSON.stringify(claim());
  const text = await exchange(
    service.port,
    head('/v1/assert', `content-length: ${body.length + 1}`) + body,
  );
  assert.equal(outcomeOf(text), '408 request_timeout');
  assert.match(text, /connection: close/i);
});

hostile('a body that ends before its length is refused', async (service) => {
  const connection = await RawConnection.open(service.port);
  connection.write(`${head('/v1/assert', 'content-length: 100')}{"concept_path":`);
  connection.socket.end();
  const text = await connection.closed;
  assert.ok(['400 malformed_request', 'none'].includes(outcomeOf(text)), text);
});

hostile('what follows a body is not taken for a part of it', async (service) => {
  const question = JSON.stringify({ prefix: 'a' });
  const text = await exchange(
    service.port,
    `${head('/v1/query', `content-length: ${question.length}`)}${question}garbage\r\n\r\n`,
  );
  assert.equal(outcomeOf(text), '200');
  assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, text);
});

hostile('framings that two servers could read differently are refused', async (service) => {
  const body = JSON.stringify(claim());
  const length = `content-length: ${body.length}`;
  const framings = [
    [length, `content-length: ${body.length + 1}`],
    [length, length],
    ['content-length: -1'],
    ['content-length: 1e3'],
    [`content-length: ${'9'.repeat(30)}`],
    ['transfer-encoding: chunked', length],
    ['transfer-encoding: gzip, chunked'],
    ['transfer-encoding: xchunked'],
    ['bad field: x', length],
    ['a\0b: x', length],
  ];
  for (const fields of framings) {
    const text = await exchange(service.port, head('/v1/assert', ...fields) + body);
    assert.match(outcomeOf(text), /^4\d\d \w+$/, `${JSON.stringify(fields)}: ${text}`);
    assert.match(text, /connection: close/i);
  }
  const sizes = ['zz\r\n', `${'f'.repeat(17)}\r\n`, '-1\r\n', '5\r\n{"a":1}\r\n'];
  for (const size of sizes) {
    const text = await exchange(
      service.port,
      `${head('/v1/assert', 'transfer-encoding: chunked')}${size}`,
    );
    assert.match(outcomeOf(text), /^4\d\d \w+$/, `${JSON.stringify(size)}: ${text}`);
  }
});

const drained = (connection: RawConnection): Promise<unknown> =>
  new Promise((resolve) => connection.socket.once('drain', resolve));

hostile('chunks without an end are cut at the limit', async (service) => {
  const connection = await RawConnection.open(service.port);
  connection.write(head('/v1/assert', 'transfer-encoding: chunked'));
  const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
  let sentBytes = 0;
  while (!connection.socket.destroyed && sentBytes < 64 * mebibyte) {
    sentBytes += chunk.length;
    if (connection.socket.write(chunk)) await new Promise((resolve) => setImmediate(resolve));
    else await Promise.race([drained(connection), connection.closed]);
  }
  assert.ok(sentBytes < 64 * mebibyte, `${sentBytes} bytes were taken`);
  await connection.closed;
});

hostile('chunks that stop coming are cut in time', async (service) => {
  const text = await exchange(
    service.port,
    `${head('/v1/assert', 'transfer-encoding: chunked')}5\r\n{"a":\r\n`,
  );
  assert.equal(outcomeOf(text), '408 request_timeout');
});

hostile('too many or too large headers are refused', async (service) => {
  const fields = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, at) => `x${at}: 1`);
  const rest = ['GET /v1/health/live HTTP/1.1', 'host: localhost', 'connection: close'];
  const ask = (more: readonly string[]): Promise<string> =>
    exchange(service.port, [...rest, ...more, '', ''].join('\r\n'));
  assert.equal(outcomeOf(await ask(fields(98))), '200');
  assert.equal(outcomeOf(await ask(fields(99))), '431 headers_too_large');
  assert.equal(outcomeOf(await ask(fields(1000))), '431 headers_too_large');
  assert.equal(outcomeOf(await ask(fields(10_000))), '431 headers_too_large');
  assert.equal(outcomeOf(await ask([`x: ${'1'.repeat(15_000)}`])), '200');
  assert.equal(outcomeOf(await ask([`x: ${'1'.repeat(17_000)}`])), '431 headers_too_large');
});

hostile('a URL that is too long is refused', async (service) => {
  const path = `/v1/query?prefix=${'a'.repeat(9000)}`;
  const answer = await service.get(path);
  assert.equal(answer.status, 414);
  assert.equal(answer.body.code, 'url_too_long');
});

hostile('a compressed bomb is refused before a byte of it is unpacked', async (service) => {
  const bomb = gzipSync(Buffer.alloc(50 * mebibyte, 0x20));
  for (const path of ['/v1/assert', '/v1/assert/batch', '/v1/records', '/v1/sources']) {
    for (const type of ['application/json', 'application/x-ndjson']) {
      const answer = await service.send(path, {
        method: 'POST',
        headers: { 'content-type': type, 'content-encoding': 'gzip' },
        body: bomb,
      });
      assert.equal(answer.status, 415, `${path} ${type}`);
      assert.equal(answer.body.code, 'unsupported_media_type');
    }
  }
});

hostile('what is not HTTP is answered once and closed', async (service) => {
  const hello = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03];
  const texts = ['hello\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '\0\0\0\0\r\n\r\n'];
  for (const bytes of [...texts, Uint8Array.from(hello)]) {
    const text = await exchange(service.port, bytes);
    assert.equal(outcomeOf(text), '400 malformed_request', String(bytes));
  }
  const noHost = await exchange(service.port, 'GET /v1/health\r\n\r\n');
  assert.equal(outcomeOf(noHost), '403 host_not_allowed');
  const preface = await exchange(service.port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  assert.equal(outcomeOf(preface), '400 malformed_request');
});
