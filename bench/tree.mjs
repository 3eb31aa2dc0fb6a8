// What keeping the Merkle tree costs ingest: arrays of 100 unsigned claims, submitted in this
// process without HTTP, so that the share of the tree is as large as it can be. Of small claims,
// which have little more than the fields that every claim has, and of claims of 1 KiB; the size is
// that of the record as it is stored. A database with its tree and one without take turns. Prints
// figures and judges nothing.
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
import { machineLine, measureSync } from './machine.mjs';
import { median } from './statistics.mjs';

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
/** Bytes of a stored record. */
const recordSizes = [200, 1024];
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
function nextArray(agentId, recordBytes) {
  return Array.from({ length: arrayClaims }, () => {
    made += 1;
    const concept_path = `bench/${Math.floor(made / 20)}`;
    const asserted_at = 1_700_000_000_000 + made;
    const content = { concept_path, predicate: 'p', value: String(made % 7), asserted_at };
    // All of it is ASCII, and the order of the fields does not change the length.
    const record = JSON.stringify({ kind: 'assertion', v: 1, agent_id: agentId, ...content });
    content.value += 'x'.repeat(Math.max(0, recordBytes - record.length));
    return { kind: 'assertion', content };
  });
}

/** Submits for so long; records a second, and microseconds of processor time a record. */
async function ingest(database, recordBytes, seconds) {
  const principal = { type: 'node', agentId: database.agentId };
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let records = 0;
  const submit = async () => {
    while (performance.now() - begin < seconds * 1000) {
      const outcomes = await database.ingest.submitAll(
        principal,
        nextArray(database.agentId, recordBytes),
      );
      if (!outcomes.every(({ ok }) => ok)) throw new Error('a claim was refused');
      records += outcomes.length;
    }
  };
  await Promise.all(Array.from({ length: arraysInFlight }, submit));
  const { user, system } = process.cpuUsage(cpu);
  const elapsedSeconds = (performance.now() - begin) / 1000;
  return { rate: records / elapsedSeconds, cpuMicros: (user + system) / records };
}

async function measure(folder, recordBytes) {
  const withTree = await open(folder, `with-${recordBytes}`);
  const without = await open(folder, `without-${recordBytes}`);
  const rows = [];
  const rounds = Number(options.rounds);
  const seconds = Number(options.seconds);
  // The first round warms both up and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const row = {};
    const turns = round % 2 === 0 ? ['kept', 'left out'] : ['left out', 'kept'];
    for (const turn of turns) {
      MerkleTree.prototype.note = turn === 'kept' ? keep : () => undefined;
      row[turn] = await ingest(turn === 'kept' ? withTree : without, recordBytes, seconds);
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
  MerkleTree.prototype.note = keep;
  const of = (turn, name) => median(rows.map((row) => row[turn][name]));
  const share = (name) => median(rows.map((row) => row.kept[name] / row['left out'][name]));
  return {
    recordBytes,
    with: { rate: of('kept', 'rate'), cpuMicros: of('kept', 'cpuMicros') },
    without: { rate: of('left out', 'rate'), cpuMicros: of('left out', 'cpuMicros') },
    rateRatio: share('rate'),
    cpuRatio: share('cpuMicros'),
    records: size,
    checkpointMs,
    checkpointBytes: Buffer.byteLength(signed.value),
  };
}

const line = (name, { rate, cpuMicros }) =>
  `${name.padEnd(12)} ${Math.round(rate).toLocaleString('en-US').padStart(8)} records/s ` +
  `${cpuMicros.toFixed(2).padStart(7)} us of processor a record\n`;

const described = (figures, alone) =>
  `claims of ${figures.recordBytes} bytes\n` +
  `${line('with tree', figures.with)}${line('without tree', figures.without)}` +
  `ratio        ${figures.rateRatio.toFixed(3)} of the rate, ` +
  `${figures.cpuRatio.toFixed(3)} of the processor time\n` +
  `the tree     ${alone.toFixed(2)} us of processor a record on its own, ` +
  `${((100 * alone) / figures.without.cpuMicros).toFixed(1)} % of the rest\n` +
  `a checkpoint of ${figures.checkpointBytes} bytes over ` +
  `${figures.records.toLocaleString('en-US')} records: ${figures.checkpointMs.toFixed(1)} ms\n\n`;

async function main(folder) {
  const sizes = [];
  for (const recordBytes of recordSizes) sizes.push(await measure(folder, recordBytes));
  const sync = measureSync(folder, 2_000);
  const alone = aloneMicros();
  const machine = machineLine();
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ machine, sync, aloneMicros: alone, sizes })}\n`);
    return;
  }
  process.stdout.write(
    `${sizes.map((figures) => described(figures, alone)).join('')}` +
      `medians of ${options.rounds} rounds of ${options.seconds} s each\n` +
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
