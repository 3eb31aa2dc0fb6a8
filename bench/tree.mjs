// What keeping the Merkle tree costs ingest: arrays of 100 unsigned claims of about 1 KiB,
// submitted in this process without HTTP, so that the share of the tree is as large as it can be.
// A database with its tree and one without take turns. Prints figures and judges nothing.
//
//     node bench/tree.mjs [--seconds 3] [--rounds 7] [--dir DIR] [--json]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../packages/server/dist/src/bin/database.js';
import { systemEffects } from '../packages/server/dist/src/bin/system_effects.js';
import { GrowingTree } from '../packages/server/dist/src/log/merkle/growing_tree.js';
import { MerkleTree } from '../packages/server/dist/src/log/merkle/merkle_tree.js';
import { machineLine, measureSync, median } from './machine.mjs';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '7' },
    dir: { type: 'string', default: process.env.STEMEDB_BENCH_DIR ?? tmpdir() },
    json: { type: 'boolean', default: false },
  },
});

const arrayClaims = 100;
const arraysInFlight = 8;
const filler = 'x'.repeat(800);
const keep = MerkleTree.prototype.note;
let made = 0;

/** Processor time that the tree alone takes for a record, with nothing else in the caches. */
function aloneMicros(records = 200_000) {
  const tree = new GrowingTree(undefined);
  const ids = Array.from({ length: 4096 }, (_, index) => index.toString(16).padStart(64, '0'));
  const stamp = '0'.repeat(32);
  const cpu = process.cpuUsage();
  for (let at = 0; at < records; at += 1) {
    tree.add({ sequence: at + 1, offset: at, id: ids[at % ids.length], stamp });
  }
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / records;
}

async function open(folder, name) {
  const directories = { walDir: join(folder, name, 'wal'), dbDir: join(folder, name, 'db') };
  const settings = { ...directories, signatures: 'optional', policy: undefined };
  const opened = await openDatabase(settings, systemEffects());
  if (!opened.ok) throw new Error(opened.error.detail);
  return opened.value;
}

/** The next array; 20 claims compete for each pair, as in the other benchmarks. */
function nextArray() {
  return Array.from({ length: arrayClaims }, () => {
    made += 1;
    const value = `${made % 7} ${filler}`;
    const content = { concept_path: `bench/${Math.floor(made / 20)}`, predicate: 'p', value };
    return { kind: 'assertion', content: { ...content, asserted_at: 1_700_000_000_000 + made } };
  });
}

/** Submits for so long; records a second, and microseconds of processor time a record. */
async function ingest(database, seconds) {
  const principal = { type: 'node', agentId: database.agentId };
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let records = 0;
  const submit = async () => {
    while (performance.now() - begin < seconds * 1000) {
      const outcomes = await database.ingest.submitAll(principal, nextArray());
      if (!outcomes.every(({ ok }) => ok)) throw new Error('a claim was refused');
      records += outcomes.length;
    }
  };
  await Promise.all(Array.from({ length: arraysInFlight }, submit));
  const { user, system } = process.cpuUsage(cpu);
  const elapsedSeconds = (performance.now() - begin) / 1000;
  return { rate: records / elapsedSeconds, cpuMicros: (user + system) / records };
}

async function main(folder) {
  const withTree = await open(folder, 'with');
  const without = await open(folder, 'without');
  const rows = [];
  const rounds = Number(options.rounds);
  // The first round warms both up and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const row = {};
    const turns = round % 2 === 0 ? ['kept', 'left out'] : ['left out', 'kept'];
    for (const turn of turns) {
      MerkleTree.prototype.note = turn === 'kept' ? keep : () => undefined;
      row[turn] = await ingest(turn === 'kept' ? withTree : without, Number(options.seconds));
    }
    if (round > 0) rows.push(row);
  }
  MerkleTree.prototype.note = keep;
  const size = withTree.log.lastSequence;
  const before = performance.now();
  const signed = await withTree.proofs.checkpoint();
  if (!signed.ok) throw new Error(signed.error.detail);
  const checkpointMs = performance.now() - before;
  await withTree.close();
  MerkleTree.prototype.note = () => undefined;
  await without.close();
  report({ rows, size, checkpointMs, sync: measureSync(folder, 2_000) });
}

function report({ rows, size, checkpointMs, sync }) {
  const of = (turn, name) => median(rows.map((row) => row[turn][name]));
  const share = (name) => median(rows.map((row) => row.kept[name] / row['left out'][name]));
  const figures = {
    with: { rate: of('kept', 'rate'), cpuMicros: of('kept', 'cpuMicros') },
    without: { rate: of('left out', 'rate'), cpuMicros: of('left out', 'cpuMicros') },
    rateRatio: share('rate'),
    cpuRatio: share('cpuMicros'),
    aloneMicros: aloneMicros(),
    records: size,
    checkpointMs,
  };
  const machine = machineLine();
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ machine, sync, ...figures })}\n`);
    return;
  }
  const line = (name, { rate, cpuMicros }) =>
    `${name.padEnd(12)} ${Math.round(rate).toLocaleString('en-US').padStart(8)} records/s ` +
    `${cpuMicros.toFixed(2).padStart(7)} us of processor a record\n`;
  process.stdout.write(
    `${line('with tree', figures.with)}${line('without tree', figures.without)}` +
      `ratio        ${figures.rateRatio.toFixed(3)} of the rate, ` +
      `${figures.cpuRatio.toFixed(3)} of the processor time\n` +
      `the tree     ${figures.aloneMicros.toFixed(2)} us of processor a record on its own, ` +
      `${((100 * figures.aloneMicros) / figures.without.cpuMicros).toFixed(1)} % of the rest\n` +
      `a checkpoint over ${size.toLocaleString('en-US')} records: ${checkpointMs.toFixed(1)} ms\n` +
      `medians of ${rows.length} rounds of ${options.seconds} s each\n` +
      `disk: 1 KiB + fdatasync p50 ${sync.p50.toFixed(3)} ms, p99 ${sync.p99.toFixed(3)} ms` +
      `${sync.inMemory ? ' (in memory: nothing here is durable)' : ''}\n${machine}\n`,
  );
}

const folder = mkdtempSync(join(options.dir, 'stemedb-bench-tree-'));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
