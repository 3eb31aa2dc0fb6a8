/** An archive at a place, as a copy of a log: from its objects alone. */
import { fail, type Outcome, ok, originOf, type StemeError } from '@stemedb/model';
import type { ReadDisk } from '../../io/disk.js';
import type { ObjectStore } from '../../io/object_store.js';
import { segmentName } from '../../log/format.js';
import { identityFileName } from '../../log/identity.js';
import { faultsOf, loadChecked } from '../copied_file.js';
import { copyDisk } from '../copy_disk.js';
import { type CopiedFile, CopyDamagedError, type LogCopy, type LogCopyFacts } from '../log_copy.js';
import { storeErrors } from '../store_errors.js';
import type { ArchiveHead } from './head.js';
import { findHeads, readHead } from './heads.js';
import { type FoundHead, folderOf, headKey } from './keys.js';
import { allSealed } from './sealed_list.js';
import type { Unseal } from './seals.js';
import { ArchiveLockedError, loadStored, type StoredObject } from './stored_object.js';

export interface OpenArchiveInput {
  readonly store: ObjectStore;
  /** Needed where the archive is encrypted. */
  readonly unseal?: Unseal | undefined;
  /** Which log, where there are several; otherwise the newest. */
  readonly logId?: string | undefined;
}

/**
 * The archive of a log. `not_found` when there is none, `conflict` when it is not clear which one
 * is meant, `invalid_configuration` when the secret key is missing or another, `copy_damaged`.
 */
export const openArchiveCopy = (input: OpenArchiveInput): Promise<Outcome<LogCopy>> =>
  storeErrors(async () => {
    const head = chooseHead(input, await readArchives(input.store));
    if (!head.ok) return head;
    try {
      return ok(await copyOf(input, head.value));
    } catch (error) {
      if (error instanceof CopyDamagedError) return fail(error.error);
      if (!(error instanceof ArchiveLockedError)) throw error;
      return fail(error.error);
    }
  });

/** A log at a place, and the head that its archive stands at. */
export interface ReadArchive {
  readonly found: FoundHead;
  readonly head: Outcome<ArchiveHead>;
}

/** The newest head of each log at a place; a damaged one is an error of its own. */
export const readArchives = async (store: ObjectStore): Promise<readonly ReadArchive[]> => {
  const archives: ReadArchive[] = [];
  for (const found of await findHeads(store)) {
    const head = await readHead(store, found);
    if (!head.ok) archives.push({ found, head });
    else if (head.value !== undefined) archives.push({ found, head: ok(head.value) });
  }
  return archives;
};

/** The one that is meant; errors as `openArchiveCopy`. */
export const chooseHead = (
  { store, logId }: OpenArchiveInput,
  all: readonly ReadArchive[],
): Outcome<ArchiveHead> => {
  const archives = logId === undefined ? all : all.filter(({ found }) => found.logId === logId);
  if (archives.length === 0) {
    const which = logId === undefined ? '' : ` of the log ${logId}`;
    return fail({ code: 'not_found', detail: `There is no archive${which} at ${store.place}.` });
  }
  const databases = new Set(archives.map(({ found }) => found.databaseId));
  if (databases.size > 1) {
    const logs = archives.map(({ found }) => found.logId).join(', ');
    const what = `At ${store.place} are archives of ${databases.size} databases`;
    const detail = `${what}; name the log of one of them with --log: ${logs}.`;
    return fail({ code: 'conflict', detail });
  }
  const heads: ArchiveHead[] = [];
  for (const { head } of archives) {
    if (!head.ok) return fail(amongOthers(head.error, archives));
    heads.push(head.value);
  }
  // A log that another one goes on from is older than that, whatever was archived of it later.
  const continued = new Set(heads.map(({ continues }) => continues?.origin));
  const last = heads.filter((head) => !continued.has(originOf(head.databaseId, head.logId)));
  const [newest] = (last.length > 0 ? last : heads).toSorted(
    (a, b) => b.writtenAtMs - a.writtenAtMs,
  );
  if (newest === undefined) throw new Error('archive: none of several');
  return ok(newest);
};

