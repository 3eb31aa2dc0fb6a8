/**
 * A whole database on a simulated disk and clock, a script of claims against it, and the ledger
 * outside of it: what was sent, what was acknowledged, and what a later opening must show of both.
 *
 * The store's engine lives in memory and keeps every state that it had. A power loss leaves any
 * one of them: the library syncs behind, and whatever it lost the log has.
 */
import { signerFromSeed } from '@stemedb/client';
import {
  type AgentId,
  canonicalBytes,
  defaultPolicyTable,
  fromBase64,
  type JsonObject,
  kindNumber,
  leafData,
  leafHash,
  type Outcome,
  type RecordId,
  recordIdOf,
  type StemeError,
  verifyInclusion,
} from '@stemedb/model';
import { type Database, openDatabase } from '../../src/bin/database.js';
import type { Accepted, Submission } from '../../src/ingest/ingest.js';
import { sodiumVerify } from '../../src/ingest/sodium.js';
import { LensRegistry } from '../../src/lens/registry.js';
import { type MemoryFiles, memoryEngine } from '../../src/store/engine_memory.js';
import { signedClaim } from '../ops/directories.js';
import type { SeededRandom } from '../simulation/seeded_random.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import type { SimulatedDisk } from '../simulation/simulated_disk.js';
import { seededBytes } from '../support/databases.js';

export const walDir = '/wal';
export const dbDir = '/db';

/** Small, so that a thousand claims rotate often. */
const segmentBytesMax = 24 * 1024;

/** The files of the store's engine, with every state that they had since the beginning. */
export class StoreFiles implements MemoryFiles {
  readonly #states: MemoryFiles['entries'][];

  constructor(states: readonly MemoryFiles['entries'][] = [[]]) {
    this.#states = [...states];
  }

  get entries(): MemoryFiles['entries'] {
    return this.#states.at(-1) ?? [];
  }

  set entries(entries: MemoryFiles['entries']) {
    this.#states.push(entries);
  }

  get count(): number {
    return this.#states.length;
  }

