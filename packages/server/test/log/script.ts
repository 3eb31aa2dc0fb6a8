/**
 * The script that the fault tests run against the log, and the ledger outside of it: what was sent,
 * what was acknowledged, and what a later opening must show of both.
 */
import type { StemeError } from '@stemedb/model';
import type { Disk } from '../../src/io/disk.js';
import type { Log } from '../../src/log/log.js';
import { type LogOptions, type OpenedLog, openLog } from '../../src/log/open_log.js';
import { collect, entries, entryOf } from '../conformance/log.js';
import { SeededRandom } from '../simulation/seeded_random.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import type { SimulatedDisk } from '../simulation/simulated_disk.js';

export const directory = '/wal';

export const options: LogOptions = {
  directory,
  databaseId: '0d'.repeat(16),
  logId: '1a'.repeat(16),
  // Small, so that a thousand records rotate often.
  segmentBytesMax: 16 * 1024,
};

/** Records up to `acknowledged` must be there; records after `sent` cannot be. */
export interface Ledger {
  sent: number;
  acknowledged: number;
  readonly refusals: StemeError[];
  /** How many were acknowledged when the last refusal came. */
  refusedAt: number;
}

export const newLedger = (): Ledger => ({
  sent: 0,
  acknowledged: 0,
  refusals: [],
  refusedAt: -1,
});

export async function open(disk: Disk, more: Partial<LogOptions> = {}): Promise<OpenedLog> {
  const opened = await openLog(disk, new SimulatedClock(), { ...options, ...more });
  if (!opened.ok) throw new Error(opened.error.detail, { cause: opened.error });
  return opened.value;
}

/** The error with which opening is refused; fails when it is not. */
export async function openError(disk: Disk, more: Partial<LogOptions> = {}): Promise<StemeError> {
  const opened = await openLog(disk, new SimulatedClock(), { ...options, ...more });
  if (opened.ok) throw new Error('the log opened');
  return opened.error;
}

export interface Script {
  readonly records: number;
  readonly seed: number;
  readonly onAcknowledged?: (ledger: Ledger) => void;
  /** Ends the script early. */
  readonly isEnough?: () => boolean;
}

/** Appends in batches of 1 to 15 with marks in between; a refused batch is sent once more. */
export async function runScript(log: Log, ledger: Ledger, script: Script): Promise<void> {
  const random = new SeededRandom(script.seed);
  while (ledger.acknowledged < script.records && log.failure === undefined) {
    const count = Math.min(1 + random.below(15), script.records - ledger.acknowledged);
    const from = ledger.acknowledged + 1;
    ledger.sent = Math.max(ledger.sent, from + count - 1);
    const appended = await log.append(entries(from, count));
    if (appended.ok) {
      ledger.acknowledged += count;
      script.onAcknowledged?.(ledger);
    } else {
      ledger.refusals.push(appended.error);
      ledger.refusedAt = ledger.acknowledged;
      if (ledger.refusals.length > 1000) throw new Error('refused for ever');
    }
    if (random.chance(0.1)) await log.mark();
    if (script.isEnough?.()) break;
  }
}

/** What is wrong with a log after a fault; empty when nothing is. */
export async function violations(log: Log, ledger: Ledger): Promise<readonly string[]> {
  const found: string[] = [];
  const { acknowledged, sent } = ledger;
  if (log.lastSequence < acknowledged) {
    found.push(`${acknowledged} were acknowledged, ${log.lastSequence} are there`);
  }
  if (log.lastSequence > sent) found.push(`${sent} were sent, ${log.lastSequence} are there`);
  const records = await collect(log.iterate({ sequence: 1 }));
  if (records.length !== log.lastSequence) found.push(`${records.length} can be iterated`);
  for (const [index, record] of records.entries()) {
    const expected = entryOf(index + 1);
    const isSame =
      record.sequence === index + 1 &&
      record.kind === expected.kind &&
      record.stamp === expected.stamp &&
      record.shard === expected.shard &&
      Buffer.compare(record.bytes, expected.bytes) === 0;
    if (!isSame) found.push(`record ${index + 1} is not the one that was sent`);
  }
  for (const record of records.filter((_, index) => index % 17 === 0)) {
    if (!log.read(record.sequence, record.offset).ok)
      found.push(`${record.sequence} is unreadable`);
  }
  return found;
}

/** Bytes of all segment files. */
export async function segmentBytes(disk: SimulatedDisk): Promise<number> {
  const names = await disk.list(directory);
  return names
    .filter((name) => name.endsWith('.wal'))
    .reduce((sum, name) => sum + disk.peek(`${directory}/${name}`).length, 0);
}

/** `soak` under STEMEDB_SOAK=1, else `ci`. */
export const runs = (ci: number, soak: number): number =>
  process.env.STEMEDB_SOAK === '1' ? soak : ci;
