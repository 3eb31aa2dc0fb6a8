import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fail, ok } from '@stemedb/model';
import { systemEngine } from '../../src/bin/system_effects.js';
import type { UserFiles } from '../../src/cli/cli_io.js';
import type { CliServices } from '../../src/cli/services.js';
import { systemFiles } from '../../src/cli/system_io.js';
import { systemDisk } from '../../src/io/system_disk.js';
import { tryLockDirectory } from '../../src/log/directory.js';
import {
  filledDirectories,
  openReal,
  scratchDirectories,
  type TestDirectories,
} from '../ops/directories.js';
import { cliBinary } from '../support/server_process.js';
import { noServices, type Ran, run as runAny, scratch } from './harness.js';

const services: CliServices = {
  ...noServices,
  openDatabase: (directories, onReplay) =>
    openReal(directories, { policy: false, ...(onReplay !== undefined && { onReplay }) }),
  engine: systemEngine,
  readConfig: async (file) =>
    file === 'bad'
      ? fail({
          code: 'invalid_configuration',
          detail: 'wal_dri is not known; did you mean wal_dir?',
        })
      : ok([{ key: 'wal_dir', value: './data/wal', source: 'default' }]),
};

const run = (words: readonly string[], directories?: TestDirectories): Promise<Ran> => {
  const where =
    directories === undefined
      ? []
      : ['--wal-dir', directories.walDir, '--db-dir', directories.dbDir];
  return runAny([...words, ...where], { io: { services } });
};

const damageFirstSegment = async (walDir: string): Promise<void> => {
  const name = (await readdir(walDir)).filter((file) => file.endsWith('.wal')).sort()[0] ?? '';
  const bytes = await readFile(join(walDir, name));
  bytes.writeUInt8((bytes[300] ?? 0) ^ 4, 300);
  await writeFile(join(walDir, name), bytes);
};

/** As a running server would, for as long as the test lasts. */
const lockFor = async (context: TestContext, directory: string): Promise<void> => {
  const lock = await tryLockDirectory(systemDisk, directory);
  assert.ok(lock !== undefined);
  context.after(() => lock.release());
};

test('verify: a sound database, log and store', async (context) => {
  const directories = await filledDirectories(context, 40);
  const ran = await run(['verify'], directories);
  assert.equal(ran.exit, 0, ran.out + ran.err);
  assert.match(ran.out, /store: \d+ entries held against 55 records/);
  assert.match(ran.out, /No damage found/);
  const json = JSON.parse((await run(['verify', '--json'], directories)).out);
  assert.equal(json.findings, 0);
  assert.equal(json.log.records, 55);
});

test('verify: damage in the log names segment and byte and exits with 65', async (context) => {
  const directories = await filledDirectories(context, 40);
  await damageFirstSegment(directories.walDir);
  const ran = await run(['verify'], directories);
  assert.equal(ran.exit, 65, ran.out + ran.err);
  assert.match(ran.out, /0000000000000000\.wal:160: damage: no valid frame \(CRC mismatch\)/);
  assert.match(ran.out, /store: not checked, because the log cannot be trusted/);
});

test('verify: a damaged identity, or that of another database, exits with 65', async (context) => {
  const directories = await filledDirectories(context, 10);
  const path = join(directories.walDir, 'identity');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.slice(0, -10));
  const damaged = await run(['verify'], directories);
  assert.equal(damaged.exit, 65, damaged.out + damaged.err);
  assert.match(damaged.out, /^identity: damage: /m);
  // As the first releases wrote it, without a checksum.
  const unchecked = text.replace(/,\s*"checksum": "[0-9a-f]+"/, '');
  await writeFile(
    path,
    unchecked.replace(/"database_id": "[0-9a-f]{32}"/, `"database_id": "${'0'.repeat(32)}"`),
  );
  const other = await run(['verify'], directories);
  assert.equal(other.exit, 65, other.out + other.err);
  assert.match(other.out, /is of another database/);
});

test('verify: a store that is of no use exits with 66, and rebuild heals it', async (context) => {
  const directories = await filledDirectories(context, 40);
  const engine = systemEngine.open(directories.dbDir);
  const key = [...engine.range({ gte: Buffer.from([0]), lt: Buffer.from([255]), limit: 20 })].at(
    -1,
  );
  assert.ok(key !== undefined);
  await engine.commit([{ type: 'delete', key: key.key }]);
  await engine.flush();
  await engine.close();
  const damaged = await run(['verify'], directories);
  assert.equal(damaged.exit, 66, damaged.out + damaged.err);
  assert.match(damaged.out, /^store, /m);
  const rebuilt = await run(['rebuild'], directories);
  assert.equal(rebuilt.exit, 0, rebuilt.err);
  assert.match(rebuilt.out, /rebuilt from 55 records/);
  assert.equal((await run(['verify'], directories)).exit, 0);
});

