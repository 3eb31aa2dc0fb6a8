/** `stemedb pilot-check` as a process against real servers, and each way in which it fails. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseAgentId } from '@stemedb/model';
import { copyAndRestore } from '../../src/cli/pilot/copies.js';
import { Session } from '../../src/cli/session.js';
import { systemCliIo } from '../../src/cli/system_io.js';
import { PilotClaims } from '../../src/ops/pilot/claims.js';
import { Ledger } from '../../src/ops/pilot/ledger.js';
import { runCli } from '../support/cli_process.js';
import { serverBinary } from '../support/server_process.js';
import { noServices, run, scratch } from './harness.js';
import { type SupervisedServer, startSupervised } from './supervised_server.js';

interface Row {
  readonly name: string;
  readonly measured: string;
  readonly verdict: string;
}

interface Found {
  readonly result: string;
  readonly claimsWritten: number;
  readonly prefix: string;
  readonly criteria: readonly Row[];
}

/** Generous: what is tested is the check, not this machine. */
const easy = [
  ...['--rate', '10', '--query-rate', '5', '--warm-up', '0.5', '--duration', '1'],
  ...['--query-p99', '20000', '--write-p99', '20000'],
];

const check = async (
  url: string,
  ...words: readonly string[]
): Promise<{ readonly exit: number | null; readonly found: Found; readonly err: string }> => {
  const ended = await runCli('pilot-check', '--url', url, '--json', ...easy, ...words);
  assert.notEqual(ended.out, '', ended.err);
  return { exit: ended.exit, found: JSON.parse(ended.out), err: ended.err };
};

const verdictOf = ({ criteria }: Found, name: string): string => {
  const row = criteria.find((one) => one.name.includes(name));
  assert.ok(row !== undefined, `${name} is not among ${criteria.map((one) => one.name)}`);
  return row.verdict;
};

const dataOf = ({ directory }: SupervisedServer): readonly string[] => ['--data', directory];

