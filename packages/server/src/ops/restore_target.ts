/** The directories that a restore writes into: empty, locked, marked, and emptied again. */
import { join } from 'node:path';
import { fail, type Outcome, ok } from '@stemedb/model';
import type { Disk } from '../io/disk.js';
import { lockDirectory } from '../log/directory.js';
import { openFailed } from '../log/failure.js';
import { offsetOfName } from '../log/format.js';
import { encodeIdentity, type Identity, identityFileName } from '../log/identity.js';
import {
  isRestoreCutOff,
  markRestoring,
  restoringFileName,
  unfinishedMarkerName,
} from '../log/restoring_file.js';
import { writeWhole } from '../log/segment_writer.js';
import { replaceSmallFile } from '../log/small_file.js';
import { loadChecked } from './copied_file.js';
import { directoriesBeside, isEmptyDirectory } from './data_directory.js';
import { type CopiedFile, CopyDamagedError, type LogCopy } from './log_copy.js';
import { laterFileNames } from './repair/later_file.js';

/** Room for the log and for the store that is made of it. */
const freeTimes = 2;

export interface RestoreTarget {
  readonly disk: Disk;
  readonly walDir: string;
  readonly release: () => Promise<void>;
}

/**
 * Locks both directories and marks the one of the log; what an earlier restore left of itself is
 * no content. Refuses others with what is there, and too little space, and changes nothing then.
 */
export const openTarget = async ({
  disk,
  walDir,
  dbDir,
  copy,
  besideBytes,
}: {
  readonly disk: Disk;
  readonly walDir: string;
  readonly dbDir: string;
  readonly copy: LogCopy;
  /** Bytes that are written there besides the log. */
  readonly besideBytes: number;
}): Promise<Outcome<RestoreTarget>> => {
  const releases: (() => Promise<void>)[] = [];
  const release = async (): Promise<void> => {
    for (const one of releases.splice(0)) await one();
  };
  let target: Outcome<RestoreTarget> | undefined;
  try {
    for (const directory of new Set([walDir, dbDir])) {
      const lock = await lockDirectory(disk, directory);
      if (!lock.ok) return lock;
      releases.push(() => lock.value.release());
    }
    const refused = await refusal(disk, walDir, dbDir);
    if (refused !== undefined) return refused;
    const opened = { disk, walDir, release };
    // What an earlier try has written would count as space that is taken.
    if (await isRestoreCutOff(disk, walDir)) await clearTarget(opened, 'keep marker');
    const lack = await lackOfSpace(disk, { walDir, dbDir, bytes: copy.bytes, besideBytes });
    if (lack !== undefined) return tooLittle(lack);
    await mark(disk, walDir);
    target = ok(opened);
    return target;
  } catch (error) {
    return fail(openFailed(walDir, error));
  } finally {
    if (target === undefined) await release();
  }
};

const mark = async (disk: Disk, walDir: string): Promise<void> => {
  try {
    await markRestoring(disk, walDir);
  } catch (error) {
    for (const name of [unfinishedMarkerName, restoringFileName]) {
      await disk.remove(join(walDir, name)).catch(() => undefined);
    }
    throw error;
  }
};

const refusal = async (
  disk: Disk,
  walDir: string,
  dbDir: string,
): Promise<Outcome<never> | undefined> => {
  const isOurs = await isRestoreCutOff(disk, walDir);
  for (const directory of isOurs ? [dbDir] : [walDir, dbDir]) {
    if (await isEmptyDirectory(disk, directory)) continue;
    const detail = `${directory} is not empty; name an empty directory with --data.`;
    return fail({ code: 'conflict', detail });
  }
  return undefined;
};

/** A directory in which there is less room than a log and its store take. */
export interface LackOfSpace {
  readonly directory: string;
  readonly wantedBytes: number;
  readonly freeBytes: number;
}

/**
 * What a log of so many bytes lacks, and `besideBytes` more where it lies. The two directories may
 * lie on one file system, or on two.
 */
