/** Requests that name a foreign host, or come from a page of another origin, are refused. */

import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { test } from 'node:test';
import { type HostRules, hostRefusal } from '../../src/guard/hosts.js';
import { assertProblem, claim, type HttpService, withService } from '../http/service.js';

const rules = (change: Partial<HostRules> = {}): HostRules => ({
  allowedHosts: [],
  allowedOrigins: [],
  ...change,
});

const isRefused = (
  headers: { readonly host?: string; readonly origin?: string },
  change: Partial<HostRules> = {},
  url = '/v1/query',
): boolean => hostRefusal({ headers, url }, rules(change)) !== undefined;

test('loopback names are allowed with any port, others are not', () => {
  const own = ['localhost', 'LOCALHOST:1', '127.0.0.1', '127.0.0.1:18180', '[::1]', '[::1]:80'];
  for (const host of own) assert.ok(!isRefused({ host }), host);
  const foreign = [
    '',
    'example.org',
    'localhost.example.org',
    'localhost:80:80',
    'localhost:',
    '127.0.0.1.example.org',
    '127.0.0.2',
    '0.0.0.0',
    '::1',
    'localhost@example.org',
    'x localhost',
  ];
  for (const host of foreign) assert.ok(isRefused({ host }), host);
  assert.ok(isRefused({}));
});

test('a configured host is allowed, with its port when it names one', () => {
  const change = { allowedHosts: ['db.example.org', 'other.example.org:8080'] };
  assert.ok(!isRefused({ host: 'db.example.org' }, change));
  assert.ok(!isRefused({ host: 'DB.example.org:9' }, change));
  assert.ok(!isRefused({ host: 'other.example.org:8080' }, change));
  assert.ok(isRefused({ host: 'other.example.org' }, change));
  assert.ok(isRefused({ host: 'other.example.org:8081' }, change));
});

test('the target of an absolute request is a host like any other', () => {
  const host = 'localhost:1';
  assert.ok(!isRefused({ host }, {}, 'http://localhost:1/v1/query'));
  for (const url of ['http://evil.example/v1/query', 'HTTPS://evil.example', 'x://a@b/c']) {
    assert.ok(isRefused({ host }, {}, url), url);
  }
});

test('an origin must be this server or be named', () => {
  const host = 'localhost:18180';
  const allowed = { allowedOrigins: ['https://app.example.org'] };
  assert.ok(!isRefused({ host, origin: 'http://localhost:18180' }));
  assert.ok(!isRefused({ host, origin: 'https://app.example.org' }, allowed));
  const foreign = [
    'null',
    'http://localhost',
    'http://localhost:3000',
    'https://app.example.org:1',
    'http://app.example.org',
    'https://app.example.org.evil.example',
  ];
  for (const origin of foreign) assert.ok(isRefused({ host, origin }, allowed), origin);
});

test(
  'a page of another origin can neither write nor read',
  withService(async (service) => {
    const before = service.recordCount;
    const headers = { 'content-type': 'application/json', origin: 'https://evil.example' };
    const body = JSON.stringify(claim());
    const written = await service.send('/v1/assert', { method: 'POST', headers, body });
    assertProblem(written, 'host_not_allowed');
    assert.equal(service.recordCount, before);
    const paths = ['/v1/health', '/metrics', '/docs', '/openapi.json', '/nowhere', '/v1/query'];
    for (const path of paths) {
      const answer = await service.send(path, { headers });
      assertProblem(answer, 'host_not_allowed');
      assert.equal(answer.headers.get('access-control-allow-origin'), null, path);
    }
    const asked = { ...headers, 'access-control-request-method': 'POST' };
    const preflight = await service.send('/v1/assert', { method: 'OPTIONS', headers: asked });
    assertProblem(preflight, 'host_not_allowed');
  }),
);

test(
  'a configured origin may read answers and ask beforehand',
  withService(
    async (service) => {
      const origin = 'https://app.example.org';
      const headers = { origin, 'access-control-request-method': 'POST' };
      const preflight = await service.send('/v1/assert', { method: 'OPTIONS', headers });
      assert.equal(preflight.status, 204);
      assert.equal(preflight.headers.get('access-control-allow-origin'), origin);
      assert.equal(preflight.headers.get('access-control-allow-headers'), 'content-type');
      for (const path of ['/v1/health', '/nowhere']) {
        const answer = await service.send(path, { headers: { origin } });
        assert.equal(answer.headers.get('access-control-allow-origin'), origin, path);
        assert.equal(answer.headers.get('access-control-allow-credentials'), null);
        assert.match(answer.headers.get('vary') ?? '', /origin/i);
      }
      const plain = await service.get('/v1/health');
      assert.equal(plain.headers.get('access-control-allow-origin'), null);
      assert.match(plain.headers.get('vary') ?? '', /origin/i);
    },
    { allowedOrigins: ['https://app.example.org'] },
  ),
);

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

test(
  'a foreign Host is refused on every route, and the answer names the key to configure',
  withService(async (service) => {
    const before = service.recordCount;
    const paths = ['/v1/health', '/v1/health/live', '/v1/query?prefix=a', '/metrics', '/docs'];
    for (const path of [...paths, '/openapi.json', '/errors', '/nowhere']) {
      const answer = await call(service, { host: 'evil.example' }, { path });
      assert.equal(answer.status, 403, path);
      assert.match(answer.text, /"code":"host_not_allowed"/);
      assert.match(answer.text, /STEMEDB_ALLOWED_HOSTS/);
    }
    const written = { method: 'POST', path: '/v1/assert' };
    assert.equal((await call(service, { host: 'evil.example' }, written)).status, 403);
    assert.equal(service.recordCount, before);
    assert.equal((await call(service, { host: 'LocalHost:1' })).status, 200);
  }),
);

test(
  'a configured host may be called, with an origin of its own',
  withService(
    async (service) => {
      assert.equal((await call(service, { host: 'db.example:18180' })).status, 200);
      const own = { host: 'db.example:18180', origin: 'http://db.example:18180' };
      assert.equal((await call(service, own)).status, 200);
      const other = { host: 'db.example:18180', origin: 'http://localhost:18180' };
      assert.equal((await call(service, other)).status, 403);
      assert.equal((await call(service, { host: 'other.example' })).status, 403);
    },
    { allowedHosts: ['db.example'] },
  ),
);
