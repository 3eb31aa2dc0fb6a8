/** Where a setting comes from, and what is said about a wrong one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultPolicyTable } from '@stemedb/model';
import {
  type ConfigSources,
  type LoadedConfig,
  loadConfig,
  systemConfigFile,
} from '../../src/config/config.js';
import { settings } from '../../src/config/settings.js';
import { readBindAddress } from '../../src/guard/bind.js';
import { hostRefusal } from '../../src/guard/hosts.js';

interface Stated {
  readonly flags?: ConfigSources['flags'];
  readonly env?: ConfigSources['env'];
  /** The path of `--config`. */
  readonly file?: string;
  /** Texts by path. */
  readonly files?: Readonly<Record<string, string>>;
}

const sourcesOf = ({ flags = {}, env = {}, file, files = {} }: Stated): ConfigSources => ({
  flags,
  env,
  file,
  readFile: async (path) => files[path],
  checkBind: readBindAddress,
});

const load = async (stated: Stated): Promise<LoadedConfig> => {
  const loaded = await loadConfig(sourcesOf(stated));
  if (!loaded.ok) throw new Error(loaded.error.detail);
  return loaded.value;
};

const refusal = async (stated: Stated): Promise<string> => {
  const loaded = await loadConfig(sourcesOf(stated));
  if (loaded.ok) throw new Error('The configuration was accepted.');
  assert.equal(loaded.error.code, 'invalid_configuration');
  return loaded.error.detail;
};

const refusedFile = (text: string): Promise<string> =>
  refusal({ file: 'a.toml', files: { 'a.toml': text } });

test('nothing has to be stated', async () => {
  const { config, lines } = await load({});
  assert.deepEqual(config, {
    bindAddr: '127.0.0.1:18180',
    walDir: './data/wal',
    dbDir: './data/db',
    logLevel: 'info',
    allowedHosts: [],
    allowedOrigins: [],
    insecure: false,
    realm: undefined,
    signatures: 'optional',
    cacheBytesMax: 64 * 1024 ** 2,
    slowQueryMs: 1000,
    archiveUrl: undefined,
    lensModules: [],
    policy: undefined,
  });
  assert.deepEqual(
    lines,
    settings.map(({ key, fallback }) => ({ key, value: fallback, source: 'default' })),
  );
});

test('a flag wins over the environment, that over the file, that over the default', async () => {
  const files = { 'a.toml': 'log_level = "fatal"' };
  const env = { STEMEDB_LOG_LEVEL: 'warn' };
  const from = async (stated: Stated): Promise<readonly (string | undefined)[]> => {
    const { config, lines } = await load(stated);
    return [config.logLevel, lines.find(({ key }) => key === 'log_level')?.source];
  };
  const all: Stated = { flags: { log_level: 'debug' }, env, file: 'a.toml', files };
  assert.deepEqual(await from(all), ['debug', '--log-level']);
  assert.deepEqual(await from({ env, file: 'a.toml', files }), ['warn', 'STEMEDB_LOG_LEVEL']);
  assert.deepEqual(await from({ file: 'a.toml', files }), ['fatal', 'a.toml']);
  assert.deepEqual(await from({ files }), ['info', 'default']);
});

test('the file of the system is read unless another is named', async () => {
  const files = { [systemConfigFile]: 'realm = "system"', 'a.toml': 'db_dir = "x"' };
  assert.equal((await load({ files })).config.realm, 'system');
  assert.equal((await load({ file: 'a.toml', files })).config.realm, undefined);
  assert.match(await refusal({ file: 'b.toml', files }), /no configuration file b\.toml/);
});

test('values of a file may be written in the types of TOML', async () => {
  const text = 'insecure = true\nallowed_hosts = ["a.example", "b.example:80"]\n';
  const { config } = await load({ file: 'a.toml', files: { 'a.toml': text } });
  assert.equal(config.insecure, true);
  assert.deepEqual(config.allowedHosts, ['a.example', 'b.example:80']);
  const env = { STEMEDB_ALLOWED_ORIGINS: ' https://a.example , https://b.example,' };
  const origins = (await load({ env })).config.allowedOrigins;
  assert.deepEqual(origins, ['https://a.example', 'https://b.example']);
});

test('a size is bytes or binary multiples of them', async () => {
  const sizes = { 0: 0, 4096: 4096, '8KiB': 8192, '3 MiB': 3 * 1024 ** 2, '2GiB': 2 * 1024 ** 3 };
  for (const [text, bytes] of Object.entries(sizes)) {
    const { config } = await load({ env: { STEMEDB_CACHE_SIZE: text } });
    assert.equal(config.cacheBytesMax, bytes, text);
  }
});

test('slow questions are told from a whole number of milliseconds on', async () => {
  for (const [text, ms] of Object.entries({ 0: 0, 250: 250, 86400000: 86_400_000 })) {
    const { config } = await load({ env: { STEMEDB_SLOW_QUERY_MS: text } });
    assert.equal(config.slowQueryMs, ms, text);
  }
  assert.equal((await load({ env: {} })).config.slowQueryMs, 1000);
});

