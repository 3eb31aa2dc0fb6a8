/**
 * Keeps a damaged log up to its last good record before the damage. What is lost had been
 * acknowledged and may have been signed, so the log must not go on under its name (spec 4.4): all
 * files of it are moved into a directory beside it, and what stands in front of the damage is
 * restored from there as a log of its own that says where it comes from. See SPEC.md.
 */
import { join } from 'node:path';
import {
  fail,
  formatVkey,
  keyPairFromSeed,
  noteKeyOf,
  type Outcome,
  ok,
  originOf,
  parseStamp,
  type StemeError,
} from '@stemedb/model';
import type { Clock } from '../../io/clock.js';
import { type Disk, diskErrorCode } from '../../io/disk.js';
import type { Random } from '../../io/random.js';
import { openFailed } from '../../log/failure.js';
import { offsetOfName } from '../../log/format.js';
import { encodeIdentity, identityFileName } from '../../log/identity.js';
import type { LogRecord } from '../../log/log.js';
import { checkpointFileName } from '../../log/merkle/checkpoint_file.js';
import { readRepairing, repairingFileName, writeRepairing } from '../../log/repairing_file.js';
import { markRestoring, restoringFileName } from '../../log/restoring_file.js';
import type { LogCopy } from '../log_copy.js';
import { operationFileNames } from '../operations_file.js';
import { type RestoredLog, restoreCopy } from '../restore_copy.js';
import { lackOfSpace } from '../restore_target.js';
import { type Examination, examine } from './examine.js';
import { beginOfDamage, frontOf } from './front.js';
import { LaterFile } from './later_file.js';
import type { Survey } from './survey.js';

export interface CutInput {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly walDir: string;
  readonly dbDir: string;
  /** Name of a directory to be made in the log directory. */
  readonly asideName: string;
  /** Makes the directory of the store empty: its store is of the longer log. */
  readonly removeStore: () => Promise<void>;
  /** Gives back the caller's locks of both directories: restoring takes them itself. */
  readonly release: () => Promise<void>;
  /** Of the log as it lies there; without, it is made. */
  readonly survey?: Survey | undefined;
  readonly freeBytesMin?: number;
  readonly segmentBytesMax?: number;
}

export interface CutLog {
  /** Undefined when an earlier repair had come to its end, and only its mark was left. */
  readonly restored: RestoredLog | undefined;
  /** Whole records behind the damage, which are in `behind-damage.jsonl` in the directory aside. */
  readonly later: number;
  readonly asideName: string;
}

/**
 * Begins, or goes on with what an earlier call began. The caller has locked both directories.
 * Rejects with errors of the disk while the log is moved; the same call then goes on.
 */
export const cutLog = async (input: CutInput): Promise<Outcome<CutLog>> => {
  const { disk, walDir } = input;
  const found = await readRepairing(disk, walDir);
  if (!found.ok) return found;
  const state = found.value ?? { aside: input.asideName, phase: 'moving' as const };
  if (found.value === undefined) {
    const look = () => examine({ disk, directory: walDir, knownSequence: 0 });
    const room = await roomForCut(input, input.survey ?? (await look()).survey);
    if (!room.ok) return room;
  }
  if (state.phase === 'moving') {
    await writeRepairing(disk, walDir, state);
    await moveAside(disk, walDir, state.aside);
    await writeRepairing(disk, walDir, { ...state, phase: 'moved' });
  } else if (await disk.exists(join(walDir, identityFileName))) {
    await removeMark(disk, walDir);
    return ok({ restored: undefined, later: 0, asideName: state.aside });
  }
  const cut = await restoredFrom(input, state.aside);
  return cut.ok ? cut : fail(wayBack(cut.error, walDir, state.aside));
};

/**
 * Whether the new log and its store fit beside the damaged one, which stays: to be known before
 * anything is moved. The store that is there is not counted, though a cut removes it.
 */
export const roomForCut = async (
  { disk, walDir, dbDir }: Pick<CutInput, 'disk' | 'walDir' | 'dbDir'>,
  survey: Survey,
): Promise<Outcome<void>> => {
  const bytes = Math.min(beginOfDamage(survey), survey.bytes);
  // As lines, records take about what they take in the log.
  const besideBytes = survey.later.length === 0 ? 0 : survey.bytes - bytes;
  const lack = await lackOfSpace(disk, { walDir, dbDir, bytes, besideBytes });
  if (lack === undefined) return ok(undefined);
  const { directory, wantedBytes, freeBytes } = lack;
  const detail =
    `The cut takes ${wantedBytes} bytes of free space, and ${directory} has ${freeBytes}: the ` +
    'new log is written beside the damaged one. Nothing was changed. Make room there, or move ' +
    `the directory to a larger disk; what is in ${dbDir} is made anew from the log, and may be ` +
    'removed first.';
  return fail({ code: 'disk_full', detail });
};