/** It may be the newest, or one that another goes on from, which is sound: the caller must say. */
const amongOthers = (error: StemeError, archives: readonly ReadArchive[]): StemeError => {
  const sound = archives.filter(({ head }) => head.ok).map(({ found }) => found.logId);
  if (sound.length === 0) return error;
  const others = `Sound at this place, each opened with --log: ${sound.join(', ')}.`;
  return { ...error, detail: `${error.detail} ${others}` };
};

const copyOf = async (input: OpenArchiveInput, head: ArchiveHead): Promise<LogCopy> => {
  const { store, unseal } = input;
  const folder = folderOf(head);
  const sealed = await allSealed(store, folder, head.sealed);
  refuseLocked(input, [...sealed, ...head.open.parts]);
  const files = sealed.map((segment) => {
    const name = segmentName(segment.firstOffset);
    return fileOf(store, folder, { name, object: segment, unseal });
  });
  if (head.open.bytes > 0) files.push(await openFile(store, head, unseal));
  return copyWith(input, head, (directory) => copyDisk(directory, files));
};

/** Throws when something is encrypted, and there is no key. */
export const refuseLocked = (
  { store, unseal }: OpenArchiveInput,
  objects: readonly Pick<StoredObject, 'isEncrypted'>[],
): void => {
  const isLocked = objects.some(({ isEncrypted }) => isEncrypted);
  if (isLocked && unseal === undefined) throw new ArchiveLockedError(store.place);
};

/** What a head says, with the segments on this disk. */
export const copyWith = (
  { store, unseal }: OpenArchiveInput,
  head: ArchiveHead,
  diskOf: (directory: string) => ReadDisk,
): LogCopy => {
  const folder = folderOf(head);
  const directory = `${store.place}/${folder}segments`;
  const { identity } = head;
  const beside =
    identity === null
      ? []
      : [fileOf(store, folder, { name: identityFileName, object: identity, unseal })];
  return {
    facts: factsOf(store, head),
    beside,
    checkpoint: head.checkpoint,
    disk: diskOf(directory),
    directory,
    bytes: head.sealed.bytes + head.open.bytes,
    identity: async () => {
      const [identity] = beside;
      return identity === undefined ? undefined : loadChecked(identity);
    },
    // Everything else of an archive is what a segment is made of.
    faultsBeside: () => faultsOf(beside),
  };
};

/** An object as a file of the copy. */
const fileOf = (
  store: ObjectStore,
  folder: string,
  of: { readonly name: string; readonly object: StoredObject; readonly unseal: Unseal | undefined },
): CopiedFile => ({
  name: of.name,
  place: `${folder}${of.object.name}`,
  bytes: of.object.bytes,
  sha256: of.object.sha256,
  load: () => loadStored(store, folder, of.object, of.unseal),
});

/**
 * The parts are read at once, all together no more than a segment: an archiver that is running may
 * put a whole segment in their place and remove them before a long restore comes to them.
 */
const openFile = async (
  store: ObjectStore,
  head: ArchiveHead,
  unseal: Unseal | undefined,
): Promise<CopiedFile> => {
  const { firstOffset, bytes, sha256, parts } = head.open;
  const folder = folderOf(head);
  const loaded = await tailOf(store, folder, parts, unseal);
  return {
    name: segmentName(firstOffset),
    place: headKey(head, head.generation),
    bytes,
    sha256,
    load: async () => {
      if (loaded instanceof CopyDamagedError) throw loaded;
      return loaded;
    },
  };
};

const tailOf = async (
  store: ObjectStore,
  folder: string,
  parts: ArchiveHead['open']['parts'],
  unseal: Unseal | undefined,
): Promise<Uint8Array | CopyDamagedError> => {
  const pieces: Uint8Array[] = [];
  try {
    for (const part of parts) pieces.push(await loadStored(store, folder, part, unseal));
  } catch (error) {
    if (error instanceof CopyDamagedError) return error;
    throw error;
  }
  return Buffer.concat(pieces);
};

export const factsOf = (store: ObjectStore, head: ArchiveHead): LogCopyFacts => ({
  what: 'archive',
  name: store.place,
  databaseId: head.databaseId,
  logId: head.logId,
  nodeId: head.nodeId,
  vkey: head.vkey,
  records: head.tree.size,
  assertions: head.assertions,
  root: head.root,
  newestStamp: head.newestStamp,
  writtenAtMs: head.writtenAtMs,
});
