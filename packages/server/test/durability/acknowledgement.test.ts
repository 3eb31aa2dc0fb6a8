/**
 * No acknowledgement before the fdatasync that covers it, seen from outside: the system calls of a
 * real server, in the order in which the kernel finished them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ServerProcess } from '../support/server_process.js';

const requests = 20;

interface Events {
  readonly acknowledgements: number;
  readonly violations: readonly string[];
}

const resumed = /^(\d+) +(?:[\d.]+ +)?<\.\.\. (\w+) resumed>/;
const started = /^(\d+) +(?:[\d.]+ +)?(\w+)\((.*)$/;

/** Reads a trace of `strace -f -y` and finds acknowledgements that came before their sync. */
export const checkTrace = (lines: readonly string[]): Events => {
  const open = new Map<string, { readonly call: string; readonly argument: string }>();
  let written = 0;
  let synced = 0;
  const syncCovers = new Map<string, number>();
  let acknowledgements = 0;
  const violations: string[] = [];
  const begin = (thread: string, call: string, argument: string): void => {
    if (call.startsWith('write') && argument.includes('HTTP/1.1 201')) {
      acknowledgements += 1;
      if (written === 0 || synced < written) violations.push(argument.slice(0, 120));
    }
    // A sync covers what had been written when it began, not what is written while it runs.
    if (call === 'fdatasync' || call === 'fsync') syncCovers.set(thread, written);
  };
  const finish = (thread: string, call: string, argument: string): void => {
    if (!argument.includes('.wal>')) return;
    if (call.startsWith('pwrite') || call.startsWith('write')) written += 1;
    if (call === 'fdatasync' || call === 'fsync') {
      synced = Math.max(synced, syncCovers.get(thread) ?? 0);
    }
  };
  for (const line of lines) {
    const end = resumed.exec(line);
    if (end !== null) {
      const [, thread = '', call = ''] = end;
      finish(thread, call, open.get(thread)?.argument ?? '');
      open.delete(thread);
      continue;
    }
    const start = started.exec(line);
    if (start === null) continue;
    const [, thread = '', call = '', argument = ''] = start;
    begin(thread, call, argument);
    if (line.includes('<unfinished ...>')) open.set(thread, { call, argument });
    else finish(thread, call, argument);
  }
  return { acknowledgements, violations };
};

const trace = async (directory: string): Promise<readonly string[]> => {
  const file = join(directory, 'trace');
  const server = await ServerProcess.start({
    directory,
    wrapper: [
      'strace',
      ...['-f', '-y', '-s', '96', '-o', file],
      ...['-e', 'trace=pwrite64,pwritev,write,writev,fdatasync,fsync'],
    ],
  });
  for (let count = 0; count < requests; count += 1) {
    const answer = await server.post('/v1/assert', {
      concept_path: 'trace/order',
      predicate: 'number',
      value: count,
    });
    assert.equal(answer.status, 201);
  }
  await server.stop('SIGTERM');
  return (await readFile(file, 'utf8')).split('\n');
};

test('a 2xx leaves the process only after its fdatasync', { timeout: 120_000 }, async (t) => {
  if (spawnSync('strace', ['-V']).status !== 0) {
    t.skip('strace is not installed (Debian package strace)');
    return;
  }
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-trace-'));
  try {
    const lines = await trace(directory);
    const seen = checkTrace(lines);
    assert.equal(seen.acknowledgements, requests);
    assert.deepEqual(seen.violations, []);
    const withoutSync = lines.filter((line) => !/f(data)?sync/.test(line));
    const broken = checkTrace(withoutSync);
    assert.equal(broken.violations.length, requests, 'the check would miss a removed fdatasync');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
