/**
 * Fault 1: SIGKILL during mixed writes. The ledger of what was sent and what was acknowledged is
 * kept here, outside the server: nothing acknowledged may be lost, nothing invented, and what the
 * log gives out as proof before a kill must hold after it.
 *
 * Some kills hit one growing database, whose log rotates under them; then comes a fresh one.
 */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { countOf, type Seeded, seeded } from '../support/seeded.js';
import { ServerProcess } from '../support/server_process.js';
import { Wire } from '../support/wire.js';
import {
  areDuplicates,
  type Checkpoint,
  checkpointHolds,
  checkpointOf,
  countsAgree,
  filesVerify,
  logAgrees,
  logKeyOf,
  samplesVerify,
  unsent,
} from './mixed/checks.js';
import { Ledger } from './mixed/ledger.js';
import { MixedLoad } from './mixed/load.js';

const kills = countOf(25, 1000);
const killsOfDatabase = 125;
const killsBetweenFullChecks = 50;
const connections = 8;
const samplesOfRound = 8;
/** Databases at once: while one server starts, another is written to. */
const lanes = countOf(1, 2);
const seed = Number(process.env.STEMEDB_SEED ?? 20_261_121);
/** A start that takes longer hangs; how long starts take is printed and never judged. */
const patienceMs = 120_000;

/** The kills of one database. */
interface Run {
  readonly t: TestContext;
  readonly random: Seeded;
  readonly ledger: Ledger;
  readonly readyMs: number[];
}

/** Keeps the newest checkpoint that the server gave out while it was written to. */
const witness = async (wire: Wire, vkey: string): Promise<Checkpoint | undefined> => {
  let newest: Checkpoint | undefined;
  for (;;) {
    const given = await checkpointOf(wire, vkey);
    if (given === undefined) return newest;
    newest = given;
    await sleep(30);
  }
};

interface Started {
  readonly server: ServerProcess;
  readonly wire: Wire;
}

const startTimed = async (directory: string | undefined, run: Run): Promise<Started> => {
  const startedMs = performance.now();
  const server = await ServerProcess.spawn(directory === undefined ? {} : { directory });
  try {
    await server.ready(patienceMs);
  } catch (error) {
    await server.stop('SIGKILL');
    throw error;
  }
  run.readyMs.push(performance.now() - startedMs);
  return { server, wire: new Wire(server.url, connections + 1) };
};

/** Writes for a moment, kills, starts again and looks; gives the server that runs then. */
const round = async (running: Started, number: number, run: Run): Promise<Started> => {
  const { server, wire } = running;
  const { ledger } = run;
  const health = (await server.get('/v1/health')).body as { agent_id: string };
  const vkey = await logKeyOf(wire);
  const load = new MixedLoad(wire, ledger, run.random, health.agent_id, `k${number}`);
  const writing = load.run(connections);
  const witnessed = witness(wire, vkey);
  await Promise.race([sleep(50 + run.random.below(600)), writing]);
  await server.stop('SIGKILL');
  await writing;
  const checkpoint = await witnessed;
  wire.close();
  if (number % killsBetweenFullChecks === 0) {
    await filesVerify(server.directory, true);
    await logAgrees(server.directory, ledger);
  }
  const next = await startTimed(server.directory, run);
  await countsAgree(next.wire, ledger);
  await areDuplicates(next.wire, ledger.takeRound());
  await samplesVerify(next.wire, ledger, run.random, samplesOfRound);
  if (checkpoint !== undefined) await checkpointHolds(next.wire, checkpoint);
  return next;
};

/** The checks themselves must be able to fail. */
const checksCanFail = async (directory: string, ledger: Ledger): Promise<void> => {
  await assert.rejects(logAgrees(directory, new Ledger()), /nobody sent/);
  ledger.acknowledge([unsent()]);
  await assert.rejects(logAgrees(directory, ledger), /acknowledged and lost/);
};

const oneDatabase = async (rounds: number, run: Run): Promise<void> => {
  const { ledger } = run;
  let running = await startTimed(undefined, run);
  const { directory } = running.server;
  try {
    for (let number = 1; number <= rounds; number += 1) {
      running = await round(running, number, run);
    }
    await samplesVerify(running.wire, ledger, run.random, 200);
    const held = await countsAgree(running.wire, ledger);
    running.wire.close();
    assert.equal(await running.server.stop(), 0, running.server.output);
    await filesVerify(directory, false);
    assert.equal(await logAgrees(directory, ledger), held);
    const acknowledged = ledger.acknowledged.length;
    assert.ok(acknowledged > 10 * rounds, 'too little was acknowledged to prove a thing');
    run.t.diagnostic(
      `${rounds} kills: ${ledger.sentCount} records sent, ${acknowledged} acknowledged, ` +
        `${held} stored`,
    );
    await checksCanFail(directory, ledger);
  } finally {
    await running.server.stop('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  }
};

test(`${kills} kills under load lose and invent nothing`, { timeout: 4 * 3_600_000 }, async (t) => {
  t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed} npm test -- durability/kill`);
  const readyMs: number[] = [];
  let killed = 0;
  const lane = async (): Promise<void> => {
    while (killed < kills) {
      const rounds = Math.min(killsOfDatabase, kills - killed);
      const random = seeded(seed + killed);
      killed += rounds;
      await oneDatabase(rounds, { t, random, ledger: new Ledger(), readyMs });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const sorted = readyMs.toSorted((a, b) => a - b).map(Math.round);
  t.diagnostic(`ready after ${sorted[sorted.length >> 1]} ms (median), ${sorted.at(-1)} ms (most)`);
});