test('a sound server passes, is killed meanwhile, and keeps every claim', async (context) => {
  const server = await startSupervised(context, { restarts: true });
  const folder = await scratch(context);
  const reportPath = join(folder, 'report.md');
  const { exit, found, err } = await check(
    server.url,
    ...dataOf(server),
    ...['--pid', String(server.pid()), '--recovery-seconds', '100'],
    ...['--report', reportPath, '--scratch', join(folder, 'copies')],
  );
  assert.deepEqual(
    found.criteria.filter(({ verdict }) => verdict !== 'pass'),
    [],
  );
  assert.equal(found.result, 'pass');
  assert.equal(exit, 0);
  assert.match(err, new RegExp(`written below ${found.prefix}`));
  // The second before the kill is under load as well.
  assert.ok(found.claimsWritten >= 20, `${found.claimsWritten} claims`);
  const health = await (await fetch(`${server.url}/v1/health`)).json();
  const { assertion_count: count } = health as { assertion_count: number };
  assert.ok(count >= found.claimsWritten);

  // The copies are left to look at: the restored log holds what the report says that it holds.
  const again = await runCli('verify', '--json', '--data', join(folder, 'copies', 'restored'));
  assert.equal(again.exit, 0, again.err);
  assert.ok(JSON.parse(again.out).log.records > found.claimsWritten);

  const report = await readFile(reportPath, 'utf8');
  assert.match(report, /^# Pilot check: passed$/m);
  assert.ok(report.includes(found.prefix));
  for (const { name } of found.criteria) assert.ok(report.includes(`| ${name} | `), name);
});

test('a server that does not come back fails the check', async (context) => {
  const server = await startSupervised(context, { restarts: false });
  const { exit, found } = await check(
    server.url,
    ...['--allow-skipped', '--recovery-seconds', '2'],
    ...['--pid', String(server.pid())],
  );
  assert.equal(verdictOf(found, 'ready after a kill'), 'fail');
  assert.equal(verdictOf(found, 'after the kill'), 'fail');
  assert.equal(verdictOf(found, 'under load'), 'pass');
  assert.equal(exit, 1);
});

test('the lines of shell that kill and start are run', async (context) => {
  const server = await startSupervised(context, { restarts: false });
  const pidFile = join(await scratch(context), 'pid');
  const { host } = new URL(server.url);
  const program = `exec '${process.execPath}' '${serverBinary}'`;
  const settings = `STEMEDB_BIND_ADDR=${host} STEMEDB_WAL_DIR=wal STEMEDB_DB_DIR=db`;
  const start = `cd '${server.directory}' && echo $$ > '${pidFile}' && export ${settings} && `;
  try {
    const { exit, found } = await check(
      server.url,
      ...['--allow-skipped', '--recovery-seconds', '100'],
      ...['--kill-command', `kill -9 ${server.pid()}`, '--start-command', start + program],
    );
    assert.equal(verdictOf(found, 'ready after a kill'), 'pass');
    assert.equal(verdictOf(found, 'after the kill'), 'pass');
    assert.equal(exit, 0);
  } finally {
    process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL');
  }
});

/** A server that says of each tenth claim that it was stored, and throws it away. */
const forgetful = async (context: TestContext, behind: string): Promise<string> => {
  let written = 0;
  const forward = (from: IncomingMessage, to: ServerResponse, body: Buffer): void => {
    const { method, headers } = from;
    const onward = request(behind + (from.url ?? ''), { method, headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(to);
    });
    onward.on('error', () => to.destroy());
    onward.end(body);
  };
  const server = createServer(async (from, to) => {
    const parts: Buffer[] = [];
    for await (const part of from) parts.push(part as Buffer);
    if (from.method === 'POST' && from.url === '/v1/assert') written += 1;
    if (written % 10 !== 9 || from.method !== 'POST' || from.url !== '/v1/assert') {
      forward(from, to, Buffer.concat(parts));
      return;
    }
    to.writeHead(201, { 'content-type': 'application/json' }).end('{"status":"created"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

test('one server, looked at in several ways', async (parent) => {
  const server = await startSupervised(parent, { restarts: true });
  await parent.test(
    'what was not looked at keeps the whole from passing, unless that is allowed',
    async () => {
      const { exit, found } = await check(server.url);
      assert.equal(found.result, 'incomplete');
      assert.equal(exit, 1);
      for (const name of ['ready after a kill', 'after the kill', 'data directory', 'restored']) {
        assert.equal(verdictOf(found, name), 'skipped');
      }
      const allowed = await check(
        server.url,
        ...['--allow-skipped', '--batch', '5', ...dataOf(server)],
      );
      assert.equal(allowed.found.result, 'pass');
      assert.equal(allowed.exit, 0);
      assert.equal(verdictOf(allowed.found, 'data directory'), 'pass');
    },
  );

  await parent.test('a latency that is not reached fails the check', async () => {
    const { exit, found } = await check(server.url, ...['--allow-skipped', '--query-p99', '0.01']);
    assert.equal(verdictOf(found, 'query latency'), 'fail');
    assert.equal(found.result, 'fail');
    assert.equal(exit, 1);
  });

  await parent.test('a kill that kills nothing is no recovery', async () => {
    const { found } = await check(
      server.url,
      ...['--allow-skipped', '--recovery-seconds', '2'],
      ...['--kill-command', 'true'],
    );
    const row = found.criteria.find(({ name }) => name === 'ready after a kill');
    assert.equal(row?.verdict, 'fail');
    assert.match(row?.measured ?? '', /not killed/);
  });

  await parent.test('acknowledged claims that are not there fail it', async (context) => {
    const url = await forgetful(context, server.url);
    const { exit, found } = await check(url, '--allow-skipped');
    assert.equal(verdictOf(found, 'under load'), 'fail');
    assert.equal(verdictOf(found, 'ingest rate'), 'pass');
    assert.equal(exit, 1);
    const row = found.criteria.find(({ name }) => name.includes('under load'));
    assert.match(row?.measured ?? '', /^\d+ of \d+ claims are missing/);
  });
});

test('a step that cannot be run has failed, and there is a report', async (context) => {
  const server = await startSupervised(context, { restarts: false });
  const copies = join(await scratch(context), 'copies');
  // In a process that can start no other.
  const { exit, out } = await run(
    ['pilot-check', '--url', server.url, '--json', ...easy, ...dataOf(server), '--scratch', copies],
    { io: { sleep: (delayMs) => sleep(delayMs) } },
  );
  assert.equal(exit, 1);
  const found: Found = JSON.parse(out);
  for (const name of ['data directory verified', 'backup taken']) {
    const row = found.criteria.find((one) => one.name.includes(name));
    assert.equal(row?.verdict, 'fail');
    assert.equal(row?.measured, 'Here no other process can be started.');
  }
  assert.equal(verdictOf(found, 'missing on disk'), 'pass');
  assert.equal(verdictOf(found, 'restored log'), 'skipped');
});

test('a restored log that cannot be read has failed', async (context) => {
  const folder = await scratch(context);
  const io = {
    ...systemCliIo(noServices),
    // The copies succeed, by their word, and there is nothing in the directory.
    runApart: async (_: readonly string[], onLine: (line: string) => void) => {
      onLine('{"records":1,"seconds":1,"copied_bytes":1,"findings":0}');
      return { exit: 0, signal: null };
    },
  };
  const agentId = parseAgentId('ab'.repeat(32));
  assert.ok(agentId !== undefined);
  const claims = new PilotClaims('run', agentId, 0, 1_024);
  const session = new Session(io, {}, '1.2.3');
  const criteria = await copyAndRestore(session, { scratch: folder, claims, ledger: new Ledger() });
  assert.deepEqual(
    criteria.map(({ verdict }) => verdict),
    ['pass', 'pass', 'pass', 'fail'],
  );
  assert.notEqual(criteria.at(-1)?.measured, '');
});

test('without a server everything else is skipped, and the exit code says why', async () => {
  const { exit, found } = await check('http://127.0.0.1:9', '--allow-skipped');
  assert.equal(verdictOf(found, 'preflight'), 'fail');
  assert.ok(found.criteria.slice(1).every(({ verdict }) => verdict === 'skipped'));
  assert.equal(found.result, 'fail');
  assert.equal(exit, 69);
});

test('what contradicts itself is refused before anything is sent', async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['--pid', '5', '--kill-command', 'x'], /name one/],
    [['--start-command', 'x'], /--start-command needs/],
    [['--rate', '0'], /--rate must be above 0/],
    [['--pid', '1'], /whole number from 2/],
    [['--rate', '5', '--batch', '10'], /--batch is more/],
    [['--query-p99', 'soon'], /number from 0/],
    [['--rate', '100000', '--duration', '604800'], /More than 200000000 claims/],
  ];
  for (const [words, complaint] of wrong) {
    const { exit, err } = await run(['pilot-check', '--url', 'http://127.0.0.1:9', ...words]);
    assert.equal(exit, 2, words.join(' '));
    assert.match(err, complaint);
  }
  const used = await run([
    'pilot-check',
    '--scratch',
    fileURLToPath(new URL('.', import.meta.url)),
  ]);
  assert.equal(used.exit, 1);
  assert.match(used.err, /not empty; name an empty or a new directory/);
});