test('verify: a store file that is cut is a finding, no crash', async (context) => {
  const directories = await filledDirectories(context, 40);
  await truncate(join(directories.dbDir, 'data.mdb'), 8192);
  const ran = await run(['verify'], directories);
  assert.equal(ran.exit, 66, ran.out + ran.err);
  assert.match(
    ran.out,
    /store, file: store: page \d+ of the store file is damaged \(the file ends in it\)/,
  );
  assert.equal((await run(['rebuild'], directories)).exit, 0);
  assert.equal((await run(['verify'], directories)).exit, 0);
});

test('verify beside a server checks the log and leaves the store alone', async (context) => {
  const directories = await filledDirectories(context, 10);
  await lockFor(context, directories.walDir);
  const ran = await run(['verify'], directories);
  assert.equal(ran.exit, 0, ran.out + ran.err);
  assert.match(ran.out, /store: not checked, because a server is using it/);
});

test('rebuild makes a store where none was before, its directory included', async (context) => {
  const directories = await filledDirectories(context, 5);
  const elsewhere = { walDir: directories.walDir, dbDir: join(directories.dbDir, 'of', 'its-own') };
  const ran = await run(['rebuild'], elsewhere);
  assert.equal(ran.exit, 0, ran.err);
  assert.equal((await run(['verify'], elsewhere)).exit, 0);
});

test('rebuild refuses beside a server, and where there is no log', async (context) => {
  const directories = await filledDirectories(context, 10);
  const empty = await scratchDirectories(context);
  assert.equal((await run(['rebuild'], empty)).exit, 1);
  await lockFor(context, directories.walDir);
  const ran = await run(['rebuild'], directories);
  assert.equal(ran.exit, 75);
  assert.match(ran.err, /^error: data_directory_locked: Another process uses .*; stop it first/);
  await access(join(directories.dbDir, 'data.mdb'));
});

test('rebuild --dry-run deletes nothing', async (context) => {
  const directories = await filledDirectories(context, 10);
  const before = await readFile(join(directories.dbDir, 'data.mdb'));
  const ran = await run(['rebuild', '--dry-run'], directories);
  assert.equal(ran.exit, 0, ran.err);
  assert.match(ran.out, /Would delete/);
  const json = await run(['rebuild', '--dry-run', '--json'], directories);
  assert.equal(JSON.parse(json.out).db_dir, directories.dbDir);
  assert.deepEqual(await readFile(join(directories.dbDir, 'data.mdb')), before);
});

test('export to a file, restore from it, export again: the same file', async (context) => {
  const directories = await filledDirectories(context, 40);
  const folder = await scratch(context);
  const [one, two] = [join(folder, 'one.jsonl'), join(folder, 'two.jsonl')];
  const exported = await run(['export', '--out', one], directories);
  assert.equal(exported.exit, 0, exported.err);
  assert.equal(exported.out, '');
  assert.match(exported.err, /55 records exported/);
  const twice = await run(['export', '--out', one], directories);
  assert.equal(twice.exit, 1, twice.err);
  assert.equal(
    twice.err,
    `error: conflict: ${one} is there already; name another file with --out.\n`,
  );
  const three = join(folder, 'three.jsonl');
  const json = await run(['export', '--out', three, '--json'], directories);
  assert.deepEqual(JSON.parse(json.out), { records: 55, file: three });

  const target = await scratchDirectories(context);
  const restored = await run(['restore', '--from-export', one], target);
  assert.equal(restored.exit, 0, restored.err);
  assert.match(restored.out, /^55 restored, 0 twice in the file, 0 refused/);
  const again = await run(['export'], target);
  await writeFile(two, again.out);
  assert.deepEqual(await readFile(two), await readFile(one));
  assert.equal((await run(['verify'], target)).exit, 0);

  const refused = await run(['restore', '--from-export', one], target);
  assert.equal(refused.exit, 1);
  assert.match(refused.err, /is not empty/);
});