/** The log is aside and nothing stands in its place: both ways on from there. */
const wayBack = (error: StemeError, walDir: string, asideName: string): StemeError => ({
  ...error,
  detail:
    `${error.detail} The damaged log is whole in ${join(walDir, asideName)}. Put right what is ` +
    'said here and run "stemedb repair --cut" again: it goes on. To undo the cut instead, move ' +
    `all files from there back to ${walDir}, then remove the files "${repairingFileName}" and ` +
    `"${restoringFileName}" in it.`,
});

/** Errors of the disk are values here, so that the way back can be named. */
const restoredFrom = async (input: CutInput, asideName: string): Promise<Outcome<CutLog>> => {
  try {
    return await restoreFrom(input, asideName);
  } catch (error) {
    if (diskErrorCode(error) === '') throw error;
    return fail(openFailed(input.walDir, error));
  }
};

const removeMark = async (disk: Disk, walDir: string): Promise<void> => {
  await disk.remove(join(walDir, repairingFileName));
  await disk.syncDirectory(walDir);
};

/** What makes a log of a directory, and what was said of it: backups of it are none of the next. */
const isOfLog = (name: string): boolean =>
  offsetOfName(name) !== undefined ||
  name === identityFileName ||
  name === checkpointFileName ||
  operationFileNames.includes(name);

const moveAside = async (disk: Disk, walDir: string, aside: string): Promise<void> => {
  const target = join(walDir, aside);
  await disk.makeDirectory(target);
  await disk.syncDirectory(walDir);
  for (const name of (await disk.list(walDir)).filter(isOfLog)) {
    await disk.rename(join(walDir, name), join(target, name));
  }
  // The new names first: a file may for a moment have two, and never none.
  await disk.syncDirectory(target);
  await disk.syncDirectory(walDir);
};

const restoreFrom = async (input: CutInput, asideName: string): Promise<Outcome<CutLog>> => {
  const { disk, walDir, removeStore, release } = input;
  const directory = join(walDir, asideName);
  const { examination, later } = await examineAside(disk, directory);
  const copy = await copyInFront(disk, directory, examination);
  await removeStore();
  await markRestoring(disk, walDir);
  // The mark keeps servers away until the new log is there.
  await release();
  const restored = await restoreCopy({ ...input, copy, onProgress: () => undefined });
  if (!restored.ok) return restored;
  await removeMark(disk, walDir);
  return ok({ restored: restored.value, later, asideName });
};

/** Writes out what stands behind the damage as it passes: each record is read once. */
const examineAside = async (disk: Disk, directory: string) => {
  const file = new LaterFile(disk, directory);
  const onLater = (records: readonly LogRecord[]): Promise<void> => file.add(records);
  try {
    const examination = await examine({ disk, directory, knownSequence: 0, onLater });
    await file.end();
    return { examination, later: file.records };
  } finally {
    await file.close().catch(() => undefined);
  }
};

/** The records in front of all damage, as a copy of the log. */
const copyInFront = async (
  disk: Disk,
  directory: string,
  { identity, ids, survey }: Examination,
): Promise<LogCopy> => {
  const front = await frontOf(disk, directory, beginOfDamage(survey));
  const { databaseId, logId } = ids ?? { databaseId: '', logId: '' };
  const origin = originOf(databaseId, logId);
  const agentId = identity && keyPairFromSeed(identity.nodeKeySeed).agentId;
  const stamp = parseStamp(survey.newestStamp);
  return {
    facts: {
      what: 'backup',
      name: directory,
      ...{ databaseId, logId },
      nodeId: identity?.nodeId ?? stamp?.slice(16) ?? '',
      vkey: agentId === undefined ? '' : formatVkey(noteKeyOf(origin, agentId)),
      records: survey.kept,
      assertions: survey.keptAssertions,
      root: survey.keptRoot,
      newestStamp: survey.newestStamp,
      writtenAtMs: 0,
    },
    checkpoint: undefined,
    disk: front,
    directory,
    bytes: Math.min(beginOfDamage(survey), survey.bytes),
    identity: async () => identity && encodeIdentity(identity),
    beside: [],
    async *faultsBeside() {},
  };
};
