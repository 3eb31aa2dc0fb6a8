import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StemeError } from '@stemedb/model';
import type { Database } from '../../src/bin/database.js';
import { systemDisk } from '../../src/io/system_disk.js';
import { LogCorruptError } from '../../src/log/failure.js';
import { exportLog } from '../../src/ops/export.js';
import { openReadOnlyLog } from '../../src/ops/read_only_log.js';
import { restoreLines } from '../../src/ops/restore.js';
import { textLines } from '../../src/ops/text_lines.js';
import { fill, filledDirectories, must, openReal, scratchDirectories } from './directories.js';

const exported = async (walDir: string): Promise<string> => {
  const parts: string[] = [];
  await exportLog(must(await openReadOnlyLog(systemDisk, walDir)), async (text) => {
    parts.push(text);
  });
  return parts.join('');
};

async function* bytesOf(text: string, size = 1000): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const restored = async (database: Database, text: string) => {
  const refused: { line: number; code: StemeError['code'] }[] = [];
  const result = await restoreLines(textLines(bytesOf(text)), database.ingest, {
    onRefused: (line, { code }) => refused.push({ line, code }),
    onProgress: () => undefined,
  });
  return { result: must(result), refused };
};

test('an export is the same bytes each time, open or closed', async (context) => {
  const directories = await scratchDirectories(context);
  const database = must(await openReal(directories, { segmentBytesMax: 16 * 1024 }));
  await fill(database, 60);
  const beside = await exported(directories.walDir);
  await database.close();
  assert.equal(await exported(directories.walDir), beside);
  assert.equal(beside.split('\n').length - 1, 1 + 60 + 20);
});

test('export, restore, export: the same lines, the same answers as of then', async (context) => {
  const source = await filledDirectories(context, 60);
  const text = await exported(source.walDir);
  const from = must(await openReal(source));
  const asOf = from.store.visibleStamp;
  const target = await scratchDirectories(context);
  const to = must(await openReal(target, { policy: false }));
  const { result, refused } = await restored(to, text);
  assert.deepEqual(refused, []);
  assert.deepEqual(result, { lines: 81, created: 81, duplicate: 0, refused: 0 });
  for (const lens of ['recency', 'consensus', 'skeptic', 'layered']) {
    const scope = { type: 'prefix', prefix: 'thing' } as const;
    const question = { scope, lens, asOf, limit: 100, explain: true };
    const answers = [];
    for (const { query, agentId } of [from, to]) {
      const principal = { type: 'node', agentId } as const;
      answers.push(must(await query.ask(principal, question)).results);
    }
    assert.equal(answers[0]?.length, 7);
    assert.deepEqual(answers[1], answers[0]);
  }
  await from.close();
  await to.close();
  assert.equal(await exported(target.walDir), text);
});

test('restoring twice adds nothing; a bad line is named and the others kept', async (context) => {
  const text = await exported((await filledDirectories(context, 30)).walDir);
  const to = must(await openReal(await scratchDirectories(context), { policy: false }));
  const lines = text.trimEnd().split('\n');
  const bad = [
    '{"broken',
    '{"record":{"kind":"assertion"},"stamp":"0","proof":"node"}',
    (lines[5] ?? '').replace('"proof":"', '"proof":"x'),
    (lines[6] ?? '').replace('"v":1', '"v":1,"extra":1'),
  ];
  const { result, refused } = await restored(to, [...bad, ...lines].join('\n'));
  assert.deepEqual(refused, [
    { line: 1, code: 'malformed_json' },
    { line: 2, code: 'invalid_field' },
    { line: 3, code: 'invalid_field' },
    { line: 4, code: 'unknown_field' },
  ]);
  assert.equal(result.created, 41);
  assert.equal((await restored(to, text)).result.duplicate, 41);
  await to.close();
});

test('a torn tail ends an export, damage stops it', async (context) => {
  const { walDir } = await filledDirectories(context, 60);
  const whole = await exported(walDir);
  const names = (await readdir(walDir)).filter((name) => name.endsWith('.wal')).sort();
  const last = join(walDir, names.at(-1) ?? '');
  await appendFile(last, Buffer.from('half a frame'));
  assert.equal(await exported(walDir), whole);
  const first = join(walDir, names[0] ?? '');
  await truncate(first, (await readFile(first)).length - 5);
  await assert.rejects(exported(walDir), LogCorruptError);
});

test('a directory without a log is said to be one', async (context) => {
  const { walDir } = await scratchDirectories(context);
  const opened = await openReadOnlyLog(systemDisk, walDir);
  assert.ok(!opened.ok);
  assert.equal(opened.error.code, 'not_found');
});