test('an export that fails midway leaves nothing, and says why', async (context) => {
  const directories = await filledDirectories(context, 10);
  const folder = await scratch(context);
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  const files: UserFiles = {
    ...systemFiles,
    create: async (path, mode) => ({
      ...(await systemFiles.create(path, mode)),
      write: () => Promise.reject(full),
    }),
  };
  const words = ['export', '--out', join(folder, 'one.jsonl'), '--wal-dir', directories.walDir];
  const ran = await runAny(words, { io: { services, files } });
  assert.equal(ran.exit, 74, ran.err);
  assert.match(ran.err, /^error: disk_full: .*one\.jsonl cannot be made: ENOSPC.*\n$/);
  assert.deepEqual(await readdir(folder), []);
});

test('an export that is stopped leaves nothing', async (context) => {
  const directories = await filledDirectories(context, 10);
  const folder = await scratch(context);
  const words = ['export', '--out', join(folder, 'one.jsonl'), '--wal-dir', directories.walDir];
  const ran = await runAny(words, { io: { services, stopSignal: () => AbortSignal.abort() } });
  assert.equal(ran.exit, 1, ran.err);
  assert.match(ran.err, /stopped before its end; nothing of it is left/);
  assert.deepEqual(await readdir(folder), []);
});

test('a file has its name when it is whole, and takes nobody else the name', async (context) => {
  const folder = await scratch(context);
  const path = join(folder, 'made');
  const sink = await systemFiles.create(path, 0o600);
  await sink.write('all of it');
  assert.match((await readdir(folder)).join(), /^made\..*\.partial$/);
  await writeFile(path, 'came meanwhile');
  await assert.rejects(sink.close(), { code: 'EEXIST' });
  await sink.discard();
  assert.deepEqual(await readdir(folder), ['made']);
  assert.equal(await readFile(path, 'utf8'), 'came meanwhile');
});

test('a restore from what is no export makes nothing', async (context) => {
  const folder = await scratch(context);
  const [file, empty] = [join(folder, 'bare.jsonl'), join(folder, 'empty.jsonl')];
  await writeFile(file, '{"concept_path":"a","predicate":"p","value":1}\n');
  await writeFile(empty, '');
  for (const [path, why] of [
    [file, /is no export: line 1: An export line is .* Nothing was restored/],
    [empty, /is no export: it has no lines\. Nothing was restored/],
  ] as const) {
    const data = join(folder, 'data');
    const ran = await run(['restore', '--from-export', path, '--data', data]);
    assert.equal(ran.exit, 65, ran.err);
    assert.match(ran.err, why);
  }
  const directory = await run(['restore', '--from-export', folder, '--data', join(folder, 'data')]);
  assert.equal(directory.exit, 1, directory.err);
  assert.match(directory.err, /cannot be read: it is a directory/);
  assert.deepEqual((await readdir(folder)).sort(), ['bare.jsonl', 'empty.jsonl']);
});

test('a refused restore does not wait for who writes to it', {
  timeout: 120_000,
}, async (context) => {
  const data = join(await scratch(context), 'data');
  const words = [cliBinary, 'restore', '--from-export', '-', '--data', data];
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'ignore', 'pipe'] });
  context.after(() => child.kill('SIGKILL'));
  const [ended, said] = [once(child, 'exit'), text(child.stderr)];
  // Standard input stays open.
  child.stdin.write('nonsense\n');
  assert.deepEqual(await ended, [65, null]);
  assert.match(await said, /- is no export: line 1: .* Nothing was restored/);
});

test('restore names refused lines and exits with 65', async (context) => {
  const directories = await filledDirectories(context, 10);
  const file = join(await scratch(context), 'in.jsonl');
  const { out } = await run(['export'], directories);
  await writeFile(file, `${out}{"record":{}}\n`);
  const target = await scratchDirectories(context);
  const ran = await run(['restore', '--from-export', file], target);
  assert.equal(ran.exit, 65, ran.err);
  assert.match(ran.err, /in\.jsonl:16: invalid_field: /);
  assert.match(ran.err, /warning: the database in .* lacks the refused lines\. /);
  assert.equal((await run(['restore'], target)).exit, 2);
  const unnamed = await run(['restore', file], await scratchDirectories(context));
  assert.equal(unnamed.exit, 2);
  assert.match(unnamed.err, /in\.jsonl is a file: an export is named with --from-export/);
  assert.equal(
    (await run(['restore', '--from-export', `${file}.no`], await scratchDirectories(context))).exit,
    1,
  );
});

