/** Following and tracing with the SDK and the command line, through a restart of the server. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { StemeClient } from '@stemedb/client';
import { runCli } from '../support/cli_process.js';
import { cliBinary, ServerProcess } from '../support/server_process.js';

const state = async (server: ServerProcess, value: string): Promise<string> => {
  const claim = { concept_path: 'feed/test', predicate: 'says', value };
  const { body } = await server.post('/v1/assert', claim);
  return (body as { id: string }).id;
};

/** Patient enough for a restart on a busy machine. */
const retry = { attemptsMax: 200, delayMaxMs: 500 };

test('followers of a server that restarts are told each record once', async (context) => {
  const first = await ServerProcess.start();
  context.after(() => first.remove());
  const { url, directory } = first;
  const told: string[] = [];
  const abort = new AbortController();
  const client = new StemeClient({ url, retry });
  const following = (async () => {
    const options = { prefix: 'feed', signal: abort.signal } as const;
    for await (const { id } of client.feed(options)) told.push(id);
  })().catch(() => undefined);
  const tail = spawn(
    process.execPath,
    [cliBinary, 'tail', '--follow', '--kind', 'assertion', '--json', '--url', url],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  context.after(() => tail.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: tail.stdout }).on('line', (line) => lines.push(line));
  const ids: string[] = [];
  // The tail says nothing until it follows: it is there when it has told of one of these.
  while (lines.length === 0) ids.push(await state(first, `before ${ids.length}`));
  const begunMs = performance.now();
  assert.equal(await first.stop(), 0);
  const stopMs = performance.now() - begunMs;
  assert.ok(stopMs < 8_000, `open streams held the stop up for ${stopMs} ms`);
  const port = new URL(url).port;
  const env = { STEMEDB_BIND_ADDR: `127.0.0.1:${port}` };
  const second = await ServerProcess.spawn({ directory, env });
  context.after(() => second.stop('SIGKILL'));
  const again = new StemeClient({ url, retry });
  const said = await again.assert({ concept_path: 'feed/test', predicate: 'says', value: 'after' });
  ids.push(said.id);
  const isTold = (): boolean => told.at(-1) === said.id && lines.at(-1)?.includes(said.id) === true;
  for (const deadline = performance.now() + 120_000; !isTold(); ) {
    assert.ok(performance.now() < deadline, `${told.length} of ${ids.length}, ${lines.length}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual(told, ids);
  const seen = lines.map((line) => (JSON.parse(line) as { id: string }).id);
  assert.deepEqual(seen, ids.slice(ids.indexOf(seen[0] ?? '')));
  abort.abort();
  await following;
});

test('tail shows what a stranger wrote without acting upon it, and where to go on', async () => {
  const server = await ServerProcess.start();
  try {
    await state(server, '\u001b[2J\u202eevil\n');
    const { url } = server;
    const shown = await runCli('tail', '--from-start', '--prefix', 'feed', '--url', url);
    assert.equal(shown.exit, 0, shown.err);
    const escaped = /assertion: feed\/test says = "\\+u001b\[2J\\u202eevil\\+n"\n$/;
    assert.match(shown.out, escaped);
    const [, since = ''] = /--since (\S+)/.exec(shown.err) ?? [];
    const id = await state(server, 'more');
    const rest = await runCli('tail', '--since', since, '--quiet', '--url', url);
    assert.equal(rest.out, `${id}\n`);
    const wrong = await runCli('tail', '--since', 'x', '--url', url);
    assert.equal(wrong.exit, 1);
    assert.match(wrong.err, /invalid_cursor/);
  } finally {
    await server.remove();
  }
});

test('trace shows a fallen source, and what a stranger wrote is escaped', async () => {
  const server = await ServerProcess.start();
  try {
    const { url } = server;
    const source = await server.post('/v1/sources', {
      title: '\u001b[2JT',
      uri: 'https://a.example/',
    });
    const { id } = source.body as { id: string };
    const cited = { concept_path: 'feed/test', predicate: 'says', value: 'it', source: id };
    const claim = (await server.post('/v1/assert', cited)).body as { id: string };
    const reason = { target: id, action: 'retract', reason: 'withdrawn' };
    const fall = (await server.post('/v1/supersede', reason)).body as { id: string };
    const shown = await runCli('trace', claim.id, '--url', url);
    assert.equal(shown.exit, 0, shown.err);
    assert.deepEqual(shown.out.split('\n'), [
      `assertion ${claim.id} [premise_out]: feed/test says = "it"`,
      'rests on:',
      `  source source ${id} [retracted]: source "\\u001b[2JT", https://a.example/`,
      `      ! supersession ${fall.id}: retract ${id}, because "withdrawn"`,
      '',
    ]);
    const down = await runCli('trace', id, '--url', url, '--limit', '2');
    assert.match(down.err, /More hangs on it/);
    const json = await runCli('trace', id, '--json', '--url', url);
    assert.equal((JSON.parse(json.out) as { nodes: unknown[] }).nodes.length, 3);
    const prov = await runCli('trace', id, '--format', 'prov-json', '--url', url);
    assert.ok(prov.out.includes('"wasInvalidatedBy"'), prov.out);
    const none = await runCli('trace', '8'.repeat(64), '--url', url);
    assert.equal(none.exit, 1);
  } finally {
    await server.remove();
  }
});
