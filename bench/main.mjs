// The durable single assertion and the question over 20 candidates, beside PostgreSQL doing the
// same work in the same run. Prints figures and judges nothing; see README.md.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineLine, measureSync, median, privateMemoryMib } from './machine.mjs';
import { findPrograms, startPostgres } from './postgres.mjs';
import { startEmpty, startStemedb } from './stemedb.mjs';
import { tableOf } from './table.mjs';
import { candidatesPerConcept } from './work.mjs';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '1,16,64' },
    concepts: { type: 'string', default: '1000' },
    lenses: { type: 'string', default: 'recency,consensus' },
    dir: { type: 'string', default: process.env.STEMEDB_BENCH_DIR ?? tmpdir() },
    smoke: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const seconds = options.smoke ? 1 : Number(options.seconds);
const rounds = options.smoke ? 1 : Number(options.rounds);
const concepts = options.smoke ? 20 : Number(options.concepts);
const connectionCounts = options.smoke ? [4] : options.connections.split(',').map(Number);
const lenses = options.lenses.split(',');

function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Median of the rounds, figure by figure. */
function summary(results) {
  if (results.length === 0) return undefined;
  const of = (name) => median(results.map((result) => result[name]));
  return { rate: of('rate'), p50: of('p50'), p99: of('p99') };
}

/** Every kind of work for each database; a database that lacks one leaves it out. */
function workList({ ours, postgres, empty }) {
  const list = [];
  for (const connections of connectionCounts) {
    list.push({
      work: 'assert, durable, unsigned',
      connections,
      ours: () => ours.assert(connections, seconds),
      peer: postgres && (() => postgres.assert(connections, seconds)),
    });
    list.push({
      work: 'assert, durable, signed',
      connections,
      ours: () => ours.assertSigned(connections, seconds),
      peer: postgres && (() => postgres.assert(connections, seconds)),
    });
    for (const lens of lenses) {
      list.push({
        work: `query of ${candidatesPerConcept}, ${lens}`,
        connections,
        ours: () => ours.ask(connections, seconds, concepts, lens),
        peer: postgres && (() => postgres.ask(connections, seconds, concepts)),
      });
    }
    for (const work of ['empty-post', 'empty-get']) {
      const run = () => empty.load({ work, connections, seconds });
      list.push({
        work: `(${work.replace('-', ' ').toUpperCase()} handler)`,
        connections,
        ours: run,
      });
    }
  }
  return list;
}

/** Ours and the peer's take turns, so that a machine that drifts hits both. */
function measure(list) {
  const rows = list.map(({ work, connections }) => ({ work, connections, ours: [], peer: [] }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [at, { work, connections, ours, peer }] of list.entries()) {
      say(`round ${round} of ${rounds}: ${work}, ${connections} connections`);
      rows[at].ours.push(ours());
      if (peer) rows[at].peer.push(peer());
    }
  }
  return rows.map((row) => ({ ...row, ours: summary(row.ours), peer: summary(row.peer) }));
}

async function main(folder, started) {
  const programs = findPrograms();
  const postgres = programs && (await startPostgres(programs, folder));
  if (postgres) started.push(postgres);
  else say('PostgreSQL is not installed (Debian: postgresql): ours alone is measured.');
  const empty = await startEmpty(folder);
  started.push(empty);
  const ours = await startStemedb(folder);
  started.push(ours);
  say(`storing ${concepts} x ${candidatesPerConcept} claims to ask about`);
  postgres?.fill(concepts);
  await ours.fill(concepts);

  const rows = measure(workList({ ours, postgres, empty }));
  const sync = measureSync(folder, options.smoke ? 200 : 5_000);
  const machine = machineLine(postgres?.version());
  const memory = privateMemoryMib(ours.pid);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ machine, sync, memoryMib: memory, rows })}\n`);
    return;
  }
  const times = `p50 ${sync.p50.toFixed(3)} ms, p99 ${sync.p99.toFixed(3)} ms`;
  const disk = `disk: 1 KiB + fdatasync ${times}`;
  const warning = sync.inMemory ? ' (in memory: nothing here is durable)' : '';
  const how = `medians of ${rounds} rounds of ${seconds} s, claims of about 1 KiB`;
  process.stdout.write(`\n${tableOf(rows)}\n\n${how}\n${disk}${warning}\n`);
  process.stdout.write(
    `memory of our server at the end: ${memory ?? '?'} MiB (RssAnon)\n${machine}\n`,
  );
}

const folder = mkdtempSync(join(options.dir, 'stemedb-bench-'));
// PostgreSQL's own user must be able to enter.
chmodSync(folder, 0o755);
const started = [];
try {
  await main(folder, started);
} finally {
  for (const process of started.reverse()) await process.stop();
  rmSync(folder, { recursive: true, force: true });
}
