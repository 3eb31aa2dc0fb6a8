/** The heads of an archive in their store: which is the newest, and how the next one is put. */
import { fail, type Outcome, ok } from '@stemedb/model';
import type { ObjectStore } from '../../io/object_store.js';
import { CopyDamagedError } from '../log_copy.js';
import { type ArchiveHead, decodeHead, encodeHead, headsKept } from './head.js';
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

/** Every head of each log, the newest first. Rejects with `ObjectStoreError`. */
export const findAllHeads = async (
  store: ObjectStore,
): Promise<ReadonlyMap<string, readonly FoundHead[]>> => {
  const heads = new Map<string, FoundHead[]>();
  for await (const { key } of store.list('')) {
    const head = headOfKey(key);
    if (head === undefined) continue;
    const folder = folderOf(head);
    heads.set(folder, [head, ...(heads.get(folder) ?? [])]);
  }
  return heads;
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
    const todo =
      `Move this object aside, and keep it, to use the head before it, ${before}; or ` +
      '"stemedb restore --salvage", which does without moving.';
    const detail = `${error.message} ${todo}`;
    return fail({ code: 'copy_damaged', detail, cause: error });
  }
};

/** True when this head is there and no next one: it is what the archive stands at. */
export const isNewest = async (store: ObjectStore, head: ArchiveHead): Promise<boolean> => {
  // In this order: heads are removed from the oldest on, so one that is there has all after it.
  if ((await store.get(headKey(head, head.generation + 1))) !== undefined) return false;
  return isThere(store, head);
};

/** What was found when an archiver began is not what it put itself: retired objects differ. */
const isThere = async (store: ObjectStore, head: ArchiveHead): Promise<boolean> => {
  const found = await readHead(store, head);
  if (!found.ok || found.value === undefined) return false;
  const encoded = (one: ArchiveHead): Uint8Array => encodeHead({ ...one, retired: [] });
  return Buffer.compare(encoded(head), encoded(found.value)) === 0;
};

/**
 * False when another archiver has put a head of this number. That it was free is not enough: the
 * others may have gone on so far that theirs of this number is removed, and then the one before is
 * removed too.
 */
export const putHead = async (
  store: ObjectStore,
  head: ArchiveHead,
  before: ArchiveHead,
): Promise<boolean> => {
  const key = headKey(head, head.generation);
  const bytes = encodeHead(head);
  if ((await store.put(key, bytes, { ifAbsent: true })) === 'exists') {
    // It may be this very one, when the answer to an earlier try was lost.
    const there = await store.get(key);
    if (there === undefined || Buffer.compare(there, bytes) !== 0) return false;
  }
  if (before.generation === 0 ? await isFirst(store, head) : await isThere(store, before)) {
    return true;
  }
  await store.remove(key);
  return false;
};

/** The first head has none before it; while there are few, it was never removed. */
const isFirst = async (store: ObjectStore, log: ArchivedLog): Promise<boolean> => {
  const [newest] = await findHeads(store, `${folderOf(log)}heads/`);
  return newest !== undefined && newest.generation <= headsKept;
};

/** The newest head of one log; undefined when it has no archive yet. */
export const newestHead = async (
  store: ObjectStore,
  log: ArchivedLog,
): Promise<Outcome<ArchiveHead | undefined>> => {
  const [found] = await findHeads(store, `${folderOf(log)}heads/`);
  return found === undefined ? ok(undefined) : readHead(store, found);
};
