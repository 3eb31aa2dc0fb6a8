/** Whole databases on a simulated disk, with a clock that the test moves. */
import {
  blake3,
  defaultPolicyTable,
  type Ed25519Verify,
  type PolicyTable,
  toHex,
} from '@stemedb/model';
import { type Database, openDatabase } from '../../src/bin/database.js';
import type { MergeRecord, Submission } from '../../src/ingest/ingest.js';
import { sodiumVerify } from '../../src/ingest/sodium.js';
import type { Disk } from '../../src/io/disk.js';
import type { Random } from '../../src/io/random.js';
import { LensRegistry } from '../../src/lens/registry.js';
import type { LogRecord } from '../../src/log/log.js';
import type { QueryLimits } from '../../src/query/collaborators.js';
import type { FeedLimits } from '../../src/query/feed_limits.js';
import { memoryEngine, newMemoryFiles } from '../../src/store/engine_memory.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import { submissionOf } from './histories/cast.js';
import { type WholeStep, wholeHistory } from './histories/whole.js';
import { randomHistory } from './histories.js';
import type { Seeded } from './seeded.js';
import { TestClock } from './test_clock.js';

export interface SimulatedDatabase {
  readonly database: Database;
  readonly clock: TestClock;
}

/** Bytes that follow from a seed, for identities that a replay makes again. */
export const seededBytes = (seed: number): Random => {
  let count = 0;
  return {
    bytes: (length) => {
      count += 1;
      const block = blake3(new TextEncoder().encode(`${seed}/${count}`));
      return Uint8Array.from({ length }, (_, at) => block[at % 32] ?? 0);
    },
  };
};

const verified = new Map<string, boolean>();

/** Checks each signature once a process: the same records are merged into many databases. */
const verifyOnce: Ed25519Verify = (signature, message, publicKey) => {
  const key = [signature, message, publicKey].map(toHex).join();
  const known = verified.get(key);
  if (known !== undefined) return known;
  const isValid = sodiumVerify(signature, message, publicKey);
  verified.set(key, isValid);
  return isValid;
};

export const simulatedDatabase = async (options: {
  readonly startMs: number;
  /** Databases with the same number have the same keys and node id. */
  readonly identity: number;
  readonly policy?: PolicyTable;
  readonly disk?: Disk;
  readonly segmentBytesMax?: number;
  /** 0: every answer is computed anew. */
  readonly cacheBytesMax?: number;
  readonly queryLimits?: Partial<QueryLimits>;
  readonly feedLimits?: Partial<FeedLimits>;
}): Promise<SimulatedDatabase> => {
  const clock = new TestClock(options.startMs);
  let files = newMemoryFiles();
  const opened = await openDatabase(
    {
      walDir: '/wal',
      dbDir: '/db',
      signatures: 'optional',
      policy: options.policy ?? defaultPolicyTable,
      ...(options.segmentBytesMax === undefined
        ? {}
        : { segmentBytesMax: options.segmentBytesMax }),
      ...(options.cacheBytesMax === undefined ? {} : { cacheBytesMax: options.cacheBytesMax }),
      ...(options.queryLimits === undefined ? {} : { queryLimits: options.queryLimits }),
      ...(options.feedLimits === undefined ? {} : { feedLimits: options.feedLimits }),
    },
    {
      clock,
      random: seededBytes(options.identity),
      disk: options.disk ?? new SimulatedDisk(),
      openEngine: {
        open: () => memoryEngine(files),
        remove: async () => {
          files = newMemoryFiles();
        },
      },
      verify: verifyOnce,
      lenses: new LensRegistry(),
    },
  );
  if (!opened.ok) throw new Error(`${opened.error.code}: ${opened.error.detail}`);
  return { database: opened.value, clock };
};

/** Submits as the node; throws when it is refused. */
export const submit = async (database: Database, submission: Submission): Promise<string> => {
  const principal = { type: 'node', agentId: database.agentId } as const;
  const accepted = await database.ingest.submit(principal, submission);
  if (!accepted.ok) throw new Error(`${accepted.error.code}: ${accepted.error.detail}`);
  return accepted.value.id;
};

