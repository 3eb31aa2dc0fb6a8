/** Who may call at all: Host, Origin, and the address that is listened on. */

import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { test } from 'node:test';
import { checkBindAddress, isLoopback, parseBindAddress } from '../../src/guard/bind.js';
import { hostRefusal } from '../../src/guard/hosts.js';
import { type HttpService, withService } from '../http/service.js';

interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request with any Host, which fetch would not send. */
const call = (
  service: HttpService,
  headers: Readonly<Record<string, string>>,
  options: { readonly method?: string; readonly path?: string } = {},
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', path = '/v1/health/live' } = options;
    const sent = request({ port: service.port, host: '127.0.0.1', method, path, headers });
    sent.on('error', reject);
    sent.on('response', async (answer) => {
      let text = '';
      for await (const part of answer) text += String(part);
      resolve({ status: answer.statusCode, headers: answer.headers, text });
    });
    sent.end();
  });

const rules = { allowedHosts: [], allowedOrigins: [] };

test('loopback names are ours in any case and with any port, others are not', () => {
  const ours = ['localhost', 'LOCALHOST:18180', '127.0.0.1', '127.0.0.1:80', '[::1]:18180'];
  for (const host of ours) {
    assert.equal(hostRefusal({ headers: { host }, url: '/' }, rules), undefined, host);
  }
  const others = [
    ...['evil.example', 'localhost.evil.example', 'localhost:1:2', '127.0.0.1.evil.example'],
    ...['localhost@evil.example', '', 'evil.example:18180', '[::1', '127.0.0.2', '0.0.0.0'],
    ...['localhost:', 'localhost:999999'],
  ];
  for (const host of others) {
    const refusal = hostRefusal({ headers: { host }, url: '/' }, rules);
    assert.equal(refusal?.code, 'host_not_allowed', host);
  }
  assert.equal(hostRefusal({ headers: {}, url: '/' }, rules)?.code, 'host_not_allowed');
});

test('a target with an authority must name a host of ours too', () => {
  const headers = { host: 'localhost' };
  const inside = { headers, url: 'http://localhost/v1/health' };
  assert.equal(hostRefusal(inside, rules), undefined);
  const outside = { headers, url: 'http://evil.example/v1/health' };
  assert.equal(hostRefusal(outside, rules)?.code, 'host_not_allowed');
});

test('only our own origin may call from a browser, and those that are configured', () => {
  const from = (origin: string, allowedOrigins: readonly string[] = []): string | undefined => {
    const headers = { host: 'localhost:18180', origin };
    return hostRefusal({ headers, url: '/' }, { allowedHosts: [], allowedOrigins })?.code;
  };
  assert.equal(from('http://localhost:18180'), undefined);
  const strangers = [
    ...['http://localhost', 'http://localhost:3000', 'null', 'https://evil.example'],
    ...['http://localhost:18180.evil.example', 'file://', '*'],
  ];
  for (const origin of strangers) assert.equal(from(origin), 'host_not_allowed', origin);
  assert.equal(from('https://app.example', ['https://app.example']), undefined);
  assert.equal(from('https://app.example.evil', ['https://app.example']), 'host_not_allowed');
});

test(
  'another Host is refused on every route, and names the key to configure',
  withService(async (service) => {
    const paths = ['/v1/health', '/v1/health/live', '/v1/query?prefix=a', '/metrics', '/docs/'];
    for (const path of [...paths, '/openapi.json', '/errors', '/nowhere']) {
      const answer = await call(service, { host: 'evil.example' }, { path });
      assert.equal(answer.status, 403, path);
      assert.match(answer.text, /host_not_allowed.*|STEMEDB_ALLOWED_HOSTS/);
    }
    const written = await call(service, { host: 'evil.example' }, { method: 'POST' });
    assert.equal(written.status, 403);
    const foreign = await call(service, { host: 'localhost', origin: 'https://evil.example' });
    assert.equal(foreign.status, 403);
    assert.match(foreign.text, /STEMEDB_ALLOWED_ORIGINS/);
    assert.equal(foreign.headers['access-control-allow-origin'], undefined);
    assert.equal((await call(service, { host: 'LocalHost:1' })).status, 200);
  }),
);

test(
  'a configured origin may ask first and read the answer; another may not',
  withService(
    async (service) => {
      const preflight = {
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      };
      const ask = (origin: string): Promise<Reply> =>
        call(
          service,
          { host: 'db.example:18180', origin, ...preflight },
          { method: 'OPTIONS', path: '/v1/query' },
        );
      const allowed = await ask('https://app.example');
      assert.equal(allowed.status, 204);
      assert.equal(allowed.headers['access-control-allow-origin'], 'https://app.example');
      assert.match(allowed.headers['access-control-allow-methods'] ?? '', /POST/);
      assert.equal(allowed.headers.vary, 'Origin');
      assert.equal((await ask('https://evil.example')).status, 403);
      const read = await call(service, { host: 'db.example', origin: 'https://app.example' });
      assert.equal(read.status, 200);
      assert.equal(read.headers['access-control-allow-origin'], 'https://app.example');
      assert.equal((await call(service, { host: 'other.example' })).status, 403);
    },
    { allowedHosts: ['db.example'], allowedOrigins: ['https://app.example'] },
  ),
);

test('an address is host and port; without authentication it must be loopback', () => {
  assert.deepEqual(parseBindAddress('127.0.0.1:18180'), { host: '127.0.0.1', port: 18180 });
  assert.deepEqual(parseBindAddress('[::1]:0'), { host: '::1', port: 0 });
  for (const text of ['', 'localhost', ':1', '1.2.3.4:65536', '[x]:1', '::1:80', 'a:b', 'a:1:2']) {
    assert.equal(parseBindAddress(text), undefined, text);
  }
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1']) assert.ok(isLoopback(host));
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.evil.example', '1270.0.0.1', '']) {
    assert.ok(!isLoopback(host), host);
    const address = { host, port: 18180 };
    const refused = checkBindAddress(address, false);
    assert.ok(!refused.ok && refused.error.code === 'invalid_configuration');
    assert.match(refused.error.detail, /STEMEDB_INSECURE/);
    assert.ok(checkBindAddress(address, true).ok);
  }
});