test('a damaged log is not exported', async (context) => {
  const directories = await filledDirectories(context, 10);
  await damageFirstSegment(directories.walDir);
  const ran = await run(['export'], directories);
  assert.equal(ran.exit, 65);
  assert.match(ran.err, /^error: log_corrupt: Segment 0000000000000000\.wal is damaged/);
});

test('a segment of a newer format is 76', async (context) => {
  const directories = await filledDirectories(context, 10);
  const { crc32c } = await import('@node-rs/crc32');
  const path = join(directories.walDir, '0000000000000000.wal');
  const bytes = await readFile(path);
  bytes.writeUInt32BE(99, 8);
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, 156)), 156);
  await writeFile(path, bytes);
  for (const words of [['export'], ['verify'], ['rebuild']]) {
    const ran = await run(words, directories);
    assert.equal(ran.exit, 76, `${words}: ${ran.out}${ran.err}`);
  }
});

test('verify and export without a log say so', async (context) => {
  const empty = await scratchDirectories(context);
  for (const words of [['verify'], ['export']]) {
    const ran = await run(words, empty);
    assert.equal(ran.exit, 1);
    assert.match(ran.err, /not_found: There is no log in .*; name .* with --data or --wal-dir/);
  }
});

test('what the system refuses is a sentence, not a stack', async (context) => {
  const file = join(await scratch(context), 'file');
  await writeFile(file, '');
  const ran = await run(['verify'], { walDir: file, dbDir: `${file}.db` });
  assert.equal(ran.exit, 1, ran.err);
  assert.match(ran.err, /^error: not_found: ENOTDIR: .*\n$/);
});

test('doctor finds this machine fit, and leaves nothing behind', async (context) => {
  const folder = await scratch(context);
  const directories = { walDir: join(folder, 'wal'), dbDir: join(folder, 'db') };
  await mkdir(directories.walDir);
  const ran = await run(['doctor', '--json', '--url', 'http://127.0.0.1:1'], directories);
  const results = JSON.parse(ran.out) as { name: string; status: string; detail: string }[];
  assert.ok(results.length >= 12);
  const failed = results.filter(({ status }) => status === 'fail');
  assert.deepEqual(failed, []);
  assert.equal(ran.exit, 0);
  assert.deepEqual(
    (await readdir(directories.walDir)).filter((name) => name !== 'lock'),
    [],
  );
  const table = await run(['doctor', '--url', 'http://127.0.0.1:1'], directories);
  assert.match(table.out, /what to do/);
});

test('doctor says who may look where it may not', async (context) => {
  const directories = await filledDirectories(context, 1);
  const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  const disk = { ...systemDisk, exists: () => Promise.reject(denied) };
  const words = ['doctor', '--json', '--wal-dir', directories.walDir];
  const ran = await runAny(words, { io: { services, disk } });
  const lock = (JSON.parse(ran.out) as { name: string; advice?: string }[]).find(
    ({ name }) => name === 'lock',
  );
  assert.equal(lock?.advice, 'Run it as the user of the server.');
  assert.doesNotMatch(ran.out, /Report this/);
});

test('doctor sees a stranger at the address, and a lock that is held', async (context) => {
  const server = createServer((_request, response) => response.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const directories = await filledDirectories(context, 1);
  await lockFor(context, directories.walDir);
  const ran = await run(['doctor', '--json', '--url', `http://127.0.0.1:${port}`], directories);
  const results = JSON.parse(ran.out) as { name: string; status: string }[];
  const warned = results.filter(({ status }) => status === 'warn').map(({ name }) => name);
  assert.ok(warned.includes('address') && warned.includes('lock'), ran.out);
});

test('doctor fails where nothing can be written', async (context) => {
  if (process.getuid?.() === 0) return context.skip('root may write anywhere');
  const folder = await scratch(context);
  await chmod(folder, 0o500);
  const directories = { walDir: join(folder, 'wal'), dbDir: join(folder, 'db') };
  assert.equal((await run(['doctor', '--json'], directories)).exit, 1);
  await chmod(folder, 0o700);
});

test('config check shows what is in force, or the one sentence that is wrong', async () => {
  const good = await run(['config', 'check']);
  assert.equal(good.exit, 0, good.err);
  assert.match(good.out, /wal_dir.*default/);
  const bad = await run(['config', 'check', '--config', 'bad']);
  assert.equal(bad.exit, 78);
  assert.match(bad.err, /did you mean wal_dir/);
});
