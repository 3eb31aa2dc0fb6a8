/** Whole databases on a simulated disk, with a clock that the test moves. */
import { blake3, defaultPolicyTable, type PolicyTable } from '@stemedb/model';
import { type Database, openDatabase } from '../../src/bin/database.js';
import type { MergeRecord, Submission } from '../../src/ingest/ingest.js';
import { sodiumVerify } from '../../src/ingest/sodium.js';
import type { Disk } from '../../src/io/disk.js';
import type { Random } from '../../src/io/random.js';
import { LensRegistry } from '../../src/lens/registry.js';
import type { LogRecord } from '../../src/log/log.js';
import { memoryEngine, newMemoryFiles } from '../../src/store/engine-memory.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
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

export const simulatedDatabase = async (options: {
  readonly startMs: number;
  /** Databases with the same number have the same keys and node id. */
  readonly identity: number;
  readonly policy?: PolicyTable;
  readonly disk?: Disk;
}): Promise<SimulatedDatabase> => {
  const clock = new TestClock(options.startMs);
  let files = newMemoryFiles();
  const opened = await openDatabase(
    {
      walDir: '/wal',
      dbDir: '/db',
      signatures: 'optional',
      policy: options.policy ?? defaultPolicyTable,
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
      verify: sodiumVerify,
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
