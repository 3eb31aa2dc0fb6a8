/** Logs of small records on a simulated disk, and trees over them. */
import { fail, type HlcStamp, type Outcome, ok, recordIdOf } from '@stemedb/model';
import { LogCorruptError } from '../../../src/log/failure.js';
import type { Log, LogEntry, LogRecord } from '../../../src/log/log.js';
import type { Leaf } from '../../../src/log/merkle/growing_tree.js';
import { MerkleTree } from '../../../src/log/merkle/merkle_tree.js';
import { openLog } from '../../../src/log/open_log.js';
import { SimulatedClock } from '../../simulation/simulated_clock.js';
import { SimulatedDisk } from '../../simulation/simulated_disk.js';

const walDir = '/wal';
export const dbDir = '/db';
const databaseId = 'a'.repeat(32);
const logId = 'b'.repeat(32);

/** The same for the same number and text. */
export const entryOf = (number: number, text = ''): LogEntry => ({
  kind: 1,
  shard: number % 256,
  stamp: number.toString(16).padStart(32, '0') as HlcStamp,
  proof: 'node',
  bytes: Buffer.from(`record ${number} ${text}`),
});

/** The 48 bytes of the leaf for an entry, made without any code of the tree. */
export const leafBytesOf = (entry: LogEntry): Buffer =>
  Buffer.concat([Buffer.from(recordIdOf(entry.bytes), 'hex'), Buffer.from(entry.stamp, 'hex')]);

const newDisk = async (): Promise<SimulatedDisk> => {
  const disk = new SimulatedDisk();
  await disk.makeDirectory(walDir);
  await disk.makeDirectory(dbDir);
  return disk;
};

const must = <T>(outcome: Outcome<T>): T => {
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.error.code}: ${outcome.error.detail}`);
};

const logOn = async (disk: SimulatedDisk, segmentBytesMax = 20_000): Promise<Log> => {
  const options = { directory: walDir, databaseId, logId, segmentBytesMax, freeBytesMin: 0 };
  return must(await openLog(disk, new SimulatedClock(), options)).log;
};

/** Opens the tree of a log; what the log cannot read is an error. */
const treeOn = async (disk: SimulatedDisk, log: Log): Promise<Outcome<MerkleTree>> => {
  try {
    return ok(await MerkleTree.open({ disk, directory: dbDir, databaseId, logId, log }));
  } catch (error) {
    if (error instanceof LogCorruptError) return fail(error.error);
    throw error;
  }
};

export interface LogWithTree {
  readonly disk: SimulatedDisk;
  readonly log: Log;
  readonly tree: MerkleTree;
}

export const openBoth = async (disk: SimulatedDisk): Promise<LogWithTree> => {
  const log = await logOn(disk);
  return { disk, log, tree: must(await treeOn(disk, log)) };
};

/** Appends and notes, as the writer does. */
export const write = async (
  { log, tree }: Omit<LogWithTree, 'disk'>,
  entries: readonly LogEntry[],
): Promise<void> => {
  const { firstSequence, offsets } = must(await log.append(entries));
  tree.note(entries.map((entry, index) => leafOf(entry, firstSequence + index, offsets[index])));
};

const leafOf = (entry: LogEntry, sequence: number, offset = 0): Leaf => ({
  sequence,
  offset,
  id: recordIdOf(entry.bytes),
  stamp: entry.stamp,
});

/** A log of so many records in batches of these sizes, in turn. */
export const logOf = async (records: number, batches: readonly number[]): Promise<LogWithTree> => {
  const both = await openBoth(await newDisk());
  for (let done = 0, turn = 0; done < records; turn += 1) {
    const count = Math.min(records - done, batches[turn % batches.length] ?? 1);
    const entries = Array.from({ length: count }, (_, index) => entryOf(done + index + 1));
    await write(both, entries);
    done += count;
  }
  return both;
};

/** What the log holds, as leaves. */
export const leavesOf = async (log: Log): Promise<readonly Buffer[]> => {
  const records: LogRecord[] = [];
  for await (const chunk of log.iterate({ sequence: 1 })) records.push(...chunk);
  return records.map(leafBytesOf);
};
