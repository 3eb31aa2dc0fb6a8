/** nginx with the configuration that we ship, in front of two real servers. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServerProcess } from '../support/server_process.js';
import { FrontNginx, publicName } from './front_nginx.js';
import { runToEnd, without } from './programs.js';

const skip = without('nginx') || without('openssl');
const json = { 'content-type': 'application/json' };
const lines = { 'content-type': 'application/x-ndjson' };
const callersAtOnce = 6;

const claim = (value: number): string =>
  JSON.stringify({
    concept_path: 'test/proxied',
    predicate: 'counted',
    value,
    asserted_at: 1_700_000_000_000 + value,
  });

let nodes: ServerProcess[] = [];
let proxy: FrontNginx;

const address = (node: ServerProcess): string => new URL(node.url).host;

const startNode = (): Promise<ServerProcess> =>
  ServerProcess.start({ env: { STEMEDB_ALLOWED_HOSTS: publicName } });

before(async () => {
  if (skip !== false) return;
  nodes = [await startNode(), await startNode()];
  proxy = await FrontNginx.prepare(nodes.map(address));
  await proxy.start();
});

after(async () => {
  if (skip !== false) return;
  await proxy.end();
  for (const node of nodes) await node.remove();
});

test('nginx accepts the configuration without a warning', { skip }, async () => {
  const { exit, err } = await runToEnd('nginx', [...proxy.words, '-t']);
  assert.equal(exit, 0, err);
  assert.doesNotMatch(err, /\[(warn|error|emerg)\]/);
});

test('claims and questions go through, for the public name alone', { skip }, async () => {
  const stated = await proxy.call('/v1/assert', { method: 'POST', headers: json, body: claim(0) });
  assert.equal(stated.status, 201, stated.body);
  const origin = { ...json, origin: `https://${publicName}` };
  const page = await proxy.call('/v1/query', { method: 'POST', headers: origin, body: '{}' });
  assert.notEqual(page.status, 403, page.body);
  const foreign = { ...json, origin: 'https://elsewhere.example' };
  const refused = await proxy.call('/v1/query', { method: 'POST', headers: foreign, body: '{}' });
  assert.equal(refused.status, 403);
  const plain = await fetch(`http://127.0.0.1:${proxy.httpPort}/v1/health`, {
    redirect: 'manual',
    headers: { host: publicName },
  });
  assert.equal(plain.status, 308);
});

test('a body may have 8 MiB and not more', { skip }, async () => {
  const content = 'a'.repeat(7 * 1024 * 1024);
  const within = JSON.stringify([{ concept_path: 'a', note: content }]);
  const call = { method: 'POST', headers: json };
  const passed = await proxy.call('/v1/sources', { ...call, body: within });
  assert.notEqual(passed.status, 413, 'our server reads it, and refuses what it says');
  const beyond = await proxy.call('/v1/sources', { ...call, body: content.repeat(2) });
  assert.equal(beyond.status, 413);
});

test('lines stream both ways while they come', { skip }, async () => {
  const count = 40;
  let sent = 0;
  let sentBeforeAnswer = 0;
  // Longer than the second after which the server first says how far it is durable.
  async function* slowly(): AsyncIterable<string> {
    for (let value = 1; value <= count; value += 1) {
      yield `${claim(value)}\n`;
      sent = value;
      await sleep(60);
    }
  }
  const body = Readable.from(slowly());
  const { status, body: answer } = await proxy.call('/v1/assert/batch', {
    method: 'POST',
    headers: lines,
    body,
    onAnswer: () => {
      sentBeforeAnswer = sent;
    },
  });
  assert.equal(status, 200);
  const said = answer
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(sentBeforeAnswer > 0 && sentBeforeAnswer < count, `${sentBeforeAnswer}`);
  assert.ok(
    said.some((line) => 'durable_through' in line),
    answer,
  );
  const end = said.at(-1);
  assert.equal(end.type, 'end');
  assert.equal(end.created + end.duplicate, count);
});

test('an event comes while the stream goes on', { skip }, async () => {
  const news = { concept_path: 'test/news', predicate: 'is', value: 'fresh-news' };
  const read = await proxy.readUntil('/v1/feed?since=now', 'fresh-news', () => {
    // To both, since either may have the stream, and no more, which would push it out of a buffer.
    for (const node of nodes) void node.post('/v1/assert', news);
  });
  assert.match(read, /^data: .*fresh-news/m);
});

/** Reads until told to stop; every status but 200, and every failure, is a complaint. */
async function keepReading(state: { stop: boolean; read: number }): Promise<readonly string[]> {
  const complaints: string[] = [];
  const question = JSON.stringify({ concept_path: 'test/proxied' });
  const ask = () => proxy.call('/v1/query', { method: 'POST', headers: json, body: question });
  // One for each of the rules by which nginx repeats requests.
  const paths = ['/v1/query?concept_path=test/proxied', '/v1/log/checkpoint'];
  for (let turn = 0; !state.stop; turn += 1) {
    const asked = turn % 3 === 2 ? ask() : proxy.call(paths[turn % 3] ?? '/');
    const answer = await asked.catch((error: Error) => ({ status: 0, body: error.message }));
    if (answer.status !== 200) complaints.push(`${answer.status} ${answer.body}`);
    state.read += 1;
  }
  return complaints;
}

test('nobody who reads notices that a node is killed, nor that one stops', { skip }, async (t) => {
  const [first, second] = nodes;
  assert.ok(first !== undefined && second !== undefined);
  const state = { stop: false, read: 0 };
  const readers = Array.from({ length: callersAtOnce }, () => keepReading(state));
  try {
    await sleep(1000);
    await first.stop('SIGKILL');
    await sleep(1500);
    const { directory } = first;
    const again = { STEMEDB_BIND_ADDR: address(first), STEMEDB_ALLOWED_HOSTS: publicName };
    const returned = await ServerProcess.spawn({ directory, env: again });
    nodes = [returned, second];
    await sleep(1000);
    // nginx tries it again when its time is over; until then the second one carries all.
    await untilItAnswers(first.url);
    await sleep(2500);
    await second.stop('SIGTERM');
    await sleep(1500);
  } finally {
    state.stop = true;
  }
  const complaints = (await Promise.all(readers)).flat();
  t.diagnostic(`${state.read} questions were answered`);
  assert.deepEqual(complaints.slice(0, 5), []);
  assert.ok(state.read > 100, `${state.read}`);
});

async function untilItAnswers(url: string): Promise<void> {
  const deadline = performance.now() + 120_000;
  while ((await fetch(`${url}/v1/health/ready`).catch(() => undefined))?.status !== 200) {
    if (performance.now() > deadline) throw new Error(`${url} did not come back.`);
    await sleep(50);
  }
}
