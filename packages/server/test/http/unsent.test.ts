/** What unread answers hold is given back, also when nobody is there any more to read them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { fastify } from 'fastify';
import { UnsentAnswers } from '../../src/http/unsent.js';
import { RawConnection } from '../support/raw_connection.js';

const answerBytes = 64 * 1024;

test('an answer to a caller who left while it was worked out holds nothing', async (t) => {
  const app = fastify();
  t.after(() => app.close());
  new UnsentAnswers(answerBytes).bound(app);
  let left = 0;
  app.get('/slow', async (_request, reply) => {
    if (!reply.raw.destroyed) await once(reply.raw, 'close');
    left += 1;
    return reply.send(Buffer.alloc(answerBytes, 'x'));
  });
  app.get('/', (_request, reply) => reply.send(Buffer.alloc(answerBytes, 'x')));
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const caller = await RawConnection.open(port);
  const asked = once(app.server, 'request');
  caller.write('GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await asked;
  caller.socket.destroy();
  while (left === 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(answer.status, 200);
  assert.equal((await answer.arrayBuffer()).byteLength, answerBytes);
});
