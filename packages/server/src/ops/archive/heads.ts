/** The heads of an archive in their store: which is the newest, and how the next one is put. */
import { fail, type Outcome, ok } from '@stemedb/model';
import type { ObjectStore } from '../../io/object_store.js';
import { CopyDamagedError } from '../log_copy.js';
import { type ArchiveHead, decodeHead, encodeHead } from './head.js';
import { type ArchivedLog, type FoundHead, folderOf, headKey, headOfKey } from './keys.js';

/** The head with the highest number of each log. Rejects with `ObjectStoreError`. */
export const findHeads = async (store: ObjectStore, prefix = ''): Promise<readonly FoundHead[]> => {
  const newest = new Map<string, FoundHead>();
  for await (const { key } of store.list(prefix)) {
    const head = headOfKey(key);
    if (head !== undefined) newest.set(folderOf(head), head);
  }
  return [...newest.values()];
};

/** `copy_damaged` when it is not what was put; undefined when there is none of this number. */
export const readHead = async (
  store: ObjectStore,
  found: FoundHead,
): Promise<Outcome<ArchiveHead | undefined>> => {
  const key = headKey(found, found.generation);
  const bytes = await store.get(key);
  if (bytes === undefined) return ok(undefined);
  try {
    return decodeHead(key, bytes, found);
  } catch (error) {
    if (!(error instanceof CopyDamagedError)) throw error;
    const before = headKey(found, found.generation - 1);
    const todo = `Remove this object to use the head before it, ${before}.`;
    const detail = `${error.message} ${todo}`;
    return fail({ code: 'copy_damaged', detail, cause: error });
  }
};

/** False when another archiver has put a head of this number. */
export const putHead = async (store: ObjectStore, head: ArchiveHead): Promise<boolean> => {
  const key = headKey(head, head.generation);
  const bytes = encodeHead(head);
  if ((await store.put(key, bytes, { ifAbsent: true })) === 'stored') return true;
  // It may be this very one, when the answer to an earlier try was lost.
  const there = await store.get(key);
  return there !== undefined && Buffer.compare(there, bytes) === 0;
};

/** The newest head of one log; undefined when it has no archive yet. */
export const newestHead = async (
  store: ObjectStore,
  log: ArchivedLog,
): Promise<Outcome<ArchiveHead | undefined>> => {
  const [found] = await findHeads(store, `${folderOf(log)}heads/`);
  return found === undefined ? ok(undefined) : readHead(store, found);
};
