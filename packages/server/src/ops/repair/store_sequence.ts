/** How far the store knows the log to have been durable: a lost end shows in nothing else. */
import type { Disk } from '../../io/disk.js';
import { lockFileName } from '../../log/directory.js';
import { treeFileName } from '../../log/merkle/tree_file.js';
import { openStore } from '../../store/hybrid_store.js';
import { uncleanEndsFileName } from '../../store/unclean_ends.js';
import type { StoreCheckInput } from '../verify_store.js';

/** 0 when there is no store of this database that can be read. */
export const storeSequence = async (
  disk: Disk,
  dbDir: string,
  engine: StoreCheckInput['engine'],
  databaseId: string,
): Promise<number> => {
  if (!(await disk.exists(dbDir))) return 0;
  const others: readonly string[] = [lockFileName, treeFileName, uncleanEndsFileName];
  const names = await disk.list(dbDir);
  if (names.every((name) => others.includes(name))) return 0;
  if ((await engine.fault?.(dbDir)) !== undefined) return 0;
  try {
    const opened = await engine.open(dbDir);
    const store = await openStore(opened, { databaseId });
    const sequence = store.ok ? store.value.appliedSequence : 0;
    await (store.ok ? store.value : opened).close();
    return sequence;
  } catch {
    // A damaged view of the log says nothing, and is made anew.
    return 0;
  }
};