export const lackOfSpace = async (
  disk: Disk,
  of: {
    readonly walDir: string;
    readonly dbDir: string;
    readonly bytes: number;
    readonly besideBytes?: number;
  },
): Promise<LackOfSpace | undefined> => {
  const { walDir, dbDir, bytes, besideBytes = 0 } = of;
  const wanted = [
    { directory: walDir, wantedBytes: freeTimes * bytes + besideBytes },
    { directory: dbDir, wantedBytes: bytes },
  ];
  for (const { directory, wantedBytes } of wanted) {
    const freeBytes = await disk.freeBytes(directory);
    if (freeBytes < wantedBytes) return { directory, wantedBytes, freeBytes };
  }
  return undefined;
};

const tooLittle = ({ directory, wantedBytes, freeBytes }: LackOfSpace): Outcome<never> => {
  const detail =
    `The restore takes ${wantedBytes} bytes of free space, and ${directory} has ${freeBytes}. ` +
    'Nothing was written.';
  return fail({ code: 'disk_full', detail });
};

/**
 * Removes what a restore writes, and nothing else: the identity first, so that what is left is at
 * no moment a database, and the marker last. The marker stays while a directory does, which can
 * only be emptied. Rejects with errors of the disk.
 */
export const clearTarget = async (
  { disk, walDir }: RestoreTarget,
  marker: 'keep marker' | 'remove marker' = 'remove marker',
): Promise<void> => {
  const names = await disk.list(walDir);
  if (names.includes(identityFileName)) {
    await disk.remove(join(walDir, identityFileName));
    await disk.syncDirectory(walDir);
  }
  for (const name of names.filter(isWritten)) await disk.remove(join(walDir, name));
  const directories = names.filter((name) => directoriesBeside.includes(name));
  for (const directory of directories.map((name) => join(walDir, name))) {
    for (const name of await disk.list(directory)) await disk.remove(join(directory, name));
  }
  await disk.syncDirectory(walDir);
  if (marker === 'keep marker' || directories.length > 0) return;
  await disk.remove(join(walDir, restoringFileName));
  await disk.syncDirectory(walDir);
};

/** By a restore of whatever kind: one may begin where one of another kind was cut off. */
const isWritten = (name: string): boolean =>
  offsetOfName(name) !== undefined ||
  name === `${identityFileName}.new` ||
  laterFileNames.includes(name);

/** Writes what stands beside the log, then the identity, which makes a database of it. */
export const commitTarget = async (
  { disk, walDir }: RestoreTarget,
  { beside }: LogCopy,
  identity: Identity,
): Promise<void> => {
  const files = new Map<string, CopiedFile[]>();
  for (const file of beside) files.set(file.name, [...(files.get(file.name) ?? []), file]);
  for (const [path, pieces] of files) {
    const [directory = '', name] = path.split('/');
    if (name === undefined || !directoriesBeside.includes(directory)) continue;
    await disk.makeDirectory(join(walDir, directory));
    await writeCopied(disk, join(walDir, directory), name, pieces);
  }
  await replaceSmallFile(disk, walDir, identityFileName, encodeIdentity(identity));
  // Beside the identity it has no meaning any more.
  await disk.remove(join(walDir, restoringFileName)).catch(() => undefined);
  await disk.syncDirectory(walDir).catch(() => undefined);
};

/** A file of the copy, durable with its name; no more than one of its pieces is in memory. */
const writeCopied = async (
  disk: Disk,
  directory: string,
  name: string,
  pieces: readonly CopiedFile[],
): Promise<void> => {
  const unfinished = join(directory, `${name}.new`);
  if (await disk.exists(unfinished)) await disk.remove(unfinished);
  const file = await disk.open(unfinished, 'create');
  try {
    let end = 0;
    for (const piece of pieces) {
      const { offset = 0, place } = piece;
      if (offset !== end) throw new CopyDamagedError(place, 'it follows on no other piece');
      const bytes = await loadChecked(piece);
      const written = await writeWhole(file, bytes, end);
      if (!written.ok) throw written.error.cause;
      end += bytes.length;
    }
    await file.datasync();
  } finally {
    await file.close();
  }
  await disk.rename(unfinished, join(directory, name));
  await disk.syncDirectory(directory);
};
