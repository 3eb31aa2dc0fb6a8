/** Fault 17: senders and readers that take their time are cut; the others notice nothing. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf, RawConnection } from '../support/raw_connection.js';
import { countOf } from '../support/seeded.js';
import { assertProblem, claim, HttpService, linesOf, withService } from './service.js';

const limits = {
  requestTimeoutMs: 500,
  headersTimeoutMs: 500,
  sweepIntervalMs: 100,
  keepAliveTimeoutMs: 300,
  idleTimeoutMs: 1500,
};

/** Writes one byte now and then until the other side closes. */
const drip = async (port: number, begin: string, everyMs = 50): Promise<string> => {
  const connection = await RawConnection.open(port);
  connection.write(begin);
  const timer = setInterval(() => connection.write(' '), everyMs);
  try {
    return await connection.closed;
  } finally {
    clearInterval(timer);
  }
};

const head = (path: string, type = 'application/json'): string =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\n`;

test(
  'a body that comes byte by byte is cut',
  withService(
    async (service) => {
      const text = await drip(service.port, `${head('/v1/assert')}content-length: 900\r\n\r\n`);
      assert.equal(outcomeOf(text), '408 request_timeout');
      assert.match(text, /connection: close/i);
    },
    { limits },
  ),
);

test(
  'headers that come byte by byte are cut',
  withService(
    async (service) => {
      const text = await drip(service.port, `${head('/v1/assert')}x: `);
      assert.equal(outcomeOf(text), '408 request_timeout');
    },
    { limits },
  ),
);

test(
  'a line that comes byte by byte ends its stream; lines that come in time may take for ever',
  withService(
    async (service) => {
      const type = 'application/x-ndjson';
      const line = `${JSON.stringify(claim())}\n`;
      const begin = `${head('/v1/assert/batch', type)}content-length: 90000\r\n\r\n${line}`;
      const text = await drip(service.port, begin);
      assert.equal(outcomeOf(text), '200 request_timeout');
      assert.doesNotMatch(text, /"type":"end"/);
      assert.match(text, /"durable_through":1\}/);
      const steady = await RawConnection.open(service.port);
      const count = 8;
      const length = count * line.length;
      steady.write(`${head('/v1/assert/batch', type)}content-length: ${length}\r\n\r\n`);
      for (let at = 0; at < count; at += 1) {
        steady.write(line);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      assert.match(await steady.until(/"type":"end"/), /"lines":8,"created":/);
      steady.end();
    },
    { limits },
  ),
);

test(
  'an idle connection is closed',
  withService(
    async (service) => {
      const silent = await RawConnection.open(service.port);
      const used = await RawConnection.open(service.port);
      used.write('GET /v1/health/live HTTP/1.1\r\nhost: localhost\r\n\r\n');
      assert.equal(outcomeOf(await used.closed), '200');
      assert.match(outcomeOf(await silent.closed), /^(408 request_timeout|none)$/);
    },
    { limits },
  ),
);

test(
  'a reader that never reads is cut',
  withService(
    async (service) => {
      const value = 'x'.repeat(60_000);
      const lines = Array.from({ length: 400 }, (_, at) =>
        claim({ concept_path: `test/${at}`, value }),
      );
      await service.postLines('/v1/assert/batch', lines);
      const reader = await RawConnection.open(service.port);
      reader.socket.pause();
      const question = 'GET /v1/query?prefix=test&limit=1000 HTTP/1.1\r\nhost: localhost\r\n\r\n';
      const other = new Promise<void>((resolve) => {
        service.app.server.once('request', (incoming) => incoming.socket.once('close', resolve));
      });
      reader.write(question);
      await other;
      // Closed by the server and not by the patience of this side, whose promise would reject.
      reader.end();
      await reader.closed;
      assert.equal((await service.get('/v1/health/live')).status, 200);
    },
    { limits },
  ),
);

test('among many slow senders a well-behaved client gets every answer', async () => {
  const service = await HttpService.start({ limits });
  try {
    const count = countOf(200, 2000);
    const slow = Array.from({ length: count }, (_, at) =>
      at % 2 === 0
        ? drip(service.port, `${head('/v1/assert')}content-length: 900\r\n\r\n`, 100)
        : drip(service.port, `${head('/v1/assert')}x: `, 100),
    );
    let isOver = false;
    const over = Promise.all(slow).finally(() => {
      isOver = true;
    });
    for (let at = 0; at < 50 || !isOver; at += 1) {
      const answer = await service.post('/v1/assert', claim({ value: at }));
      assert.equal(answer.status, 201, answer.text);
    }
    const outcomes = new Set((await over).map(outcomeOf));
    // A byte that is sent while the server closes may destroy its answer on the way.
    outcomes.delete('none');
    assert.deepEqual([...outcomes], ['408 request_timeout']);
  } finally {
    await service.close();
  }
});

test(
  'connections beyond the limit are closed at once',
  withService(
    async (service) => {
      const open = await Promise.all([
        RawConnection.open(service.port),
        RawConnection.open(service.port),
      ]);
      const third = await RawConnection.open(service.port);
      assert.equal(await third.closed, '');
      for (const connection of open) connection.end();
    },
    { limits: { connectionsMax: 2 } },
  ),
);

test(
  'a client that sends everything before it reads cannot block itself',
  withService(async (service) => {
    const lines = '7\n'.repeat(50_000);
    const connection = await RawConnection.open(service.port);
    connection.socket.pause();
    const type = head('/v1/assert/batch', 'application/x-ndjson');
    connection.write(`${type}content-length: ${lines.length}\r\nconnection: close\r\n\r\n`);
    await new Promise<void>((resolve) => {
      connection.socket.write(lines, () => resolve());
    });
    connection.socket.resume();
    const text = await connection.closed;
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    const parts = body.split('\r\n').filter((part) => !/^[0-9a-f]*$/.test(part));
    const end = linesOf(parts.join('')).at(-1);
    assert.equal(end?.refused, 50_000);
  }),
);

test(
  'answers that nobody reads are bounded, and others are told to come again',
  withService(
    async (service) => {
      const value = 'w'.repeat(60_000);
      const lines = Array.from({ length: 100 }, (_, at) => claim({ value, predicate: `p${at}` }));
      await service.postLines('/v1/assert/batch', lines);
      const wide = '/v1/query?prefix=test&limit=1000';
      const readers: RawConnection[] = [];
      // Each that is answered leaves 12 MB to the server.
      for (let outcome = '200'; outcome === '200'; ) {
        const reader = await RawConnection.open(service.port);
        readers.push(reader);
        reader.socket.once('data', () => reader.socket.pause());
        reader.write(`GET ${wide} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
        outcome = outcomeOf(await reader.until(/\r\n\r\n/));
      }
      assert.equal(readers.length, 3);
      const answer = await service.get(wide);
      assertProblem(answer, 'overloaded');
      assert.equal(answer.headers.get('retry-after'), '1');
      assert.equal((await service.get('/v1/health/live')).status, 200);
      for (const reader of readers) reader.end();
      for (let status = 503; status !== 200; ) status = (await service.get(wide)).status;
    },
    { limits: { answersUnsentBytesMax: 32 * 1024 * 1024 } },
  ),
);
