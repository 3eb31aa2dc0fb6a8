/**
 * Descriptions of sealed segments that a head has no room for: each list holds some and names the
 * list before with its hash, so the head's name of the newest covers all of them.
 */
import { canonicalBytes, type JsonObject, parseJson } from '@stemedb/model';
import type { ObjectStore } from '../../io/object_store.js';
import { sha256Hex } from '../copied_file.js';
import { CopyDamagedError } from '../log_copy.js';
import type { ArchiveHead, SealedSegment } from './head.js';
import { sealedListName } from './keys.js';
import { loadPlain, type StoredObject } from './stored_object.js';

/** Segments that stand in the head itself; at twice as many, the older half goes to a list. */
const recentMax = 16;

interface SealedList {
  readonly before: StoredObject | null;
  readonly segments: readonly SealedSegment[];
}

type Sealed = ArchiveHead['sealed'];

/** With one more segment; puts a list when there are enough for one. */
export const addSealed = async (
  store: ObjectStore,
  folder: string,
  sealed: Sealed,
  segment: SealedSegment,
): Promise<Sealed> => {
  const recent = [...sealed.recent, segment];
  const added = {
    ...sealed,
    count: sealed.count + 1,
    encrypted: sealed.encrypted + (segment.isEncrypted ? 1 : 0),
    bytes: sealed.bytes + segment.bytes,
    storedBytes: sealed.storedBytes + segment.storedBytes,
  };
  if (recent.length < 2 * recentMax) return { ...added, recent };
  const list: SealedList = { before: sealed.list, segments: recent.slice(0, recentMax) };
  const bytes = canonicalBytes(list as unknown as JsonObject);
  const name = sealedListName(added.count - recentMax, bytes);
  await store.put(`${folder}${name}`, bytes, { ifAbsent: true });
  const sha256 = sha256Hex(bytes);
  const described = {
    ...{ name, bytes: bytes.length, sha256, isEncrypted: false },
    ...{ storedBytes: bytes.length, storedSha256: sha256 },
  };
  return { ...added, list: described, recent: recent.slice(recentMax) };
};

/** All of them, in order. Rejects with `CopyDamagedError`. */
export const allSealed = async (
  store: ObjectStore,
  folder: string,
  sealed: Sealed,
): Promise<readonly SealedSegment[]> => {
  const { segments, fault } = await sealedUpTo(store, folder, sealed);
  if (fault !== undefined) throw fault;
  return segments;
};

/** In order, those that are described behind the first list which is damaged. */
export const sealedUpTo = async (
  store: ObjectStore,
  folder: string,
  sealed: Sealed,
): Promise<{
  readonly segments: readonly SealedSegment[];
  readonly fault: CopyDamagedError | undefined;
}> => {
  const lists: (readonly SealedSegment[])[] = [sealed.recent];
  const found = (): readonly SealedSegment[] => lists.toReversed().flat();
  try {
    for (let next = sealed.list; next !== null; ) {
      const parsed = parseJson(await loadPlain(store, folder, next));
      if (!parsed.ok) throw new CopyDamagedError(`${folder}${next.name}`, 'it is not JSON');
      const list = parsed.value as unknown as SealedList;
      lists.push(list.segments);
      next = list.before;
    }
  } catch (error) {
    if (error instanceof CopyDamagedError) return { segments: found(), fault: error };
    throw error;
  }
  const segments = found();
  if (segments.length === sealed.count) return { segments, fault: undefined };
  const what = `it leads to ${segments.length} segments instead of ${sealed.count}`;
  const list = `${folder}${sealed.list?.name ?? 'heads'}`;
  return { segments, fault: new CopyDamagedError(list, what) };
};
