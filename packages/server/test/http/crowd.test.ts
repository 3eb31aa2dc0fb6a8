/**
 * Fault 17 on a real server with its real limits: many slow connections beside well-behaved
 * clients, which are also measured without them. The ratio is printed and asserted nowhere.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpLimits } from '../../src/guard/limits.js';
import { countOf } from '../support/seeded.js';
import { ServerProcess } from '../support/server_process.js';
import { claim } from './service.js';

const size = countOf(200, 5000);
/** Each of them has a whole answer kept for it until it is cut. */
const readersMax = 20;
const answerBytes = 80 * 60_000;
const measuredMs = countOf(5000, 60_000);
/** Long enough for headers (10 s), bodies and lines (30 s) to be cut; in the long run for all. */
const crowdedMs = countOf(36_000, 600_000);
const clients = 8;
const mebibyte = 1024 * 1024;

const send = (port: number, agent: Agent, path: string, body: unknown): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const options = { host: '127.0.0.1', port, agent, path, method: 'POST', headers };
    const sent = request(options, (answer) => {
      answer.resume();
      answer.on('error', reject);
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });

/** Writes and questions for some time; how many a second were answered, every one of them well. */
const throughput = async (port: number, forMs: number): Promise<number> => {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const begin = performance.now();
  let answered = 0;
  const client = async (number: number): Promise<void> => {
    for (let at = 0; performance.now() - begin < forMs; at += 1) {
      const path = `test/${number}/${at % 50}`;
      const isWrite = at % 2 === 0;
      const body = isWrite ? claim({ concept_path: path, value: at }) : { concept_path: path };
      const status = await send(port, agent, isWrite ? '/v1/assert' : '/v1/query', body);
      assert.equal(status, isWrite ? 201 : 200);
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  agent.destroy();
  return answered / ((performance.now() - begin) / 1000);
};

const memoryOf = (pid: number): number =>
  1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

const socketsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

const gone = async (crowd: ChildProcess): Promise<Readonly<Record<string, number>>> => {
  crowd.send('go');
  const [outcomes] = await once(crowd, 'message');
  return outcomes as Readonly<Record<string, number>>;
};

test('a crowd of slow connections is cut, and well-behaved clients are answered', async (t) => {
  if (process.platform !== 'linux') return t.skip('memory and sockets are read from /proc');
  const server = await ServerProcess.start();
  const { pid = 0 } = server;
  const port = Number(new URL(server.url).port);
  const agent = new Agent({ keepAlive: true });
  for (let at = 0; at < answerBytes / 60_000; at += 1) {
    const large = claim({ concept_path: `large/${at}`, value: 'x'.repeat(60_000) });
    assert.equal(await send(port, agent, '/v1/assert', large), 201);
  }
  agent.destroy();
  // The first seconds compile; they belong to neither side.
  await throughput(port, measuredMs);
  const before = await throughput(port, measuredMs);
  const [memory, sockets] = [memoryOf(pid), socketsOf(pid)];
  const script = new URL('./crowd.js', import.meta.url);
  const crowd = fork(script, [port, size, readersMax].map(String));
  try {
    await sleep(2000);
    const crowded = await throughput(port, crowdedMs);
    const most = { memory: memoryOf(pid), sockets: socketsOf(pid) };
    const outcomes = await gone(crowd);
    const after = await throughput(port, measuredMs);
    const ratio = crowded / ((before + after) / 2);
    const rates = [crowded, before, after].map((rate) => rate.toFixed(0));
    const mebibytes = [most.memory, memory].map((bytes) => Math.round(bytes / mebibyte));
    t.diagnostic(
      `${size} slow connections for ${crowdedMs / 1000} s: ${rates[0]}/s, without them ` +
        `${rates[1]}/s before and ${rates[2]}/s after, ratio ${ratio.toFixed(2)}; ` +
        `${mebibytes[0]} MiB, before ${mebibytes[1]} MiB; ${most.sockets} descriptors, before ` +
        `${sockets}; ${JSON.stringify(outcomes)}`,
    );
    for (const manner of ['slow headers', 'slow body']) {
      const cut = Object.keys(outcomes).filter((outcome) => outcome.startsWith(manner));
      assert.ok(cut.length > 0, `no connection with a ${manner} was cut`);
      // A byte that is sent while the server closes may destroy the answer on its way.
      const allowed = [`${manner}: 408 request_timeout`, `${manner}: none`];
      assert.deepEqual(
        cut.filter((outcome) => !allowed.includes(outcome)),
        [],
      );
    }
    assert.ok(most.sockets <= sockets + size + clients + 20, `${most.sockets} descriptors`);
    const room = 2 * readersMax * answerBytes + size * 64 * 1024 + 256 * mebibyte;
    assert.ok(most.memory <= memory + room, `${most.memory} bytes, before ${memory}`);
    assert.ok(size < httpLimits.connectionsMax);
  } finally {
    crowd.kill('SIGKILL');
    await server.remove();
  }
});
