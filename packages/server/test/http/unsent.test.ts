/** What unread answers hold is given back, also when nobody is there any more to read them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type FastifyInstance, fastify } from 'fastify';
import { UnsentAnswers } from '../../src/http/unsent.js';
import { RawConnection } from '../support/raw_connection.js';

const answerBytes = 64 * 1024;
/** After this what is not given back is taken to be lost. */
const patienceMs = 60_000;

/** A server with one large answer, of which only one may wait for its reader. */
const boundedApp = (t: TestContext): FastifyInstance => {
  const app = fastify({ forceCloseConnections: true });
  t.after(() => app.close());
  new UnsentAnswers(answerBytes).bound(app);
  app.get('/', (_request, reply) => reply.send(Buffer.alloc(answerBytes, 'x')));
  return app;
};

const listen = async (app: FastifyInstance): Promise<number> => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
};

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;

/** Asks until the answer has this status; the one that has it. */
const untilStatus = async (port: number, status: number): Promise<Response> => {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    if (answer.status === status) return answer;
    await answer.arrayBuffer();
    assert.ok(performance.now() < endMs, `${answer.status} instead of ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

test('an answer to a caller who left while it was worked out holds nothing', async (t) => {
  const app = boundedApp(t);
  let left = 0;
  app.get('/slow', async (_request, reply) => {
    if (!reply.raw.destroyed) await once(reply.raw, 'close');
    left += 1;
    return reply.send(Buffer.alloc(answerBytes, 'x'));
  });
  const port = await listen(app);
  const caller = await RawConnection.open(port);
  const asked = once(app.server, 'request');
  caller.write(get('/slow'));
  await asked;
  caller.socket.destroy();
  while (left === 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(answer.status, 200);
  assert.equal((await answer.arrayBuffer()).byteLength, answerBytes);
});

test('answers queued behind one that never comes go with their connection', async (t) => {
  const app = boundedApp(t);
  app.get('/never', () => new Promise(() => undefined));
  const port = await listen(app);
  for (let turn = 0; turn < 3; turn += 1) {
    const caller = await RawConnection.open(port);
    caller.write(get('/never') + get('/'));
    await untilStatus(port, 503);
    caller.socket.destroy();
    const answer = await untilStatus(port, 200);
    assert.equal((await answer.arrayBuffer()).byteLength, answerBytes);
  }
});

test('a connection that is used again and again gathers no listeners', async (t) => {
  const app = fastify({ forceCloseConnections: true });
  t.after(() => app.close());
  const pipelined = 40;
  new UnsentAnswers(pipelined * answerBytes).bound(app);
  const listeners: number[] = [];
  app.get('/', (request, reply) => {
    reply.raw.once('close', () => listeners.push(request.raw.socket.listenerCount('close')));
    return reply.send(Buffer.alloc(answerBytes, 'x'));
  });
  const warnings: string[] = [];
  const note = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  const port = await listen(app);
  const caller = await RawConnection.open(port);
  const endMs = performance.now() + patienceMs;
  const answered = async (count: number): Promise<void> => {
    while (listeners.length < count) {
      assert.ok(performance.now() < endMs, `${listeners.length} answers of ${count}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  for (let count = 1; count <= pipelined; count += 1) {
    caller.write(get('/'));
    await answered(count);
  }
  caller.write(get('/').repeat(pipelined));
  await answered(2 * pipelined);
  caller.end();
  assert.equal(new Set(listeners.slice(0, pipelined)).size, 1, listeners.join());
  // The platform has one more for the answer that comes next.
  assert.ok(Math.max(...listeners) <= Number(listeners[0]) + 1, listeners.join());
  assert.deepEqual(warnings, []);
});
