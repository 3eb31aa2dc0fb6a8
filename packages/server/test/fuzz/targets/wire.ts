/** Bytes on a connection: whatever they are, what is answered is HTTP, and the server goes on. */
import assert from 'node:assert/strict';
import { claim, HttpService } from '../../http/service.js';
import { RawConnection } from '../../support/raw_connection.js';
import type { OpenTarget, Target } from '../target.js';

const body = JSON.stringify(claim());
const head = 'host: localhost\r\ncontent-type: application/json\r\n';
const length = `content-length: ${body.length}\r\n`;
const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

/** How often the server is asked whether it is still there, in inputs. */
const pulse = 50;

class Wire implements OpenTarget {
  readonly #service: HttpService;
  #count = 0;

  constructor(service: HttpService) {
    this.#service = service;
  }

  readonly run = async (input: Uint8Array): Promise<void> => {
    const connection = await RawConnection.open(this.#service.port);
    connection.write(input);
    // The end of what is sent ends every wait for more of it.
    connection.socket.end();
    const text = await connection.closed;
    assert.match(text, /^(HTTP\/1\.1 [1-4]\d\d |$)/, 'something else than an answer');
    for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
      assert.ok(Number(status) < 500, text.slice(0, 600));
    }
    assert.deepEqual(this.#service.errors, []);
    this.#count += 1;
    if (this.#count % pulse !== 0) return;
    assert.equal((await this.#service.get('/v1/health/live')).status, 200);
    const open = await new Promise<number>((resolve) => {
      this.#service.app.server.getConnections((_, count) => resolve(count));
    });
    assert.ok(open <= 10, `${open} connections are kept`);
  };

  readonly close = (): Promise<void> => this.#service.close();
}

export const wire: Target = {
  name: 'wire',
  seeds: [
    `POST /v1/assert HTTP/1.1\r\n${head}${length}\r\n${body}`,
    `POST /v1/assert HTTP/1.1\r\n${head}transfer-encoding: chunked\r\n\r\n${chunk}`,
    `POST /v1/assert/batch HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\n` +
      `content-length: ${body.length + 1}\r\nexpect: 100-continue\r\n\r\n${body}\n`,
    `GET /v1/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
    `GET /v1/query?prefix=a HTTP/1.1\r\nhost: localhost\r\n\r\nGET /v1/health HTTP/1.0\r\n\r\n`,
    `OPTIONS * HTTP/1.1\r\nhost: localhost\r\norigin: http://a\r\nupgrade: h2c\r\n` +
      'connection: upgrade\r\n\r\n',
  ],
  words: [
    ...['transfer-encoding: chunked\r\n', 'content-length: 0\r\n', 'Transfer-Encoding: identity'],
    ...['content-encoding: gzip\r\n', 'expect: 100-continue\r\n', 'connection: keep-alive\r\n'],
    ...['host: \r\n', 'x: y\r\n z\r\n', '\r\n\r\n', '0\r\n\r\n', ';a=b', 'HTTP/1.0', 'HTTP/2.0'],
    ...['CONNECT', 'TRACE', 'PRI', 'http://localhost/', '127.0.0.1', 'upgrade: websocket\r\n'],
  ],
  bytesMax: 40_000,
  runs: 500,
  open: async () => new Wire(await HttpService.start()),
};
