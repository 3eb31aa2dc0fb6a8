/** Where the server may listen without authentication. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkBindAddress, isLoopback, parseBindAddress } from '../../src/guard/bind.js';

test('an address is a host and a port', () => {
  const good: Readonly<Record<string, readonly [string, number]>> = {
    '127.0.0.1:18180': ['127.0.0.1', 18180],
    'localhost:0': ['localhost', 0],
    '[::1]:65535': ['::1', 65_535],
    '0.0.0.0:80': ['0.0.0.0', 80],
    'db-1.example.org:1': ['db-1.example.org', 1],
  };
  for (const [text, [host, port]] of Object.entries(good)) {
    assert.deepEqual(parseBindAddress(text), { host, port }, text);
  }
  const bad = ['', ':1', 'a', 'a:', 'a:b', 'a:65536', '::1:80', '[a]:1', '[1.2.3.4]:1', 'a b:1'];
  for (const text of bad) assert.equal(parseBindAddress(text), undefined, text);
});

test('loopback addresses are those that nobody else reaches', () => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) assert.ok(isLoopback(host));
  const others = [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '127.0.0.1.example.org',
    'example.org',
    '1127.0.0.1',
  ];
  for (const host of others) assert.ok(!isLoopback(host), host);
});

test('an address that others reach needs the explicit word', () => {
  const open = { host: '0.0.0.0', port: 1 };
  const refused = checkBindAddress(open, false);
  assert.equal(refused.ok, false);
  assert.match(refused.ok ? '' : refused.error.detail, /0\.0\.0\.0:1.*STEMEDB_INSECURE=true/);
  assert.ok(checkBindAddress(open, true).ok);
  assert.ok(checkBindAddress({ host: '127.0.0.1', port: 1 }, false).ok);
});
