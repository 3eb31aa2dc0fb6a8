/** The unit files, the settings and the scripts as systemd, the server and the shell read them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitCodeOf, exitCodes } from '../../src/cli/exit_codes.js';
import { runToEnd, without } from './programs.js';
import { root } from './release.js';
import { assertCommand, configOf } from './settings_of.js';

const folder = join(root, 'deploy/systemd');
const units = readdirSync(folder).filter((name) => /\.(service|timer)$/.test(name));
const services = units.filter((name) => name.endsWith('.service'));
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** Exposure as `systemd-analyze security` counts it, times ten: 100 is everything. */
const exposureMax = 20;

/** Runs a program where rules of a firewall stop nobody else. */
const inOwnNetwork = (...words: readonly string[]) => runToEnd('unshare', ['--net', ...words]);

const withoutRules = (): string | false =>
  without('nft') || (process.getuid?.() === 0 ? false : 'needs root');

/** Every value of a key, in order. */
const valuesOf = (text: string, key: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value ?? '');

test('systemd accepts every unit', { skip: without('systemd-analyze') }, async () => {
  const copies = await mkdtemp(join(tmpdir(), 'stemedb-units-'));
  try {
    // The programs stand elsewhere here; that those of a release run is tested with the installer.
    for (const name of units) {
      const text = read(name).replaceAll(/=\/opt\/stemedb\/current\/bin\/\S+/g, '=/bin/true');
      await writeFile(join(copies, name), text);
    }
    const words = ['verify', '--man=no', ...units.map((name) => join(copies, name))];
    const { exit, out, err } = await runToEnd('systemd-analyze', words);
    assert.equal(out + err, '');
    assert.equal(exit, 0);
  } finally {
    await rm(copies, { recursive: true, force: true });
  }
});

for (const name of services) {
  test(`${name} may do little`, { skip: without('systemd-analyze') }, async () => {
    const words = ['security', '--offline=true', '--no-pager', `--threshold=${exposureMax}`];
    const { exit, out, err } = await runToEnd('systemd-analyze', [...words, join(folder, name)]);
    assert.equal(exit, 0, out + err);
  });
}

test('no unit takes from Node.js what it cannot run without', () => {
  for (const name of services) {
    assert.deepEqual(valuesOf(read(name), 'MemoryDenyWriteExecute'), [], name);
  }
});

test('the server comes back after 5 s, unless no restart can mend it', () => {
  const text = read('stemedb.service');
  assert.deepEqual(valuesOf(text, 'Restart'), ['always']);
  assert.deepEqual(valuesOf(text, 'RestartSec'), ['5']);
  const [list = ''] = valuesOf(text, 'RestartPreventExitStatus');
  const { usage, data, altered, format, configuration } = exitCodes;
  const hopeless = [usage, data, altered, format, configuration].map(({ number }) => number);
  assert.deepEqual(list.split(' ').map(Number), hopeless);
});

test('a full backup waits for an incremental one, and nothing waits in a circle', () => {
  const after = new Map(
    services.map((name) => [
      name,
      valuesOf(read(name), 'After').flatMap((list) =>
        list.split(' ').filter((other) => services.includes(other)),
      ),
    ]),
  );
  assert.deepEqual(after.get('stemedb-backup.service'), ['stemedb-backup-incremental.service']);
  const check = (name: string, way: readonly string[]): void => {
    assert.ok(!way.includes(name), [...way, name].join(' after '));
    for (const other of after.get(name) ?? []) check(other, [...way, name]);
  };
  for (const name of services) check(name, []);
  // The other one that finds a full backup under way has nothing to do.
  const [code] = valuesOf(read('stemedb-backup-incremental.service'), 'SuccessExitStatus');
  assert.equal(Number(code), exitCodeOf('data_directory_locked'));
});

test('jobs that write or read backups wait for the disk that they are on', () => {
  const [folderOfBackups = ''] = valuesOf(read('stemedb.env'), 'STEMEDB_BACKUP_URL');
  for (const name of services) {
    const isOfBackups = /^ExecStart=\S+ (?:backup|drill)\b/m.test(read(name));
    const mounts = valuesOf(read(name), 'RequiresMountsFor');
    assert.equal(mounts.includes(folderOfBackups), isOfBackups, name);
  }
});

test('every timer has its job, and every job is a command that exists', async () => {
  for (const name of units.filter((unit) => unit.endsWith('.timer'))) {
    assert.ok(services.includes(name.replace('.timer', '.service')), name);
  }
  for (const name of services) {
    const [program, ...words] = (valuesOf(read(name), 'ExecStart')[0] ?? '').split(' ');
    if (words.length === 0) continue;
    assert.equal(program, '/opt/stemedb/current/bin/stemedb', name);
    await assertCommand(words);
  }
});

test('the settings that are installed are settings of the server', async () => {
  // Those that are commented out as well: taking the mark away must not break the start.
  const lines = read('stemedb.env').matchAll(/^#?([A-Z][A-Z0-9_]*)=(.*)$/gm);
  const env = Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
  assert.ok(Object.keys(env).length >= 2);
  assert.equal((await configOf(env)).walDir, '/var/lib/stemedb/wal');
});

test('the scripts have no faults that shellcheck finds', {
  skip: without('shellcheck'),
}, async () => {
  const scripts = ['deploy/install.sh', 'deploy/stemedb.sh'];
  const words = [...scripts, 'packages/server/test/deploy/machine.sh'].map((name) =>
    join(root, name),
  );
  const { exit, out } = await runToEnd('shellcheck', words);
  assert.equal(exit, 0, out);
});

test('nft accepts the rules of the firewall', { skip: withoutRules() }, async () => {
  const file = join(root, 'deploy/firewall/stemedb.nft');
  const checked = await inOwnNetwork('nft', '--check', '--file', file);
  assert.equal(checked.exit, 0, checked.err);
  // Twice for real, where nobody else is: the second time the table is there already.
  const listed = await inOwnNetwork(
    ...['sh', '-c', `nft -f ${file} && nft -f ${file} && nft list table inet stemedb`],
  );
  assert.equal(listed.exit, 0, listed.err);
  assert.match(listed.out, /policy drop/);
});
