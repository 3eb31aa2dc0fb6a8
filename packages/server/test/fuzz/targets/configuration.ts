/** The configuration: a file, an environment and flags, parted by lines of their own. */
import assert from 'node:assert/strict';
import { loadConfig } from '../../../src/config/config.js';
import { type SettingKey, settings } from '../../../src/config/settings.js';
import { readBindAddress } from '../../../src/guard/bind.js';
import { pure, textOf, valueIn } from '../target.js';

const assignments = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const at = line.indexOf('=');
        return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
      }),
  );

const run = async (input: Uint8Array): Promise<void> => {
  const [file = '', env = '', flags = ''] = textOf(input).split('\n---\n');
  const known = new Set<string>(settings.map(({ key }) => key));
  const stated = Object.entries(assignments(flags)).filter(([name]) => known.has(name));
  const outcome = await loadConfig({
    flags: Object.fromEntries(stated) as Partial<Record<SettingKey, string>>,
    env: assignments(env),
    file: 'a.toml',
    readFile: async () => file,
    checkBind: readBindAddress,
  });
  const loaded = valueIn(outcome, input.length);
  if (loaded === undefined) return;
  assert.equal(loaded.lines.length, settings.length);
  assert.ok(Number.isSafeInteger(loaded.config.cacheBytesMax));
  assert.ok(readBindAddress(loaded.config.bindAddr, loaded.config.insecure).ok);
};

const policy = `[policy]
class_mode = "granted"
governance = "steward"
stewards = ["${'ab'.repeat(32)}"]
schemes = { https = "web" }
[[policy.classes]]
name = "web"
tier = 3
weight = 0.5
half_life_days = 30
[policy.trust]
initial = 0.5
accurate = 0.1
inaccurate = -0.2
half_life_days = 90`;

export const configuration = pure(
  {
    name: 'configuration',
    seeds: [
      'bind_addr = "127.0.0.1:18180"\nlog_level = "warn" # c\ncache_size = "64MiB"\n' +
        '\n---\nSTEMEDB_BIND_ADDR=[::1]:80\nSTEMEDB_REALM=r\n---\nlog_level=debug\ninsecure=true',
      'allowed_hosts = ["a", "b"]\nlens_modules = """\na.js"""\nrealm = \'é\'\n\n---\n\n---\n',
      `${policy}\n\n---\n\n---\n`,
    ],
    words: [
      ...settings.flatMap(({ key, env, fallback }) => [key, env, `${key} = `, fallback]),
      ...['"""', "'''", '[[', ']]', '[policy]', '= inf', '= -nan', '= 0xff', '= 1979-05-27'],
      ...['= 07:32:00', '= {a.b=1}', '\n---\n', '9223372036854775807', '\\U0010FFFF', '1_000'],
    ],
  },
  run,
);
