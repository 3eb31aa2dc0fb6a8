// What one claim and one question cost a node, for `stemedb size`: processor time, bytes in the log
// and the store, memory, and how fast the rest is done. Raw figures; the program that plans draws
// its lines through them.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { claimOfSize } from './claims_of_size.mjs';
import { diskBytes } from './machine.mjs';
import { costEach, costOf } from './process_cost.mjs';
import { post, writeRequests } from './requests.mjs';
import { signedClaim } from './signed_claims.mjs';
import { median } from './statistics.mjs';
import { startStemedb } from './stemedb.mjs';
import { candidatesPerConcept, competingValues, predicate } from './work.mjs';
import { busyConnections } from './works.mjs';

const cliPath = fileURLToPath(
  new URL('../packages/server/dist/src/bin/stemedb.js', import.meta.url),
);
const mebibyte = 1024 * 1024;
const usualBytes = 1_024;
const bulkCases = [
  { claimBytes: 512, signed: false },
  { claimBytes: usualBytes, signed: false },
  { claimBytes: 4_096, signed: false },
  { claimBytes: usualBytes, signed: true },
];
const singleCases = [
  { claimBytes: usualBytes, signed: false },
  { claimBytes: 4_096, signed: false },
  { claimBytes: usualBytes, signed: true },
];
const singlesPerSecondMax = 25_000;
const questionsPerSecondMax = 30_000;
const limitMax = 1_000;
const programSecondsMax = 600;
/** A bulk load holds no more text than this at once. */
const bulkBytes = 16 * mebibyte;

const conceptOf = (number) => `bench/sized/${Math.floor(number / candidatesPerConcept)}`;

function statedClaim(number, concept, { claimBytes, signed, value }) {
  const claim = claimOfSize(concept, number, claimBytes, value);
  return signed ? signedClaim(claim, number) : claim;
}

/** Bytes of the segments, and syncs since the start, as the server counts them. */
async function logFigures(server) {
  const text = await (await server.request('/metrics')).text();
  const figure = (name) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
  return {
    logBytes: figure('stemedb_wal_disk_usage_bytes'),
    syncs: figure('stemedb_wal_fsync_latency_seconds_count'),
  };
}