  /** The files as they were after so many states. */
  at(count: number): StoreFiles {
    return new StoreFiles(this.#states.slice(0, Math.max(1, count)));
  }
}

export interface WorldOptions {
  readonly disk: SimulatedDisk;
  readonly files?: StoreFiles;
  readonly clock?: SimulatedClock;
  readonly onWriteFailure?: (error: StemeError) => void;
}

export interface World {
  readonly disk: SimulatedDisk;
  readonly clock: SimulatedClock;
  readonly files: () => StoreFiles;
  readonly database: Database;
}

export async function tryOpen(options: WorldOptions): Promise<Outcome<World>> {
  const { disk, clock = new SimulatedClock(), onWriteFailure } = options;
  let files = options.files ?? new StoreFiles();
  const opened = await openDatabase(
    {
      walDir,
      dbDir,
      signatures: 'optional',
      policy: defaultPolicyTable,
      segmentBytesMax,
      freeBytesMin: 0,
    },
    {
      clock,
      random: seededBytes(1),
      disk,
      openEngine: {
        open: () => memoryEngine(files),
        remove: async () => {
          files = new StoreFiles();
        },
      },
      verify: sodiumVerify,
      lenses: new LensRegistry(),
      ...(onWriteFailure === undefined ? {} : { onWriteFailure }),
    },
  );
  if (!opened.ok) return opened;
  return { ok: true, value: { disk, clock, files: () => files, database: opened.value } };
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const opened = await tryOpen(options);
  if (opened.ok) return opened.value;
  const { code, detail } = opened.error;
  throw new Error(`${code}: ${detail}`, { cause: opened.error });
}

/** Of each claim that was acknowledged, what was answered; and how many were sent. */
export interface Ledger {
  sent: number;
  readonly acknowledged: Accepted[];
  readonly refusals: StemeError[];
}

export const newLedger = (): Ledger => ({ sent: 0, acknowledged: [], refusals: [] });

const signer = signerFromSeed(new Uint8Array(32).fill(9));
const signedEach = 23;
/** As `signedClaim` has it. */
const concepts = 7;

/** The nth claim of every script; a few are signed. */
const claimOf = (number: number): Submission => {
  if (number % signedEach === 0) return signedClaim(number);
  const content = {
    agent_id: signer.agentId,
    asserted_at: 1_700_000_000_000 + number,
    concept_path: `thing/${number % concepts}`,
    predicate: 'size',
    value: `${number} ${'x'.repeat(number % 120)}`,
  };
  const { agent_id, ...unsigned } = content;
  return { kind: 'assertion', content: unsigned };
};

const ids = new Map<string, RecordId>();

/** The id that the nth claim has; the unsigned ones come from the node. */
const idOf = (number: number, node: AgentId): RecordId => {
  const key = `${number}/${node}`;
  const content = claimOf(number).content as JsonObject;
  const whole = { kind: 'assertion', v: 1, agent_id: node, ...content };
  const id = ids.get(key) ?? recordIdOf(canonicalBytes(whole));
  ids.set(key, id);
  return id;
};

/** Submits so many claims more in one call, and enters what was answered. */
export async function submitMore(world: World, ledger: Ledger, count: number): Promise<boolean> {
  const { database } = world;
  const principal = { type: 'node', agentId: database.agentId } as const;
  const numbers = Array.from({ length: count }, (_, at) => ledger.sent + 1 + at);
  ledger.sent += count;
  const outcomes = await database.ingest.submitAll(principal, numbers.map(claimOf));
  for (const outcome of outcomes) {
    if (outcome.ok) ledger.acknowledged.push(outcome.value);
    else ledger.refusals.push(outcome.error);
  }
  return outcomes.every((outcome) => outcome.ok);
}

export interface Script {
  readonly claims: number;
  readonly random: SeededRandom;
  /** Called between two calls; true ends the script. */
  readonly between?: () => Promise<boolean>;
}

/** Claims in calls of 1 to 15, idle times, store checkpoints and signed tree checkpoints. */
export async function runScript(world: World, ledger: Ledger, script: Script): Promise<void> {
  const { claims, random, between } = script;
  while (ledger.sent < claims && world.database.writeFailure === undefined) {
    await submitMore(world, ledger, Math.min(1 + random.below(15), claims - ledger.sent));
    if (random.chance(0.1)) await world.clock.advance(150);
    if (random.chance(0.04)) await world.clock.advance(11_000);
    if (random.chance(0.04)) await world.database.proofs.checkpoint();
    await world.clock.advance(random.below(3));
    if ((await between?.()) === true) return;
  }
}

/** What was answered about one claim, against what the log and the store hold of it. */
function lostOf({ database }: World, { id, sequence, stamp }: Accepted): string | undefined {
  const place = database.store.place(id);
  if (place === undefined) return `${id} was acknowledged and is not there`;
  if (place.sequence !== sequence || place.stamp !== stamp) return `${id} has another place`;
  const read = database.log.read(place.sequence, place.offset);
  if (!read.ok) return `${id} cannot be read: ${read.error.detail}`;
  if (recordIdOf(read.value.bytes) !== id) return `${id} reads as something else`;
  return undefined;
}

async function proofFault({ database }: World, accepted: Accepted): Promise<string | undefined> {
  const proven = await database.proofs.inclusionOf(accepted.id);
  if (!proven.ok) return `no inclusion proof of ${accepted.id}: ${proven.error.detail}`;
  const { leaf_index: index, tree_size: size, hashes, root } = proven.value;
  const leaf = leafHash(leafData(accepted.id, accepted.stamp));
  const known = [root, ...hashes].map(fromBase64).filter((hash) => hash !== undefined);
  const [top, ...path] = known;
  const isProven = top !== undefined && verifyInclusion({ index, size }, leaf, path, top);
  return isProven && size >= database.log.lastSequence
    ? undefined
    : `the inclusion proof of ${accepted.id} does not hold`;
}

/** What is wrong with a database after a fault; empty when nothing is. */
export async function violations(
  world: World,
  ledger: { readonly sent: number; readonly acknowledged: readonly Accepted[] },
): Promise<readonly string[]> {
  const { database } = world;
  const { log, store } = database;
  const found: string[] = [];
  for (const accepted of ledger.acknowledged) {
    const lost = lostOf(world, accepted);
    if (lost !== undefined) found.push(lost);
  }
  let next = 1;
  const sent = new Set<RecordId>();
  for (let number = 1; number <= ledger.sent; number += 1) sent.add(idOf(number, database.agentId));
  for await (const chunk of log.iterate({ sequence: 1 })) {
    for (const record of chunk) {
      if (record.sequence !== next) found.push(`record ${record.sequence} follows ${next - 1}`);
      next = record.sequence + 1;
      if (record.kind !== kindNumber.assertion) continue;
      const id = recordIdOf(record.bytes);
      if (!sent.delete(id)) found.push(`${id} was never sent, or is there twice`);
    }
  }
  if (next - 1 !== log.lastSequence) found.push(`${next - 1} of ${log.lastSequence} iterated`);
  if (store.appliedSequence !== log.lastSequence) {
    found.push(`the store has ${store.appliedSequence}, the log ${log.lastSequence}`);
  }
  for (const at of [0, ledger.acknowledged.length >> 1, ledger.acknowledged.length - 1]) {
    const accepted = ledger.acknowledged[at];
    const fault = accepted === undefined ? undefined : await proofFault(world, accepted);
    if (fault !== undefined) found.push(fault);
  }
  return found;
}

/** What every lens says of every concept of the script; a refusal by its code. */
export async function answersOf(database: Database): Promise<readonly string[]> {
  const principal = { type: 'node', agentId: database.agentId } as const;
  const texts: string[] = [];
  for (let concept = 0; concept < concepts; concept += 1) {
    for (const lens of ['recency', 'skeptic', 'layered'] as const) {
      const scope = { type: 'concept', conceptPath: `thing/${concept}` } as const;
      const answer = await database.query.ask(principal, { scope, lens, limit: 10 });
      texts.push(
        answer.ok ? JSON.stringify(answer.value.results) : `refused: ${answer.error.code}`,
      );
    }
  }
  return texts;
}
