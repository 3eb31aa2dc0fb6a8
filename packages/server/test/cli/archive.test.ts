/** `stemedb archive`, and what `verify` and `restore` make of an archive, as processes. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ok } from '@stemedb/model';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { filledDirectories, type TestDirectories } from '../ops/directories.js';
import { type Ended, runProgram } from '../support/cli_process.js';
import { cliBinary } from '../support/server_process.js';
import { noServices, run, scratch } from './harness.js';

const stemedb = (
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> => runProgram(cliBinary, words, env);

const at = ({ walDir, dbDir }: TestDirectories): readonly string[] => [
  ...['--wal-dir', walDir],
  ...['--db-dir', dbDir],
];

const ended = ({ exit, out, err }: Ended, expected: number, said?: RegExp): string => {
  assert.equal(exit, expected, out + err);
  if (said !== undefined) assert.match(err, said);
  return out;
};

interface Status {
  readonly logs: readonly { readonly log_id: string; readonly position: number }[];
  readonly own: { readonly log_id: string; readonly position: number } | null;
  readonly lag: number | null;
}

const statusOf = (out: string): Status => JSON.parse(out) as Status;

/** What a copy says of itself, by verifying it. */
const verified = async (words: readonly string[]): Promise<{ readonly log_id: string }> => {
  const { copy } = JSON.parse(ended(await stemedb(['verify', ...words, '--json']), 0));
  return copy;
};

it('archives, tells how far it is, and refuses what makes no sense', async (context) => {
  const directories = await filledDirectories(context, 30);
  const place = join(await scratch(context), 'archive');
  ended(await stemedb(['archive', ...at(directories)]), 78, /--to or STEMEDB_ARCHIVE_URL/);
  const both = ['archive', '--to', place, '--follow', '--status', ...at(directories)];
  ended(await stemedb(both), 2, /different things; name one/);
  const wrong = ['archive', '--to', place, '--recipient', 'age1no', ...at(directories)];
  ended(await stemedb(wrong), 78, /"age1no" is no public key/);
  const none = ['--wal-dir', join(place, 'none')];
  ended(await stemedb(['archive', '--to', place, ...none]), 1, /no log in/);
  const status = ['archive', '--status', '--json', ...at(directories)];
  const env = { STEMEDB_ARCHIVE_URL: place };
  const before = statusOf(ended(await stemedb(status, env), 1));
  assert.deepEqual([before.logs, before.lag], [[], null]);
  ended(await stemedb(['archive', ...at(directories)], env), 0);
  const after = statusOf(ended(await stemedb(status, env), 0));
  assert.equal(after.lag, 0);
  assert.equal(after.logs[0]?.position, after.own?.position);
  assert.ok((after.own?.position ?? 0) > 30);
});

it('opens an encrypted archive with its key, and says what is missing', async (context) => {
  const directories = await filledDirectories(context, 20);
  const folder = await scratch(context);
  const [place, key] = [join(folder, 'archive'), join(folder, 'key.txt')];
  const secret = await generateIdentity();
  await writeFile(key, `# a key\n${secret}\n`);
  const recipient = ['--recipient', await identityToRecipient(secret)];
  ended(await stemedb(['archive', '--to', place, ...recipient, ...at(directories)]), 0);
  ended(await stemedb(['verify', place]), 78, /name the file of the secret key/);
  const missing = ['verify', place, '--identity', join(folder, 'none')];
  ended(await stemedb(missing), 78, /cannot be read/);
  await verified([place, '--identity', key]);
  const data = ['--data', join(folder, 'new'), '--log-only'];
  const restored = await stemedb(['restore', place, '--identity', key, ...data]);
  assert.ok(!restored.err.includes('new key'), 'the key of the node came along');
  ended(restored, 0);
});

it('does not say that nothing is lost when the log is gone', async (context) => {
  const directories = await filledDirectories(context, 20);
  const place = join(await scratch(context), 'archive');
  const stop = new AbortController();
  let said = '';
  const write = async (text: string): Promise<void> => {
    said += text;
    if (text.startsWith('warning')) stop.abort();
    else await rm(directories.walDir, { recursive: true, force: true });
  };
  const sink = { write, isTerminal: false, columns: 100 };
  const words = ['archive', '--follow', '--interval', '1', '--to', place, ...at(directories)];
  const io = {
    ...{ stdout: sink, stderr: sink, stopSignal: () => stop.signal },
    services: { ...noServices, readConfig: async () => ok([]) },
    sleep: (delayMs: number) => sleep(delayMs),
  };
  assert.equal((await run(words, { io })).exit, 0, said);
  assert.match(said, /warning: not_found: There is no log in .* It is tried again\.\n$/);
});

