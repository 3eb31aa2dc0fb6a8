/** Drills of a real node's backup: the command as a process, beside the node that is in use. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '@stemedb/model';
import { parseJson } from '@stemedb/model';
import { exitCodes } from '../../src/cli/exit_codes.js';
import { systemDisk } from '../../src/io/system_disk.js';
import { readOperations } from '../../src/ops/operations_file.js';
import { must } from '../ops/directories.js';
import { directoriesOf, type Ended, runCli } from '../support/cli_process.js';
import { cliBinary, ServerProcess } from '../support/server_process.js';

const jsonOf = (text: string): JsonObject => must(parseJson(text)) as JsonObject;

/** Three agents' worth of contradictions about 40 pairs. */
const state = async (server: ServerProcess, from: number, to: number): Promise<void> => {
  for (let at = from; at < to; at += 1) {
    const body = {
      concept_path: `drill/thing ${at % 40}`,
      predicate: 'size',
      value: at % 3,
      source_uri: `https://example.org/${at % 5}`,
    };
    const { status } = await server.post('/v1/assert', body);
    assert.ok(status === 201 || status === 200, String(status));
  }
};

interface Room {
  readonly root: string;
  readonly server: ServerProcess;
  readonly places: string;
  readonly scratch: string;
  readonly stemedb: (...words: readonly string[]) => Promise<Ended>;
}

/** A node in use with 120 claims in a backup, and ten more. */
const openRoom = async (t: TestContext): Promise<Room> => {
  const root = await mkdtemp(join(tmpdir(), 'stemedb-drill-test-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  const server = await ServerProcess.start();
  t.after(() => server.remove());
  const [places, scratch] = [join(root, 'backups'), join(root, 'scratch')];
  const stemedb = (...words: readonly string[]): Promise<Ended> =>
    runCli(...words, '--url', server.url, ...directoriesOf(server.directory));
  await state(server, 0, 120);
  const taken = await stemedb('backup', '--to', places);
  assert.equal(taken.exit, 0, taken.err);
  await state(server, 120, 130);
  return { root, server, places, scratch, stemedb };
};

test('a drill of the newest backup, beside the node in use', async (t) => {
  const { root, server, places, scratch, stemedb } = await openRoom(t);

  await t.test('compares what the backup knew with what the node says of then', async () => {
    const file = join(root, 'report.md');
    const words = ['drill', places, '--scratch', scratch, '--report', file, '--json'];
    const { exit, out, err } = await stemedb(...words);
    assert.equal(exit, 0, `${out}${err}`);
    const report = jsonOf(out);
    assert.equal(report.verdict, 'passed');
    const questions = report.questions as JsonObject;
    assert.equal(questions.claims, 120);
    assert.equal(questions.compared, 360);
    assert.equal(questions.different, 0);
    assert.equal((report.recovery_point as JsonObject).records_behind, 10);
    assert.match(await readFile(file, 'utf8'), /^# Recovery drill of .*: passed$/m);
    assert.deepEqual(await readdir(scratch), [], 'the scratch directory is taken away');
    const noted = must(await readOperations(systemDisk, join(server.directory, 'wal')));
    assert.ok(noted.has('drill'));
  });

  await t.test('fails when the recovery point is older than wanted', async () => {
    const words = ['drill', places, '--scratch', scratch, '--max-recovery-point', '0'];
    const { exit, out } = await stemedb(...words);
    assert.equal(exit, exitCodes.failed.number, out);
    assert.match(out, /The drill has failed/);
  });

  await t.test('goes without the node when that does not answer or has other data', async () => {
    const words = ['drill', places, '--scratch', scratch, '--json'];
    const { exit, out, err } = await runCli(...words, '--url', 'http://127.0.0.1:9');
    assert.equal(exit, 0, err);
    assert.equal((jsonOf(out).questions as JsonObject).compared, 0);
    assert.match(err, /not compared/);
  });

  await t.test('takes what it restored away when it is stopped', async () => {
    const words = ['drill', places, '--scratch', scratch, ...directoriesOf(server.directory)];
    const child = spawn(process.execPath, [cliBinary, ...words, '--url', server.url]);
    const ended = once(child, 'close') as Promise<[number | null]>;
    while ((await readdir(scratch)).length === 0 && child.exitCode === null) await sleep(5);
    child.kill('SIGTERM');
    const [exit] = await ended;
    assert.equal(exit, exitCodes.failed.number);
    assert.deepEqual(await readdir(scratch), []);
  });

  await t.test('refuses a damaged backup and leaves nothing behind', async () => {
    const [name = ''] = await readdir(places);
    const segments = (await readdir(join(places, name), { recursive: true })).filter((path) =>
      path.includes('.wal'),
    );
    const segment = join(places, name, segments[0] ?? '');
    const bytes = await readFile(segment);
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000);
    await writeFile(segment, bytes);
    const file = join(root, 'failed.md');
    const words = ['drill', places, '--scratch', scratch, '--report', file];
    const { exit, err } = await stemedb(...words);
    assert.equal(exit, exitCodes.data.number, err);
    assert.match(err, /\.wal/);
    assert.match(await readFile(file, 'utf8'), /: failed\n[\s\S]*copy_damaged/);
    assert.deepEqual(await readdir(scratch), []);
  });

  await t.test('says what to do when there is no backup', async () => {
    const { exit, err } = await stemedb('drill', join(root, 'nowhere'));
    assert.equal(exit, exitCodes.failed.number);
    assert.match(err, /no complete backup/);
  });
});
