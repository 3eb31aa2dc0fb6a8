/**
 * An archive of which objects are damaged or gone, opened with what is whole: the newest head that
 * can be read, the pieces of the open segment one by one, and where a list is damaged the sealed
 * segments by their names, which end with the beginning of their hash.
 */
import { fail, type Outcome, ok } from '@stemedb/model';
import type { ObjectStore } from '../../io/object_store.js';
import { offsetOfName, segmentName } from '../../log/format.js';
import {
  chooseHead,
  copyWith,
  type OpenArchiveInput,
  type ReadArchive,
  refuseLocked,
} from '../archive/archive_copy.js';
import type { ArchiveHead } from '../archive/head.js';
import { findAllHeads, readHead } from '../archive/heads.js';
import {
  type FoundHead,
  folderOf,
  hashOfObject,
  headKey,
  offsetOfObject,
} from '../archive/keys.js';
import { sealedUpTo } from '../archive/sealed_list.js';
import type { Unseal } from '../archive/seals.js';
import { ArchiveLockedError, loadStored, unpack } from '../archive/stored_object.js';
import { sha256Hex } from '../copied_file.js';
import { loadedDisk } from '../copy_disk.js';
import { CopyDamagedError } from '../log_copy.js';
import { storeErrors } from '../store_errors.js';
import type { Hole, HoledCopy } from './holed_copy.js';

/** As `openArchiveCopy`, but that damage is no error while one head of the log can be read. */
export const openHoledArchive = (input: OpenArchiveInput): Promise<Outcome<HoledCopy>> =>
  storeErrors(async () => {
    const archives = await readableHeads(input.store);
    const chosen = chooseHead(input, archives);
    if (!chosen.ok) return chosen;
    const head = chosen.value;
    const of = archives.find(({ found }) => folderOf(found) === folderOf(head));
    try {
      return ok(await holedCopyOf(input, head, of));
    } catch (error) {
      if (!(error instanceof ArchiveLockedError)) throw error;
      return fail(error.error);
    }
  });

/** An archive with what stands beside the head that is read. */
interface HeadsOfLog extends ReadArchive {
  readonly faults: readonly CopyDamagedError[];
  /** The checkpoints of all heads that can be read, by key. */
  readonly notes: ReadonlyMap<string, string>;
}

/** The newest head of each log that is not damaged. */
const readableHeads = async (store: ObjectStore): Promise<readonly HeadsOfLog[]> => {
  const archives: HeadsOfLog[] = [];
  for (const heads of (await findAllHeads(store)).values()) {
    const read = await readHeads(store, heads);
    if (read !== undefined) archives.push(read);
  }
  return archives;
};

const readHeads = async (
  store: ObjectStore,
  heads: readonly FoundHead[],
): Promise<HeadsOfLog | undefined> => {
  const faults: CopyDamagedError[] = [];
  const notes = new Map<string, string>();
  let newest: ReadArchive | undefined;
  for (const found of heads) {
    const head = await readHead(store, found);
    if (head.ok && head.value !== undefined) {
      notes.set(headKey(found, found.generation), head.value.checkpoint);
      if (newest?.head.ok !== true) newest = { found, head: ok(head.value) };
    } else if (!head.ok) {
      newest ??= { found, head };
      // One that a newer version wrote is no damage: what is older must not be taken for it.
      if (head.error.code !== 'copy_damaged') return { found, head, faults, notes };
      if (head.error.cause instanceof CopyDamagedError) faults.push(head.error.cause);
    }
  }
  return newest && { ...newest, faults, notes };
};

/** A file of the log, made of objects. */
interface PiecedFile {
  readonly name: string;
  /** Undefined: as long as its one piece is. */
  readonly bytes: number | undefined;
  readonly pieces: readonly Piece[];
}

interface Piece {
  readonly start: number;
  /** Rejects with `CopyDamagedError`. */
  load(): Promise<Uint8Array>;
}

const holedCopyOf = async (
  input: OpenArchiveInput,
  head: ArchiveHead,
  of: HeadsOfLog | undefined,
): Promise<HoledCopy> => {
  const { store, unseal } = input;
  const folder = folderOf(head);
  const { segments, fault } = await sealedUpTo(store, folder, head.sealed);
  refuseLocked(input, [...segments, ...head.open.parts]);
  const load = (object: (typeof segments)[number] | ArchiveHead['open']['parts'][number]) => () =>
    loadStored(store, folder, object, unseal);
  const files: PiecedFile[] = segments.map((segment) => ({
    name: segmentName(segment.firstOffset),
    bytes: segment.bytes,
    pieces: [{ start: 0, load: load(segment) }],
  }));
  const { firstOffset, bytes, parts } = head.open;
  if (bytes > 0) {
    const pieces = parts.map((part) => ({ start: part.start, load: load(part) }));
    files.push({ name: segmentName(firstOffset), bytes, pieces });
  }
  if (fault !== undefined) {
    const before = segments[0]?.firstOffset ?? firstOffset;
    files.unshift(...(await segmentsByName(input, folder, before)));
  }
  const holes = new Map<string, Hole>();
  return {
    copy: copyWith(input, head, (directory) =>
      loadedDisk(
        directory,
        files.map((file) => ({ name: file.name, load: () => joined(file, holes) })),
      ),
    ),
    holes,
    faults: [...(of?.faults ?? []), ...(fault === undefined ? [] : [fault])],
    notes: of?.notes ?? new Map(),
  };
};

/** Zeros stand where a piece is damaged, so that what is behind it keeps its place. */
const joined = async (
  { name, bytes, pieces }: PiecedFile,
  holes: Map<string, Hole>,
): Promise<Uint8Array> => {
  let whole: Uint8Array = Buffer.alloc(bytes ?? 0);
  for (const { start, load } of pieces) {
    try {
      const piece = await load();
      if (bytes === undefined || piece.length === bytes) whole = piece;
      else whole.set(piece, start);
    } catch (error) {
      if (!(error instanceof CopyDamagedError)) throw error;
      const { file, what } = error;
      holes.set(file, { file, what, offset: (offsetOfName(name) ?? 0) + start });
    }
  }
  return whole;
};

/** Sealed segments that no list describes any more, in front of the one that begins there. */
const segmentsByName = async (
  { store, unseal }: OpenArchiveInput,
  folder: string,
  before: number,
): Promise<readonly PiecedFile[]> => {
  const keys = new Map<number, string[]>();
  for await (const { key } of store.list(`${folder}segments/`)) {
    const offset = offsetOfObject(key.slice(folder.length));
    if (offset === undefined || offset >= before) continue;
    keys.set(offset, [...(keys.get(offset) ?? []), key]);
  }
  return [...keys]
    .sort(([a], [b]) => a - b)
    .map(([offset, named]) => ({
      name: segmentName(offset),
      bytes: undefined,
      pieces: [{ start: 0, load: () => loadNamed(store, named, unseal) }],
    }));
};

/** What was put twice is there under two names, and one of them is enough. */
const loadNamed = async (
  store: ObjectStore,
  keys: readonly string[],
  unseal: Unseal | undefined,
): Promise<Uint8Array> => {
  const [first = ''] = keys;
  for (const key of keys) {
    const stored = await store.get(key);
    if (stored === undefined || !sha256Hex(stored).startsWith(hashOfObject(key) ?? '-')) continue;
    const bytes = await unpack(key, stored, key.endsWith('.age'), unseal);
    if (bytes !== undefined) return bytes;
  }
  throw new CopyDamagedError(first, 'its SHA-256 is not the one in its name');
};