test('an unknown or bad key is named, with the nearest known one', async () => {
  const env = (name: string, value: string) => refusal({ env: { [name]: value } });
  assert.match(await env('STEMEDB_LOG_LEVL', 'info'), /STEMEDB_LOG_LEVL.*STEMEDB_LOG_LEVEL/);
  assert.match(await env('STEMEDB_LOG_LEVEL', 'loud'), /log_level.*STEMEDB_LOG_LEVEL.*"loud"/);
  assert.match(await env('STEMEDB_INSECURE', 'yes'), /insecure.*true, false/);
  assert.match(await env('STEMEDB_SIGNATURES', 'always'), /signatures.*optional, required/);
  for (const size of ['', 'much', '-1', '64MB', '1.5GiB', '9007199254740993', '99999999GiB']) {
    assert.match(await env('STEMEDB_CACHE_SIZE', size), /cache_size.*STEMEDB_CACHE_SIZE.*64MiB/);
  }
  for (const time of ['', 'slow', '-1', '1.5', '1s', '86400001']) {
    assert.match(await env('STEMEDB_SLOW_QUERY_MS', time), /slow_query_ms.*0 to 86400000/);
  }
  assert.match(await env('STEMEDB_WAL_DIR', ''), /wal_dir.*empty/);
  assert.match(await env('STEMEDB_REALM', 'x'.repeat(65)), /realm.*64 bytes/);
  assert.match(await refusedFile('bind_adr = "x"'), /a\.toml.*"bind_adr".*"bind_addr"/);
  assert.match(await refusedFile('[bind_addr]\nx = 1'), /bind_addr must be a plain value/);
  assert.match(await refusedFile('a = = 1'), /a\.toml is not TOML/);
  await load({ env: { STEMEDB_URL: 'http://x', PATH: '/bin', OTHER_BIND_ADDR: 'x' } });
});

test('the policy of the file replaces members of the default', async () => {
  const agent = 'a'.repeat(64);
  const text = `
    [policy]
    class_mode = "granted"
    stewards = ["${agent}"]
    [[policy.grants]]
    agent_id = "${agent}"
    class = "clinical"
  `;
  const { config } = await load({ file: 'a.toml', files: { 'a.toml': text } });
  assert.deepEqual(config.policy, {
    ...defaultPolicyTable,
    class_mode: 'granted',
    stewards: [agent],
    grants: [{ agent_id: agent, class: 'clinical' }],
  });
});

test('a wrong policy is refused with its place', async () => {
  const policy = (text: string) => refusedFile(`[policy]\n${text}`);
  assert.match(await policy('class_mod = "granted"'), /\[policy\].*"class_mod".*"class_mode"/);
  assert.match(await policy('governance = "king"'), /\[policy\] \/governance/);
  assert.match(await policy('stewards = ["x"]'), /\[policy\] \/stewards\/0/);
  assert.match(await policy('schemes = { rfc = "holy" }'), /schemes\.rfc.*"holy"/);
  const grant = `grants = [{ agent_id = "${'a'.repeat(64)}", class = "royal" }]`;
  assert.match(await policy(grant), /grants\[0\]\.class.*"royal"/);
  assert.match(await refusedFile('policy = 1'), /policy/);
});

test('lens modules are paths, whose case counts', async () => {
  const expected = ['./My Lens.mjs', '/b.mjs'];
  const env = { STEMEDB_LENS_MODULES: './My Lens.mjs, /b.mjs' };
  assert.deepEqual((await load({ env })).config.lensModules, expected);
  const files = { 'a.toml': 'lens_modules = ["./My Lens.mjs", "/b.mjs"]' };
  assert.deepEqual((await load({ file: 'a.toml', files })).config.lensModules, expected);
});

test('allowed hosts and origins are compared in lower case', async () => {
  const { config } = await load({
    env: {
      STEMEDB_ALLOWED_HOSTS: 'Db.Example.ORG',
      STEMEDB_ALLOWED_ORIGINS: 'https://App.Example',
    },
  });
  const rules = { allowedHosts: config.allowedHosts, allowedOrigins: config.allowedOrigins };
  const headers = { host: 'DB.example.org', origin: 'https://APP.example' };
  assert.equal(hostRefusal({ headers, url: '/v1/health' }, rules), undefined);
});

test('a file that cannot be read is named with the reason', async () => {
  const unreadable = Object.assign(new Error('no'), { code: 'EISDIR' });
  const readFile = () => Promise.reject(unreadable);
  const loaded = await loadConfig({ ...sourcesOf({ file: '/etc' }), readFile });
  assert.ok(!loaded.ok);
  assert.equal(loaded.error.code, 'invalid_configuration');
  assert.equal(loaded.error.detail, 'The configuration file /etc cannot be read (EISDIR).');
});

test('an address that the server would refuse is refused at the check', async () => {
  const bind = (address: string, insecure = 'false'): Stated => ({
    env: { STEMEDB_BIND_ADDR: address, STEMEDB_INSECURE: insecure },
  });
  assert.match(await refusal(bind('nonsense')), /must be host:port.*"nonsense"/);
  assert.match(await refusal(bind('127.0.0.1:99999')), /must be host:port/);
  assert.match(await refusal(bind('0.0.0.0:18180')), /STEMEDB_INSECURE=true/);
  assert.equal((await load(bind('0.0.0.0:18180', 'true'))).config.bindAddr, '0.0.0.0:18180');
});
