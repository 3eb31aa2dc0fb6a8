/** `checkpoint`, `prove` and `verify --checkpoint` as a user runs them, one after the other. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fail, leafData, parseRecordId, parseStamp } from '@stemedb/model';
import { systemEngine } from '../../src/bin/system_effects.js';
import type { EndOfProgram } from '../../src/cli/cli_io.js';
import type { CliServices } from '../../src/cli/services.js';
import { systemFiles } from '../../src/cli/system_io.js';
import { sigstoreCheckpoint, sigstoreIncludes } from '../log/merkle/others.js';
import { filledDirectories, scratchDirectories, type TestDirectories } from '../ops/directories.js';
import { answering, noServices, type Ran, run, scratch } from './harness.js';
import { startReal } from './real_server.js';

const services: CliServices = {
  ...noServices,
  openDatabase: async () => fail({ code: 'internal', detail: 'not here' }),
  engine: systemEngine,
  readConfig: async () => fail({ code: 'internal', detail: 'not here' }),
};

const verify = (
  directories: TestDirectories,
  words: readonly string[],
  ended?: EndOfProgram,
): Promise<Ran> => {
  const where = ['--wal-dir', directories.walDir, '--db-dir', directories.dbDir];
  const runApart = async (): Promise<EndOfProgram> => ended ?? { exit: 0, signal: null };
  const io = { services, ...(ended !== undefined && { runApart }) };
  return run(['verify', ...words, ...where], { io });
};

const assertOf = async (url: string, value: string): Promise<string> => {
  const claim = ['--url', url, 'assert', 'a/b', 'size', value, '--json'];
  const ran = await run(claim);
  assert.equal(ran.exit, 0, ran.err);
  return (JSON.parse(ran.out) as { readonly id: string }).id;
};

test('a checkpoint is saved, grows, proves a record, and verifies the log', async (context) => {
  const directories = await scratchDirectories(context);
  const server = await startReal(context, directories);
  const file = join(await scratch(context), 'saved.txt');
  const [early = '', ...rest] = [
    await assertOf(server.url, 'one'),
    await assertOf(server.url, 'two'),
  ];
  const at = ['--url', server.url];
  const first = await run([...at, 'checkpoint', '--save', file]);
  assert.equal(first.exit, 0, first.err);
  assert.match(first.out, /Saved the checkpoint of 3 records .* the first one here/);
  const before = await readFile(file, 'utf8');
  const late = await assertOf(server.url, 'three');
  const second = await run([...at, 'checkpoint', '--save', file, '--json']);
  assert.equal(second.exit, 0, second.err);
  const shown = JSON.parse(second.out);
  assert.equal(shown.size, 4);
  assert.equal(shown.consistent_with, 3);
  const note = await readFile(file, 'utf8');
  assert.equal(shown.note, note);

  const theirs = sigstoreCheckpoint(note, shown.vkey);
  assert.equal(theirs.origin, shown.origin);
  assert.equal(theirs.logSize, 4n);
  for (const id of [early, ...rest, late]) {
    const proved = await run([...at, 'prove', id, '--checkpoint', file, '--json']);
    assert.equal(proved.exit, 0, proved.err);
    const proof = JSON.parse(proved.out);
    const hashes = proof.hashes.map((hash: string) => Buffer.from(hash, 'base64'));
    const [recordId, stamp] = [parseRecordId(proof.id), parseStamp(proof.recorded_stamp)];
    assert.ok(recordId !== undefined && stamp !== undefined);
    const leaf = leafData(recordId, stamp);
    assert.ok(sigstoreIncludes(leaf, proof.leaf_index, 4, hashes, theirs.logHash));
  }
  await writeFile(file, before);
  const tooNew = await run([...at, 'prove', late, '--checkpoint', file]);
  assert.equal(tooNew.exit, 1, tooNew.err);
  const late4 = /The record came after this checkpoint \(record 4 of 4, and the checkpoint has 3\)/;
  assert.match(tooNew.err, late4);
  assert.match(tooNew.err, /; save a newer one\./);
  assert.doesNotMatch(tooNew.err, /invalid_field|\/size/);
  const plain = await run([...at, 'prove', early, '--vkey', shown.vkey]);
  assert.match(plain.out, new RegExp(`^${early} is record 2 of 4 in stemedb/`));

  await server.close();
  const verified = await verify(directories, ['--checkpoint', file]);
  assert.equal(verified.exit, 0, verified.out + verified.err);
  assert.match(verified.out, /tree: 4 records, root \S{44}; held against 2 checkpoints/);
});

test('a log that is another one than before ends with 67, whoever finds it', async (context) => {
  const one = await scratchDirectories(context);
  const server = await startReal(context, one);
  const file = join(await scratch(context), 'saved.txt');
  await run(['--url', server.url, 'checkpoint', '--save', file]);
  await server.close();
  const other = await startReal(context, await scratchDirectories(context));
  const id = await assertOf(other.url, 'one');
  const kept = await readFile(file, 'utf8');
  for (const words of [
    ['checkpoint', '--save', file],
    ['prove', id, '--checkpoint', file],
  ]) {
    const ran = await run(['--url', other.url, ...words]);
    assert.equal(ran.exit, 67, ran.out + ran.err);
    assert.match(ran.err, /log_altered: The saved checkpoint .* is not signed by the key/);
  }
  assert.equal(await readFile(file, 'utf8'), kept, 'the file that proves it is kept');
  const theirs = await filledDirectories(context, 10);
  const ran = await verify(theirs, ['--checkpoint', file]);
  assert.equal(ran.exit, 67, ran.out + ran.err);
  assert.match(ran.out, /altered: this node has not signed it for this log/);
});

test('a server that the pinned key has not signed for ends with 67', async (context) => {
  const one = await startReal(context, await scratchDirectories(context));
  const other = await startReal(context, await scratchDirectories(context));
  const file = join(await scratch(context), 'saved.txt');
  const id = await assertOf(other.url, 'one');
  const pinned = JSON.parse((await run(['--url', one.url, 'checkpoint', '--json'])).out).vkey;
  for (const words of [['checkpoint'], ['checkpoint', '--save', file], ['prove', id]]) {
    const ran = await run(['--url', other.url, ...words, '--vkey', pinned]);
    assert.equal(ran.exit, 67, ran.out + ran.err);
    assert.match(ran.err, /log_altered: The checkpoint of the server is not signed by the key/);
  }
  await assert.rejects(readFile(file), { code: 'ENOENT' });
  await run(['--url', other.url, 'checkpoint', '--save', file]);
  for (const words of [
    ['checkpoint', '--save', file],
    ['prove', id, '--checkpoint', file],
  ]) {
    const ran = await run(['--url', other.url, ...words, '--vkey', pinned]);
    assert.equal(ran.exit, 67, ran.out + ran.err);
  }
  for (const at of [one.url, other.url]) {
    const typo = await run(['--url', at, 'checkpoint', '--vkey', pinned.slice(1)]);
    assert.equal(typo.exit, 2, typo.err);
  }
});

test('a file that is no checkpoint is that, and says nothing of the log', async (context) => {
  const directories = await scratchDirectories(context);
  const server = await startReal(context, directories);
  const file = join(await scratch(context), 'saved.txt');
  const id = await assertOf(server.url, 'one');
  const at = ['--url', server.url];
  await run([...at, 'checkpoint', '--save', file]);
  const note = await readFile(file, 'utf8');
  const { vkey } = JSON.parse((await run([...at, 'checkpoint', '--json'])).out);
  const kinds = ['', 'nothing', note.slice(0, -20), note.slice(0, note.indexOf('\n\n') + 1)];
  kinds.push(note.replace('\n2\n', '\n3\n'));
  for (const text of kinds) {
    await writeFile(file, text);
    for (const words of [
      ['checkpoint', '--save', file],
      ['prove', id, '--checkpoint', file],
      ['prove', id, '--checkpoint', file, '--vkey', vkey],
    ]) {
      const ran = await run([...at, ...words]);
      assert.equal(ran.exit, 65, ran.out + ran.err);
      assert.match(ran.err, /checkpoint_invalid: The saved checkpoint .* cannot be used/);
    }
    assert.equal(await readFile(file, 'utf8'), text);
  }
  await server.close();
  for (const text of kinds) {
    await writeFile(file, text);
    const ran = await verify(directories, ['--checkpoint', file]);
    assert.equal(ran.exit, 65, ran.out + ran.err);
    assert.match(ran.out, /saved\.txt: checkpoint_invalid: /);
    assert.match(ran.out, /held against 1 checkpoint and 0 entries/);
  }
});

test('a place that cannot be written ends with 73, a sentence and no litter', async (context) => {
  const server = await startReal(context, await scratchDirectories(context));
  const folder = await scratch(context);
  await writeFile(join(folder, 'file'), 'kept');
  await mkdir(join(folder, 'directory'));
  await symlink('/dev/null', join(folder, 'device'));
  // Nobody may make files there, the superuser neither.
  const places = [
    join(folder, 'none/saved.txt'),
    join(folder, 'file/saved.txt'),
    '/proc/saved.txt',
  ];
  for (const place of [...places, join(folder, 'directory'), join(folder, 'device')]) {
    const ran = await run(['--url', server.url, 'checkpoint', '--save', place]);
    assert.equal(ran.exit, 73, ran.out + ran.err);
    assert.match(ran.err, /data_directory_unwritable: The checkpoint cannot be saved as /);
    assert.doesNotMatch(ran.err, /\n +at /);
  }
  assert.deepEqual((await readdir(folder)).sort(), ['device', 'directory', 'file']);
  assert.deepEqual(await readdir(join(folder, 'directory')), []);
});

test('what cannot take the place of a file leaves nothing beside it', async (context) => {
  const folder = await scratch(context);
  const taken = join(folder, 'taken');
  await mkdir(taken);
  await assert.rejects(systemFiles.replace(taken, 'text'));
  assert.deepEqual(await readdir(folder), ['taken']);
  await systemFiles.replace(join(folder, 'file'), 'one');
  await systemFiles.replace(join(folder, 'file'), 'two');
  assert.equal(await readFile(join(folder, 'file'), 'utf8'), 'two');
  assert.deepEqual((await readdir(folder)).sort(), ['file', 'taken']);
});

test('a server that contradicts what it signed is found out', async (context) => {
  const server = await startReal(context, await scratchDirectories(context));
  const file = join(await scratch(context), 'saved.txt');
  const early = await assertOf(server.url, 'one');
  await run(['--url', server.url, 'checkpoint', '--save', file]);
  const old = await readFile(file, 'utf8');
  await assertOf(server.url, 'two');
  let bend = (text: string): string => text;
  const answers = new Map<string, { readonly status: number; readonly text: string }>();
  const remember = async (path: string): Promise<void> => {
    const answer = await fetch(server.url + path);
    answers.set(path, { status: answer.status, text: await answer.text() });
  };
  for (const path of [
    ...['/v1/log/key', '/v1/log/checkpoint', '/v1/log/proof/consistency?from=2&to=3'],
    ...[`/v1/log/proof/inclusion?id=${early}&size=3`, `/v1/records/${early}`],
  ]) {
    await remember(path);
  }
  const liar = await answering(context, ({ url }) => {
    const { status, text } = answers.get(url) ?? { status: 404, text: '{}' };
    return { status, text: bend(text) };
  });
  const at = ['--url', liar.url];
  const isFound = async (words: readonly string[], says: RegExp): Promise<void> => {
    const ran = await run([...at, ...words]);
    assert.equal(ran.exit, 67, ran.out + ran.err);
    assert.match(ran.err, says);
    assert.equal(await readFile(file, 'utf8'), old);
  };
  const honest = await run([...at, 'prove', early]);
  assert.equal(honest.exit, 0, honest.err);
  bend = (text) => text.replace(/"hashes":\["(.)/, (_, c) => `"hashes":["${c === 'A' ? 'B' : 'A'}`);
  await isFound(['checkpoint', '--save', file], /are not the beginning/);
  await isFound(['prove', early], /does not lead from/);
  bend = (text) => text.replace('"value":"one"', '"value":"two"');
  await isFound(['prove', early], /is another record/);
  // A log that was set back has no tree of the size that was signed.
  const newest = `/v1/log/proof/inclusion?id=${early}`;
  const sized = `${newest}&size=2`;
  await remember(newest);
  answers.set(sized, { status: 422, text: '{"code":"invalid_field","detail":"from 2 to 1"}' });
  bend = (text) => text.replace('"tree_size":3', '"tree_size":1');
  await isFound(['prove', early, '--checkpoint', file], /signed 2 records before and has 1 now/);
  bend = (text) => text.replace(/\n3\n/, '\n4\n');
  const forged = await run([...at, 'checkpoint']);
  assert.equal(forged.exit, 65, forged.err);
  assert.match(forged.err, /checkpoint_invalid.*signature does not verify/);
});

test('what ends the reading of the store by a signal is a finding', async (context) => {
  const directories = await filledDirectories(context, 10);
  const ran = await verify(directories, [], { exit: null, signal: 'SIGBUS' });
  assert.equal(ran.exit, 66, ran.out + ran.err);
  assert.match(ran.out, /store, file: store: reading it ended the process that did \(SIGBUS\)/);
  assert.match(ran.out, /run `stemedb rebuild`/);
});

test('a damaged checkpoint or tree file is a finding', async (context) => {
  const directories = await filledDirectories(context, 300);
  const treeFile = join(directories.dbDir, 'tree');
  const bytes = await readFile(treeFile);
  for (const at of [3, 70, bytes.length - 1]) {
    const spoilt = Buffer.from(bytes);
    spoilt.writeUInt8(spoilt.readUInt8(at) ^ 1, at);
    await writeFile(treeFile, spoilt);
    const ran = await verify(directories, []);
    assert.equal(ran.exit, 66, ran.out + ran.err);
    assert.match(ran.out, /^tree: store: /m);
    assert.ok(spoilt.equals(await readFile(treeFile)), 'verify changes nothing');
  }
  await writeFile(treeFile, bytes);
  assert.equal((await verify(directories, [])).exit, 0);
  await writeFile(join(directories.walDir, 'checkpoint'), 'nothing');
  const ran = await verify(directories, []);
  assert.equal(ran.exit, 65, ran.out + ran.err);
  assert.match(ran.out, /^checkpoint: damage: /m);
  assert.match(ran.out, /held against 0 checkpoints/);
  assert.match(ran.out, /^1 finding\.$/m);
});
