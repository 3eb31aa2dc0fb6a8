/** Holds the store against the log, where there is one that may be opened. */
import type { Disk } from '../io/disk.js';
import { lockFileName } from '../log/directory.js';
import { treeFileName } from '../log/merkle/tree_file.js';
import type { Engine } from '../store/engine.js';
import { uncleanEndsFileName } from '../store/unclean_ends.js';
import { type VerifyEnd, type VerifyEvent, verifyStore } from '../store/verify.js';
import { openReadOnlyLog } from './read_only_log.js';

export interface StoreCheckInput {
  readonly disk: Disk;
  readonly walDir: string;
  readonly dbDir: string;
  readonly engine: {
    open(directory: string): Engine | Promise<Engine>;
    /** Why files that are there must not be opened: a damaged one could end the process. */
    fault?(directory: string): Promise<string | undefined>;
  };
}

export type StoreEvent = Exclude<VerifyEvent, VerifyEnd>;

/** What was compared, or why nothing was. */
export type StoreCheck = VerifyEnd | string;

/** Rejects with errors of the disk; whatever is wrong with the store is an event. */
export const checkStore = async (
  { disk, walDir, dbDir, engine }: StoreCheckInput,
  onEvent: (event: StoreEvent) => void,
): Promise<StoreCheck> => {
  const log = await openReadOnlyLog(disk, walDir);
  if (!log.ok) return 'because there is no log to hold it against';
  if (!(await hasStore(disk, dbDir))) return 'because there is none; the next start makes it';
  const fault = await engine.fault?.(dbDir);
  if (fault !== undefined) {
    onEvent({ type: 'finding', table: 'file', detail: fault });
    return 'because its file cannot be opened; run `stemedb rebuild`';
  }
  const opened = await engine.open(dbDir);
  try {
    for await (const event of verifyStore(opened, log.value)) {
      if (event.type === 'end') return event;
      onEvent(event);
    }
  } finally {
    await opened.close();
  }
  throw new Error('A verification always ends with its totals.');
};

const hasStore = async (disk: Disk, directory: string): Promise<boolean> => {
  if (!(await disk.exists(directory))) return false;
  const others: readonly string[] = [lockFileName, treeFileName, uncleanEndsFileName];
  return (await disk.list(directory)).some((name) => !others.includes(name));
};
