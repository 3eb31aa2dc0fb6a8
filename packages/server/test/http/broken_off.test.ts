/** Fault 16: of a request whose sender has gone nothing is kept until its body would be due. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ServerProcess } from '../support/server_process.js';

/** With their heads they would need more than the heap below, if each were kept. */
const requestsSent = 4000;
const atOnce = 50;

const request =
  'POST /v1/assert HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
  `x-padding: ${'x'.repeat(15_000)}\r\ncontent-length: 100\r\n\r\n{`;

const breakOff = async (port: number): Promise<void> => {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  await new Promise((resolve) => socket.write(request, resolve));
  socket.resetAndDestroy();
  await once(socket, 'close');
};

test('very many bodies that break off do not fill the memory', async () => {
  const server = await ServerProcess.start({ env: { NODE_OPTIONS: '--max-old-space-size=64' } });
  try {
    const port = Number(new URL(server.url).port);
    for (let sent = 0; sent < requestsSent; sent += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, () => breakOff(port)));
    }
    assert.equal((await fetch(`${server.url}/v1/health/live`)).status, 200, 'it still runs');
  } finally {
    await server.remove();
  }
});