async function withServer(run, name, options, use) {
  const server = await startStemedb(run, name, options);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

async function secondsOf(run, words) {
  const begin = performance.now();
  await run.children.run(process.execPath, [cliPath, ...words], { secondsMax: programSecondsMax });
  return (performance.now() - begin) / 1000;
}

/**
 * Runs the command line on the directory of a server that has stopped. Seconds it took, without the
 * start of the program.
 */
async function timed(run, home, ...words) {
  const directories = ['--wal-dir', join(home, 'wal'), '--db-dir', join(home, 'db')];
  const start = await secondsOf(run, ['--version']);
  const whole = await secondsOf(run, [...words, '--json', ...directories]);
  return Math.max(0.001, whole - start);
}

/** Streams of lines into an empty database, which is then rebuilt, verified, copied, restored. */
async function measureBulk(run, kind) {
  const { claimBytes, signed } = kind;
  const claims = Math.ceil((run.plan.coefficientBytes / claimBytes) * (signed ? 0.5 : 1));
  const name = `bulk-${claimBytes}-${signed}`;
  const home = join(run.folder, name);
  run.say(`${claims} claims of ${claimBytes} bytes as streams${signed ? ', signed' : ''}`);
  const linesEach = Math.max(500, Math.floor(bulkBytes / claimBytes / 2));
  const loaded = await withServer(run, name, {}, async (server) => {
    const emptyMib = server.memoryMib();
    const { logBytes: logBefore } = await logFigures(server);
    const figures = { seconds: 0, microseconds: 0, mainThreadMicroseconds: 0, writtenBytes: 0 };
    for (let at = 0; at < claims; at += linesEach) {
      const lines = Array.from({ length: Math.min(linesEach, claims - at) }, (_, index) => {
        const number = at + index;
        return `${JSON.stringify(statedClaim(number, conceptOf(number), kind))}\n`;
      });
      const before = costOf(server.pid);
      const begin = performance.now();
      // Both halves at once, as a loader with two connections sends them.
      const half = Math.ceil(lines.length / 2);
      const bodies = [lines.slice(0, half).join(''), lines.slice(half).join('')];
      await server.sendStreams(bodies);
      figures.seconds += (performance.now() - begin) / 1000;
      const each = costEach(before, costOf(server.pid), 1);
      for (const key of Object.keys(each)) figures[key] += each[key];
    }
    const { logBytes } = await logFigures(server);
    return { emptyMib, memoryMib: server.memoryMib(), log: logBytes - logBefore, ...figures };
  });
  const storeBytes = diskBytes(join(home, 'db'));
  const rebuildSeconds = await timed(run, home, 'rebuild');
  const verifySeconds = await timed(run, home, 'verify');
  const copies = join(home, 'copies');
  const backupSeconds = await timed(run, home, 'backup', '--to', copies);
  const restored = join(home, 'restored');
  const restoreSeconds = await timed(run, restored, 'restore', copies, '--log-only');
  rmSync(home, { recursive: true, force: true });
  return {
    ...kind,
    claims,
    perSecond: claims / loaded.seconds,
    microseconds: loaded.microseconds / claims,
    mainThreadMicroseconds: loaded.mainThreadMicroseconds / claims,
    logBytes: loaded.log / claims,
    storeBytes: storeBytes / claims,
    writtenBytes: loaded.writtenBytes / claims,
    memoryEmptyMib: loaded.emptyMib,
    memoryMib: loaded.memoryMib,
    rebuildSeconds,
    verifySeconds,
    backupSeconds,
    restoreSeconds,
  };
}

/** One claim a request, on many connections. */
async function measureSingle(run, kind) {
  const connections = busyConnections(run.plan);
  const name = `single-${kind.claimBytes}-${kind.signed}`;
  run.say(`single claims of ${kind.claimBytes} bytes${kind.signed ? ', signed' : ''}`);
  const make = () => {
    const number = run.nextNumber();
    return post('/v1/assert', statedClaim(number, conceptOf(number), kind));
  };
  const result = await withServer(run, name, {}, async (server) => {
    const before = await logFigures(server);
    let sent = 0;
    const send = async (secondsNow) => {
      const count = singlesPerSecondMax * secondsNow;
      const file = writeRequests(run.requestsPath(), count, make);
      const load = await server.load({ file, connections, seconds: secondsNow, again: false });
      sent += load.requests;
      return load;
    };
    const costs = await measureRounds(run, server, send);
    const { syncs } = await logFigures(server);
    const answer = await sample(server, '/v1/assert', statedClaim(run.nextNumber(), 'a/b', kind));
    return { ...costs, syncs: (syncs - before.syncs) / sent, ...answer };
  });
  rmSync(join(run.folder, name), { recursive: true, force: true });
  return { ...kind, connections, ...result };
}

/** The median of the rounds, figure by figure; `send` loads the server for so many seconds. */
async function measureRounds(run, server, send) {
  const { rounds, seconds, warmSeconds } = run.plan;
  if (warmSeconds > 0) await send(warmSeconds);
  const found = [];
  for (let round = 1; round <= rounds; round += 1) {
    const before = costOf(server.pid);
    const load = await send(seconds);
    const each = costEach(before, costOf(server.pid), load.requests);
    found.push({ perSecond: load.rate, ...each });
  }
  const names = Object.keys(found[0]);
  return Object.fromEntries(names.map((name) => [name, median(found.map((one) => one[name]))]));
}

/** Bytes of one request and its answer on the wire, as nearly as the client can see them. */
async function sample(server, path, body) {
  const answer = await server.request(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${text.slice(0, 300)}`);
  const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 200 OK\r\n${lines.join('')}\r\n`;
  const bytes = Buffer.byteLength(head) + Buffer.byteLength(text);
  return { requestBytes: post(path, body).length, answerBytes: bytes };
}

const subjects = 200;
const pairName = (candidates, at) => `bench/asked/${candidates}/${at}`;
/** A stride without a common factor visits all, in no order that a cache would like. */
const stride = 7919;

function question(candidates, asked, limit) {
  const concept_path = pairName(candidates, (asked * stride) % subjects);
  return { concept_path, predicate, lens: 'consensus', limit };
}

/** Ways to ask: what the server may know already when the question comes. */
const askingKinds = [
  { kind: 'kept', make: (candidates) => [1, () => question(candidates, 0, 100), true] },
  {
    kind: 'new',
    make: (candidates, count, asked) => {
      const limit = (number) => 1 + (Math.floor(number / subjects) % (limitMax - 1));
      const make = (at) => question(candidates, asked + at, limit(asked + at));
      return [count, make, false];
    },
  },
  { kind: 'read', make: (candidates) => [subjects, (at) => question(candidates, at, 100), true] },
];

async function measureQuestions(run, candidates) {
  const connections = busyConnections(run.plan);
  const claims = Array.from({ length: subjects * candidates }, (_, at) => {
    const concept = pairName(candidates, Math.floor(at / candidates));
    const value = at % Math.min(candidates, competingValues);
    return statedClaim(at, concept, { claimBytes: usualBytes, signed: true, value });
  });
  const rows = [];
  for (const { kind, make } of askingKinds) {
    run.say(`questions of ${candidates} candidates, ${kind}`);
    const name = `asked-${candidates}-${kind}`;
    const options = { cache: kind !== 'read' };
    const row = await withServer(run, name, options, async (server) => {
      await server.fill(claims);
      // What was asked is not new again.
      let asked = 0;
      const ask = async (secondsNow) => {
        const count = questionsPerSecondMax * secondsNow;
        const [prepared, body, again] = make(candidates, count, asked);
        const request = (at) => post('/v1/query', body(at));
        const file = writeRequests(run.requestsPath(), prepared, request);
        const load = await server.load({ file, connections, seconds: secondsNow, again });
        // Those on their way when the time was over were asked as well.
        asked += load.requests + connections;
        return load;
      };
      const costs = await measureRounds(run, server, ask);
      const wire = await sample(server, '/v1/query', question(candidates, 0, 100));
      return { kind, candidates, connections, ...costs, ...wire };
    });
    rmSync(join(run.folder, name), { recursive: true, force: true });
    rows.push(row);
  }
  return rows;
}

/** Private memory of a server that has answered many questions, by the size of its cache. */
async function measureMemory(run) {
  const pairs = run.plan.cachePairs;
  const kind = { claimBytes: usualBytes, signed: false };
  const name = 'memory';
  const make = (at) => statedClaim(at, conceptOf(at), kind);
  run.say(`memory: ${pairs} pairs of ${candidatesPerConcept} claims, all asked about`);
  await withServer(run, name, {}, (server) =>
    server.fillMany(0, pairs * candidatesPerConcept, make),
  );
  const asked = async (cacheMib) =>
    withServer(run, name, { cacheMib }, async (server) => {
      const emptyMib = server.memoryMib();
      const body = (at) => ({ concept_path: `bench/sized/${at}`, predicate, lens: 'recency' });
      const request = (at) => post('/v1/query', body(at));
      const file = writeRequests(run.requestsPath(), pairs, request);
      const connections = busyConnections(run.plan);
      await server.load({ file, connections, seconds: run.plan.memorySeconds, again: true });
      return { cacheMib, emptyMib, memoryMib: server.memoryMib() };
    });
  const rows = [];
  for (const cacheMib of run.plan.cacheMib) rows.push(await asked(cacheMib));
  rmSync(join(run.folder, name), { recursive: true, force: true });
  return rows;
}

/** All of it. */
export async function measureCoefficients(run) {
  const bulk = [];
  const { coefficientCases } = run.plan;
  for (const kind of bulkCases.slice(0, coefficientCases)) bulk.push(await measureBulk(run, kind));
  const single = [];
  for (const kind of singleCases.slice(0, coefficientCases))
    single.push(await measureSingle(run, kind));
  const questions = [];
  for (const candidates of [2, candidatesPerConcept].slice(0, coefficientCases)) {
    questions.push(...(await measureQuestions(run, candidates)));
  }
  const memory = await measureMemory(run);
  return { bulk, single, questions, memory };
}
