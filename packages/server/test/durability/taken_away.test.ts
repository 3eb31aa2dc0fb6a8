/** The log directory is removed, or moved and another put in its place, while it is written. */
import assert from 'node:assert/strict';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServerProcess } from '../support/server_process.js';

const patience = { timeout: 300_000 };

const writtenUntilRefused = async (server: ServerProcess): Promise<unknown> => {
  for (let value = 1; ; value += 1) {
    const claim = { concept_path: 'a', predicate: 'p', value };
    const { status, body } = await server.post('/v1/assert', claim);
    if (status !== 201 && status !== 200) return { status, body };
    await sleep(20);
  }
};

const assertEnds = async (server: ServerProcess): Promise<void> => {
  const refused = (await writtenUntilRefused(server)) as { status: number; body: { code: string } };
  assert.equal(refused.status, 503, JSON.stringify(refused));
  assert.equal(refused.body.code, 'log_failed');
  assert.equal((await fetch(`${server.url}/v1/health/ready`)).status, 503, 'not ready');
  assert.equal(await server.exited, 74, server.output);
};

test('a server whose data directory is removed acknowledges no more', patience, async () => {
  const server = await ServerProcess.start();
  try {
    await server.post('/v1/assert', { concept_path: 'a', predicate: 'p', value: 0 });
    await rm(join(server.directory, 'wal'), { recursive: true });
    await assertEnds(server);
  } finally {
    await server.remove();
  }
});

test('nor does one whose log was moved, and it is whole where it is then', patience, async () => {
  const server = await ServerProcess.start();
  try {
    await server.post('/v1/assert', { concept_path: 'a', predicate: 'p', value: 0 });
    await rename(join(server.directory, 'wal'), join(server.directory, 'moved'));
    await mkdir(join(server.directory, 'wal'));
    await assertEnds(server);
    await rm(join(server.directory, 'wal'), { recursive: true });
    await rename(join(server.directory, 'moved'), join(server.directory, 'wal'));
    const again = await ServerProcess.start({ directory: server.directory });
    const { body } = await again.get('/v1/health');
    assert.ok((body as { assertion_count: number }).assertion_count > 1);
    assert.equal(await again.stop(), 0, again.output);
  } finally {
    await server.remove();
  }
});
