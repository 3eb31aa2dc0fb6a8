/**
 * Objects that no head names any more: parts of a segment that is whole elsewhere, what a crash
 * left before a head named it, old heads. They stay for a while, so that nobody who reads by an
 * older head, and no archiver that is about to put one, finds them gone. An archive without the
 * right to remove anything works as well, and keeps them.
 */
import { type ObjectStore, ObjectStoreError } from '../../io/object_store.js';
import type { ArchiveHead, RetiredObject } from './head.js';
import { folderOf, headKey, headOfKey, offsetOfObject } from './keys.js';

/** Longer than any pass takes, and than a reader takes for the parts, which it reads first. */
const retiredMs = 15 * 60 * 1000;

/** Heads that are kept, for a look at what was and for when the newest is damaged. */
const headsKept = 8;

/** Names that a head remembers; the oldest beyond are forgotten until the next start. */
const retiredMax = 1000;

/** Names that the head needs, among the objects that come and go. */
const namesIn = (head: ArchiveHead): ReadonlySet<string> =>
  new Set([
    ...head.open.parts.map(({ name }) => name),
    ...head.sealed.recent.map(({ name }) => name),
    ...(head.sealed.list === null ? [] : [head.sealed.list.name]),
    ...(head.identity === null ? [] : [head.identity.name]),
  ]);

export const retire = (
  retired: readonly RetiredObject[],
  names: readonly string[],
  sinceMs: number,
): readonly RetiredObject[] =>
  [...retired, ...names.map((name) => ({ name, sinceMs }))].slice(-retiredMax);

/** What of the retired objects may go now, and what stays. */
export const dueOf = (
  head: ArchiveHead,
  nowMs: number,
): { readonly due: readonly string[]; readonly left: readonly RetiredObject[] } => {
  const named = namesIn(head);
  const retired = head.retired.filter(({ name }) => !named.has(name));
  const isDue = ({ sinceMs }: RetiredObject): boolean => nowMs - sinceMs >= retiredMs;
  return {
    due: retired.filter(isDue).map(({ name }) => name),
    left: retired.filter((object) => !isDue(object)),
  };
};

/**
 * Objects of the open segment and of later ones that the head does not name: what a pass had put
 * when it was cut off. Heads that are too old are removed along the way.
 */
export const findLeftovers = async (
  store: ObjectStore,
  head: ArchiveHead,
): Promise<readonly string[]> => {
  const folder = folderOf(head);
  const known = new Set([...namesIn(head), ...head.retired.map(({ name }) => name)]);
  const found: string[] = [];
  for (const prefix of [`${folder}parts/`, `${folder}segments/`]) {
    for await (const { key } of store.list(prefix)) {
      const name = key.slice(folder.length);
      const offset = offsetOfObject(name);
      const isOld = prefix.endsWith('segments/') && (offset ?? 0) < head.open.firstOffset;
      if (!isOld && !known.has(name)) found.push(name);
    }
  }
  const old: string[] = [];
  for await (const { key } of store.list(`${folder}heads/`)) {
    const generation = headOfKey(key)?.generation ?? head.generation;
    if (generation <= head.generation - headsKept) old.push(key);
  }
  await removeAll(store, old);
  return found;
};

/** Removes a head that is too old, and what was retired long enough ago. */
export const removeDue = async (
  store: ObjectStore,
  head: ArchiveHead,
  due: readonly string[],
): Promise<void> => {
  const folder = folderOf(head);
  const old = head.generation - headsKept;
  const heads = old > 0 ? [headKey(head, old)] : [];
  await removeAll(store, [...heads, ...due.map((name) => `${folder}${name}`)]);
};

/** Nothing depends on it: what cannot be removed stays. */
const removeAll = async (store: ObjectStore, keys: readonly string[]): Promise<void> => {
  for (const key of keys) {
    try {
      await store.remove(key);
    } catch (error) {
      if (error instanceof ObjectStoreError) return;
      throw error;
    }
  }
};