/** Plays a random history of this length, several submissions at once now and then. */
export const playHistory = async (
  target: SimulatedDatabase,
  random: Seeded,
  length: number,
): Promise<void> => {
  let underWay: Promise<string>[] = [];
  for (const step of randomHistory(random, length, target.clock.wallMs())) {
    target.clock.advance(step.wallStepMs);
    underWay.push(submit(target.database, step.submission));
    if (random.chance(0.6)) {
      await Promise.all(underWay);
      underWay = [];
    }
  }
  await Promise.all(underWay);
};

/** Submits as the node; false when a rule about other records keeps it out. */
const passesGates = async ({ database }: SimulatedDatabase, step: WholeStep): Promise<boolean> => {
  const principal = { type: 'node', agentId: database.agentId } as const;
  const accepted = await database.ingest.submit(principal, submissionOf(step.draft));
  if (!accepted.ok && !gatesOnly.has(accepted.error.code)) {
    throw new Error(`${accepted.error.code}: ${accepted.error.detail}`);
  }
  return accepted.ok;
};

/** Gives what was merged. */
const arrive = async (
  target: SimulatedDatabase,
  step: WholeStep,
): Promise<readonly MergeRecord[]> => {
  if (step.by === 'submit' && (await passesGates(target, step))) return [];
  await mergeAll(target, step.merged);
  return step.merged;
};

/** Refusals by rules that look at other records: such a record is kept when it is merged. */
const gatesOnly: ReadonlySet<string> = new Set([
  'forbidden',
  'invalid_field',
  'not_found',
  'transition_not_allowed',
]);

/** Plays steps of a whole history; what the gates refuse arrives by `merge`. Gives all records
 * that were merged, with the stamps that they came with. */
export const playSteps = async (
  target: SimulatedDatabase,
  random: Seeded,
  steps: readonly WholeStep[],
): Promise<readonly MergeRecord[]> => {
  const merged: MergeRecord[] = [];
  let underWay: Promise<readonly MergeRecord[]>[] = [];
  const land = async (): Promise<void> => {
    merged.push(...(await Promise.all(underWay)).flat());
    underWay = [];
  };
  for (const step of steps) {
    target.clock.advance(step.wallStepMs);
    underWay.push(arrive(target, step));
    if (random.chance(0.6)) await land();
  }
  await land();
  return merged;
};

/** Plays a random history of every kind of record, of this length at least. */
export const playWholeHistory = async (
  target: SimulatedDatabase,
  random: Seeded,
  options: { readonly length: number; readonly deep?: boolean },
): Promise<readonly MergeRecord[]> => {
  const node = target.database.agentId;
  const startMs = target.clock.wallMs();
  return playSteps(target, random, wholeHistory(random, { ...options, startMs, node }));
};

/** Goes on with a whole history by what the gates let in, so that nothing is added to the past. */
export const playOn = async (
  target: SimulatedDatabase,
  random: Seeded,
  length: number,
): Promise<void> => {
  const node = target.database.agentId;
  const startMs = target.clock.wallMs();
  for (const step of wholeHistory(random, { length, startMs, node })) {
    target.clock.advance(step.wallStepMs);
    if (step.by === 'submit') await passesGates(target, step);
  }
};

/** Every record of the log, in log order. */
export const historyOf = async (target: SimulatedDatabase): Promise<readonly LogRecord[]> => {
  const records: LogRecord[] = [];
  for await (const chunk of target.database.log.iterate({ sequence: 1 })) records.push(...chunk);
  return records;
};

/** Merges records with their stamps; throws when one is refused. */
export const mergeAll = async (
  target: SimulatedDatabase,
  records: readonly MergeRecord[],
): Promise<void> => {
  const merged = await target.database.ingest.merge(records);
  if (!merged.ok) throw new Error(`${merged.error.code}: ${merged.error.detail}`);
  const refused = merged.value.refused[0];
  if (refused !== undefined) throw new Error(`refused: ${refused.error.detail}`);
};