it('takes the log that goes on from the other, and the one that is named', async (context) => {
  const directories = await filledDirectories(context, 20);
  const folder = await scratch(context);
  const place = join(folder, 'archive');
  ended(await stemedb(['archive', '--to', place, ...at(directories)]), 0);
  const first = await verified([place]);
  const again = { walDir: join(folder, 'wal'), dbDir: join(folder, 'db') };
  ended(await stemedb(['restore', place, '--log-only', ...at(again)]), 0);
  ended(await stemedb(['archive', '--to', place, ...at(again)]), 0);
  // The old one is archived once more, and later: it is the older one all the same.
  ended(await stemedb(['archive', '--to', place, ...at(directories)]), 0);
  const second = await verified([place]);
  assert.notEqual(second.log_id, first.log_id);
  assert.equal((await verified([place, '--log', first.log_id])).log_id, first.log_id);
  await besideDamagedHead(place, first.log_id, second.log_id);
  await oneOfTwoDatabases(context, place, second.log_id);
});

const besideDamagedHead = async (place: string, damaged: string, sound: string): Promise<void> => {
  const keys = await readdir(place, { recursive: true });
  const heads = keys.filter((key) => /heads\/\d{12}$/.test(key) && key.includes(damaged)).sort();
  const path = join(place, heads.at(-1) ?? '');
  const bytes = await readFile(path);
  await writeFile(path, '{}');
  const said = new RegExp(`Move this object aside, and keep it.*opened with --log: ${sound}\\.`);
  ended(await stemedb(['verify', place]), 65, said);
  assert.equal((await verified([place, '--log', sound])).log_id, sound);
  await writeFile(path, bytes);
};

const oneOfTwoDatabases = async (
  context: TestContext,
  place: string,
  logId: string,
): Promise<void> => {
  const other = await filledDirectories(context, 10);
  ended(await stemedb(['archive', '--to', place, ...at(other)]), 0);
  ended(await stemedb(['verify', place]), 1, /archives of 2 databases; name the log/);
  assert.equal((await verified([place, '--log', logId])).log_id, logId);
  ended(await stemedb(['verify', place, '--log', '00'.repeat(16)]), 1, /no archive of the log/);
};

it('verifies the archive of its log, without the key its objects alone', async (context) => {
  const directories = await filledDirectories(context, 30);
  const place = join(await scratch(context), 'archive');
  const secret = await generateIdentity();
  const key = join(place, '..', 'key.txt');
  await writeFile(key, `${secret}\n`);
  const recipient = ['--recipient', await identityToRecipient(secret)];
  for (const isEncrypted of [false, true]) {
    const to = join(place, isEncrypted ? 'encrypted' : 'plain');
    const words = ['archive', '--to', to, ...at(directories)];
    ended(await stemedb([...words, '--verify']), 1, /There is no archive of the log/);
    ended(await stemedb([...words, ...(isEncrypted ? recipient : [])]), 0);
    const out = ended(await stemedb([...words, '--verify']), 0);
    assert.match(out, isEncrypted ? /objects.*what is in them is encrypted/ : /tree: .* root/);
    assert.match(out, /No damage found/);
    const noted = join(directories.walDir, 'operation-archive_verify.json');
    assert.equal(JSON.parse(await readFile(noted, 'utf8')).name, to);
    const env = { STEMEDB_ARCHIVE_IDENTITY_FILE: key };
    assert.match(ended(await stemedb([...words, '--verify'], env), 0), /tree: .* root/);
    const objects = await readdir(to, { recursive: true });
    const [part = ''] = objects.filter((name) => name.includes('/parts/'));
    await writeFile(join(to, part), 'x');
    assert.match(ended(await stemedb([...words, '--verify']), 65), /it has 1 bytes instead of/);
    const { findings, worst } = JSON.parse(
      ended(await stemedb([...words, '--verify', '--json']), 65),
    );
    assert.equal(worst, 'damage');
    assert.ok(findings > 0);
  }
});

it('notes that its archive was verified only for that of its own log', async (context) => {
  const directories = await filledDirectories(context, 20);
  const folder = await scratch(context);
  const place = join(folder, 'archive');
  ended(await stemedb(['archive', '--to', place, ...at(directories)]), 0);
  const again = { walDir: join(folder, 'wal'), dbDir: join(folder, 'db') };
  ended(await stemedb(['restore', place, '--log-only', ...at(again)]), 0);
  const noted = async (): Promise<readonly string[]> =>
    (await readdir(again.walDir)).filter((name) => name.startsWith('operation-')).sort();
  ended(await stemedb(['verify', place, ...at(again)]), 0);
  // It is a copy of this database all the same.
  assert.deepEqual(await noted(), ['operation-verify.json']);
  ended(await stemedb(['archive', '--to', place, ...at(again)]), 0);
  ended(await stemedb(['verify', place, ...at(again)]), 0);
  assert.ok((await noted()).includes('operation-archive_verify.json'));
});
