/** Fault 16: a body in as many pieces as it has bytes takes no more memory than its bytes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Gathered } from '../../src/http/gathered.js';
import { outcomeOf, RawConnection } from '../support/raw_connection.js';
import { seeded, seedsOf } from '../support/seeded.js';
import { ServerProcess } from '../support/server_process.js';

test('pieces of any size come out as they went in', () => {
  for (const seed of seedsOf(30)) {
    const random = seeded(seed);
    const gathered = new Gathered();
    for (let round = 0; round < 3; round += 1) {
      const pieces = Array.from({ length: random.below(40) }, () => {
        const length = random.pick([0, 1, 7, 300, 4095, 4096, 4097, 70_000]);
        return Uint8Array.from({ length }, () => random.below(256));
      });
      const slab = new Uint8Array(70_000);
      for (const piece of pieces) {
        // The memory of a short piece may be used again once the next one has come.
        const isCopied = gathered.byteLength > 0 && piece.length < 4096;
        if (isCopied) slab.set(piece);
        gathered.add(isCopied ? slab.subarray(0, piece.length) : piece);
      }
      const whole = Buffer.concat(pieces);
      assert.equal(gathered.byteLength, whole.length);
      assert.ok(gathered.take().equals(whole), `STEMEDB_SEED=${seed}`);
      assert.equal(gathered.byteLength, 0);
    }
  }
});

/** Enough to need more than the heap below, if each were kept. */
const piecesSent = 800_000;

const cases = [
  { path: '/v1/assert/batch', type: 'application/json', end: ']', outcome: '200' },
  { path: '/v1/assert/batch', type: 'application/x-ndjson', end: '7\n', outcome: '200' },
];

for (const { path, type, end, outcome } of cases) {
  test(`very many pieces of one byte of ${type} do not fill the memory`, async () => {
    const server = await ServerProcess.start({ env: { NODE_OPTIONS: '--max-old-space-size=72' } });
    try {
      const connection = await RawConnection.open(Number(new URL(server.url).port));
      const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n`;
      connection.write(`${head}content-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`);
      if (type === 'application/json') connection.write('1\r\n[\r\n');
      const some = '1\r\n \r\n'.repeat(10_000);
      for (let sent = 0; sent < piecesSent && connection.socket.writable; sent += 10_000) {
        if (connection.socket.write(some)) continue;
        await Promise.race([once(connection.socket, 'drain'), connection.closed]);
      }
      connection.write(`${end.length}\r\n${end}\r\n0\r\n\r\n`);
      assert.equal(outcomeOf(await connection.closed).slice(0, outcome.length), outcome);
      assert.equal((await fetch(`${server.url}/v1/health/live`)).status, 200, 'it still runs');
    } finally {
      await server.remove();
    }
  });
}
