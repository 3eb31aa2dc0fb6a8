/** The server as a process: what it says and how it ends when it cannot start. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { version } from '../../src/bin/version.js';
import { exitCodes } from '../../src/cli/exit_codes.js';
import { settings } from '../../src/config/settings.js';
import { httpLimits } from '../../src/guard/limits.js';
import { groupCommitLimits } from '../../src/ingest/commit_queue.js';
import { queryLimits } from '../../src/query/query_service.js';
import { type Ended, runProgram } from '../support/cli_process.js';
import { serverBinary } from '../support/server_process.js';

let directory = '';

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-program-'));
});

after(() => rm(directory, { recursive: true, force: true }));

/** Runs the server on directories of the test. */
const run = (
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> =>
  runProgram(serverBinary, words, {
    STEMEDB_WAL_DIR: join(directory, 'wal'),
    STEMEDB_DB_DIR: join(directory, 'db'),
    STEMEDB_BIND_ADDR: '127.0.0.1:0',
    ...env,
  });

interface Refusal {
  readonly name: string;
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly exit: number;
  readonly says: RegExp;
}

const { configuration, usage, cannot_create: cannotCreate } = exitCodes;

const refusals: readonly Refusal[] = [
  {
    name: 'an unknown variable',
    env: { STEMEDB_WALL_DIR: '/x' },
    exit: configuration.number,
    says: /STEMEDB_WALL_DIR.*STEMEDB_WAL_DIR/,
  },
  {
    name: 'a wrong value, with where it stands',
    env: { STEMEDB_LOG_LEVEL: 'loud' },
    exit: configuration.number,
    says: /log_level.*STEMEDB_LOG_LEVEL.*"loud"/,
  },
  {
    name: 'an unknown flag, with the one that was meant',
    words: ['--wall-dir', '/x'],
    exit: usage.number,
    says: /--wall-dir[\s\S]*--wal-dir/,
  },
  { name: 'a word too many', words: ['serve'], exit: usage.number, says: /argument/ },
  {
    name: 'a configuration file that is not there',
    words: ['--config', '/none/stemedb.toml'],
    exit: configuration.number,
    says: /\/none\/stemedb\.toml/,
  },
  {
    name: 'an address that is none',
    env: { STEMEDB_BIND_ADDR: 'nowhere' },
    exit: configuration.number,
    says: /nowhere/,
  },
  {
    name: 'an address that strangers reach',
    env: { STEMEDB_BIND_ADDR: '0.0.0.0:0' },
    exit: configuration.number,
    says: /0\.0\.0\.0:0.*STEMEDB_INSECURE/,
  },
  {
    name: 'a directory that cannot be made',
    env: { STEMEDB_WAL_DIR: '/dev/null/wal' },
    exit: cannotCreate.number,
    says: /\/dev\/null\/wal/,
  },
];

describe('the server refuses to start over', { concurrency: 2 }, () => {
  for (const { name, words = [], env = {}, exit, says } of refusals) {
    it(name, async () => {
      const ended = await run(words, env);
      assert.match(ended.err, says);
      assert.deepEqual([ended.exit, ended.signal, ended.out], [exit, null, '']);
      assert.doesNotMatch(ended.err, /\n\s+at /, 'a sentence, not a stack');
    });
  }

  it('a wrong file, named with the setting in it', async () => {
    const file = join(directory, 'wrong.toml');
    await writeFile(file, 'bind_adr = "127.0.0.1:1"\n');
    const ended = await run(['--config', file]);
    assert.equal(ended.exit, configuration.number);
    assert.match(ended.err, /wrong\.toml.*"bind_adr".*"bind_addr"/);
  });

  it('an address that another program uses', async () => {
    const taken = createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    assert.ok(address !== null && typeof address === 'object');
    const ended = await run([], {
      STEMEDB_BIND_ADDR: `127.0.0.1:${address.port}`,
      STEMEDB_WAL_DIR: join(directory, 'taken/wal'),
      STEMEDB_DB_DIR: join(directory, 'taken/db'),
      STEMEDB_LOG_LEVEL: 'silent',
    });
    taken.close();
    assert.equal(ended.exit, configuration.number);
    assert.match(ended.err, /EADDRINUSE.*STEMEDB_BIND_ADDR/);
  });
});

describe('the server answers without starting', { concurrency: 2 }, () => {
  it('--version', async () => {
    const ended = await run(['--version']);
    assert.deepEqual([ended.exit, ended.out], [0, `stemedb-api ${version}\n`]);
  });

  it('--help, with every flag', async () => {
    const ended = await run(['--help']);
    assert.equal(ended.exit, 0);
    for (const { flag } of settings) assert.ok(ended.out.includes(flag), flag);
  });

  it('--print-config, with every setting, its source and every limit', async () => {
    const file = join(directory, 'own.toml');
    await writeFile(file, 'realm = "of the file"\nlog_level = "debug"\n');
    const ended = await run(['--config', file, '--print-config', '--db-dir', '/flag/db'], {
      STEMEDB_LOG_LEVEL: 'warn',
    });
    assert.equal(ended.exit, 0);
    const lines = ended.out.trimEnd().split('\n');
    const keys = lines.flatMap((line) => /^(\w+) = /.exec(line)?.[1] ?? []);
    assert.deepEqual(
      keys,
      settings.map(({ key }) => key),
    );
    assert.ok(lines.includes('db_dir = "/flag/db"  # --db-dir'));
    assert.ok(lines.includes('log_level = "warn"  # STEMEDB_LOG_LEVEL'));
    assert.ok(lines.includes(`realm = "of the file"  # ${file}`));
    assert.ok(lines.includes('signatures = "optional"  # default'));
    const limits = Object.entries({ ...httpLimits, ...groupCommitLimits, ...queryLimits });
    for (const [name, value] of limits)
      assert.ok(lines.includes(`# limit ${name} = ${value}`), name);
    assert.ok(lines.some((line) => /^# memory = \d+ bytes at most, and /.test(line)));
  });
});
