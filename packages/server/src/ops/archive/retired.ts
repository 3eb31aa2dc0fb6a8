/**
 * Objects that no head names any more: parts of a segment that is whole elsewhere, what a crash
 * left before a head named it, old heads. They stay for a while, so that nobody who reads by an
 * older head, and no archiver that is about to put one, finds them gone. An archive without the
 * right to remove anything works as well, and keeps them.
 */
import { type ObjectStore, ObjectStoreError } from '../../io/object_store.js';
import { type ArchiveHead, headsKept, type RetiredObject } from './head.js';
import { folderOf, headKey, headOfKey, offsetOfObject } from './keys.js';

/** Longer than any pass takes, and than a reader takes for the parts, which it reads first. */
const retiredMs = 15 * 60 * 1000;

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
  { generation, retired }: Pick<ArchiveHead, 'generation' | 'retired'>,
  names: readonly string[],
  sinceMs: number,
): readonly RetiredObject[] => {
  const added = names.map((name) => ({ name, sinceMs, generation: generation + 1 }));
  return [...retired, ...added].slice(-retiredMax);
};

/**
 * What of the retired objects may go with the next head, and what stays: for a while, and for as
 * long as a head is kept that names it.
 */
export const dueOf = (
  head: ArchiveHead,
  nowMs: number,
): { readonly due: readonly string[]; readonly left: readonly RetiredObject[] } => {
  const named = namesIn(head);
  const retired = head.retired.filter(({ name }) => !named.has(name));
  const isDue = ({ sinceMs, generation }: RetiredObject): boolean =>
    nowMs - sinceMs >= retiredMs && generation - 1 + headsKept <= head.generation + 1;
  return {
    due: retired.filter(isDue).map(({ name }) => name),
    left: retired.filter((object) => !isDue(object)),
  };
};

export interface Leftovers {
  /** Of objects that no head names. */
  readonly names: readonly string[];
  /** No head below it is there. */
  readonly oldestHead: number;
}

/**
 * Objects of the open segment and of later ones that the head does not name: what a pass had put
 * when it was cut off. Heads that are too old are removed along the way.
 */
export const findLeftovers = async (store: ObjectStore, head: ArchiveHead): Promise<Leftovers> => {
  const folder = folderOf(head);
  const known = new Set([...namesIn(head), ...head.retired.map(({ name }) => name)]);
  const names: string[] = [];
  for (const prefix of [`${folder}parts/`, `${folder}segments/`]) {
    for await (const { key } of store.list(prefix)) {
      const name = key.slice(folder.length);
      const offset = offsetOfObject(name);
      const isOld = prefix.endsWith('segments/') && (offset ?? 0) < head.open.firstOffset;
      if (!isOld && !known.has(name)) names.push(name);
    }
  }
  const heads: number[] = [];
  for await (const { key } of store.list(`${folder}heads/`)) {
    heads.push(headOfKey(key)?.generation ?? head.generation);
  }
  const old = heads.filter((generation) => generation + headsKept <= head.generation);
  const removed = await removeAll(
    store,
    old.map((generation) => headKey(head, generation)),
  );
  return { names, oldestHead: heads[removed] ?? head.generation };
};

/**
 * Removes the heads that are too old, from the oldest on and none behind one that stays, so that a
 * head which is there has all after it; then what was retired long enough ago. Says which head is
 * the oldest now.
 */
export const removeDue = async (
  store: ObjectStore,
  head: ArchiveHead,
  due: readonly string[],
  oldestHead: number,
): Promise<number> => {
  const folder = folderOf(head);
  const heads: string[] = [];
  const first = Math.max(1, oldestHead);
  for (let generation = first; generation + headsKept <= head.generation; generation += 1) {
    heads.push(headKey(head, generation));
  }
  const removed = await removeAll(store, [...heads, ...due.map((name) => `${folder}${name}`)]);
  return first + Math.min(removed, heads.length);
};

/** Nothing depends on it: what cannot be removed stays, and all behind it. Says how many went. */
const removeAll = async (store: ObjectStore, keys: readonly string[]): Promise<number> => {
  for (const [index, key] of keys.entries()) {
    try {
      await store.remove(key);
    } catch (error) {
      if (error instanceof ObjectStoreError) return index;
      throw error;
    }
  }
  return keys.length;
};
