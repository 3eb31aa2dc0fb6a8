/**
 * What those who watch a node see when it is unwell: metrics, health and the lines of its log while
 * the disk is full, after the log has failed, and when questions are slow.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServerOptions, ServerProcess } from '../support/server_process.js';
import { Strace, straceMissing } from '../support/strace.js';
import { samplesOf } from './readings.js';

const needsStrace = { skip: straceMissing() ?? false, timeout: 300_000 };

type Line = Readonly<Record<string, unknown>>;

/** The lines of the log so far. */
const linesOf = ({ output }: ServerProcess): readonly Line[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line));

/** The lines with a message; what is written arrives a little after what is answered. */
const said = async (
  server: ServerProcess,
  msg: string,
  count: number,
): Promise<readonly Line[]> => {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const lines = linesOf(server).filter((line) => line.msg === msg);
    if (lines.length >= count || performance.now() > deadline) {
      assert.equal(lines.length, count, `${msg}:\n${server.output}`);
      return lines;
    }
    await sleep(20);
  }
};

const withServer = async (
  work: (server: ServerProcess) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> => {
  const server = await ServerProcess.start(options);
  try {
    await work(server);
  } finally {
    await server.remove();
  }
};

let claims = 0;
const write = async (server: ServerProcess): Promise<number> => {
  claims += 1;
  const claim = { kind: 'assertion', concept_path: 'a', predicate: 'p', value: claims };
  return (await server.post('/v1/assert', claim)).status;
};

/** What the paths that are asked of a node answer, and its metrics. */
const seen = async (server: ServerProcess) => {
  const status = async (path: string): Promise<number> => (await fetch(server.url + path)).status;
  const metrics = await fetch(`${server.url}/metrics`);
  assert.equal(metrics.status, 200);
  return {
    health: await status('/v1/health'),
    ready: await status('/v1/health/ready'),
    live: await status('/v1/health/live'),
    question: await status('/v1/query?concept_path=a&predicate=p'),
    samples: samplesOf(await metrics.text()),
  };
};

/** From now on this call on the log answers so. */
const inject = (server: ServerProcess, call: string, error: string): Promise<Strace> => {
  const paths = [join(server.directory, 'wal/0000000000000000.wal')];
  const injection = { call, what: `error=${error}`, paths };
  return Strace.attach(server.pid ?? 0, injection, join(server.directory, 'trace'));
};

test('a full disk: ready, counted, said once, and over', needsStrace, () =>
  withServer(async (server) => {
    assert.equal(await write(server), 201);
    const strace = await inject(server, 'pwrite64', 'ENOSPC');
    for (let count = 0; count < 3; count += 1) assert.equal(await write(server), 507);
    const { samples, ...status } = await seen(server);
    assert.deepEqual(status, { health: 200, ready: 200, live: 200, question: 200 });
    assert.equal(samples.get('stemedb_wal_write_errors_total{error="disk_full"}'), 3);
    assert.equal(samples.get('stemedb_ready'), 1);
    assert.ok(Number(samples.get('stemedb_disk_free_bytes{directory="wal"}')) > 0);
    await strace.detach();
    assert.equal(await write(server), 201);
    const [refusal] = await said(server, 'the log refuses writes', 1);
    const { code, cause } = (refusal?.error ?? {}) as { code?: string; cause?: Error };
    assert.equal(code, 'disk_full');
    assert.match(cause?.stack ?? '', /ENOSPC/);
    const [over] = await said(server, 'the log takes writes again', 1);
    assert.equal(over?.refused_batches, 3);
  }),
);

test('a log that has failed: not ready, counted, said, and questions go on', needsStrace, () =>
  withServer(async (server) => {
    assert.equal(await write(server), 201);
    const strace = await inject(server, 'fdatasync', 'EIO');
    assert.equal(await write(server), 503);
    const { samples, ...status } = await seen(server);
    assert.deepEqual(status, { health: 503, ready: 503, live: 200, question: 200 });
    assert.equal(samples.get('stemedb_wal_fsync_errors_total'), 1);
    assert.equal(samples.get('stemedb_wal_write_errors_total{error="log_failed"}'), 1);
    assert.equal(samples.get('stemedb_ready'), 0);
    assert.equal(samples.get('stemedb_log_position'), samples.get('stemedb_wal_batch_size_sum'));
    assert.equal(await server.exited, 74, server.output);
    await strace.ended();
    const [fatal] = await said(
      server,
      'the log has failed; ending soon so that a restart can recover',
      1,
    );
    assert.match(JSON.stringify(fatal?.error), /"code":"log_failed"/);
    assert.equal((await said(server, 'stopping', 1))[0]?.exit_code, 74);
  }),
);

test('starting and stopping are said', () =>
  withServer(async (server) => {
    const [listening] = await said(server, 'listening', 1);
    const health = (await server.get('/v1/health')).body as Line;
    const { url, version, database_id: databaseId, node_id: nodeId } = listening ?? {};
    assert.equal(url, server.url);
    assert.deepEqual(
      [version, databaseId, nodeId],
      [health.version, health.database_id, health.node_id],
    );
    assert.equal(await server.stop(), 0);
    const messages = linesOf(server).map(({ msg }) => String(msg));
    // The framework says each address; ours follows with what identifies the node.
    const at = messages.findIndex((msg) => msg.startsWith('Server listening at '));
    assert.equal(messages.splice(at, 1)[0], `Server listening at ${server.url}`);
    assert.deepEqual(messages, ['database opened', 'listening', 'stopping', 'closed in order']);
    for (const { level, time } of linesOf(server)) {
      assert.equal(level, 30);
      assert.ok(Math.abs(Number(time) - Date.now()) < 600_000);
    }
  }));

const wideQuestion = '/v1/skeptic?concept_path=wide&predicate=p';

const askWide = async (server: ServerProcess): Promise<void> => {
  const lines = Array.from({ length: 3000 }, (_, value) =>
    JSON.stringify({ kind: 'assertion', concept_path: 'wide', predicate: 'p', value }),
  );
  const headers = { 'content-type': 'application/x-ndjson' };
  const body = `${lines.join('\n')}\n`;
  const sent = await fetch(`${server.url}/v1/assert/batch`, { method: 'POST', headers, body });
  assert.equal(sent.status, 200, await sent.text());
  assert.equal((await server.get(wideQuestion)).status, 200);
};

test('a slow question is said with what was asked', () =>
  withServer(
    async (server) => {
      await askWide(server);
      const [slow] = await said(server, 'a slow question', 1);
      const { level, endpoint, outcome, seconds, question, reqId } = slow ?? {};
      assert.deepEqual([level, endpoint, outcome], [40, 'skeptic', 'answered']);
      assert.ok(Number(seconds) >= 0.001);
      assert.match(String(question), /"conceptPath":"wide".*"lens":"skeptic"/);
      assert.match(String(reqId), /^[0-9a-f]{16}$/);
    },
    { env: { STEMEDB_SLOW_QUERY_MS: '1' } },
  ));

test('no question is slow when the threshold is 0', () =>
  withServer(
    async (server) => {
      await askWide(server);
      assert.equal(await server.stop(), 0);
      assert.ok(linesOf(server).every(({ msg }) => msg !== 'a slow question'));
    },
    { env: { STEMEDB_SLOW_QUERY_MS: '0' } },
  ));
