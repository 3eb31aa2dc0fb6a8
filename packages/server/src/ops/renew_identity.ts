/**
 * Gives a copied directory an identity of its own (spec 1.3): two copies that sign under one origin
 * would sign two histories of one log, and two nodes of one id would make equal stamps. Node id and
 * log id become new; the database id stays, and the key as well unless a new one is asked for.
 *
 * The log id stands in the header of every segment, and nothing else depends on it: the chain of
 * hashes covers frames only. So the headers are written anew where they stand, from a file that
 * holds all of them (`log/renewal_file.ts`). Until that file is removed no start uses the
 * directory, and a renewal that was cut off at any point goes on from it.
 */
import { join } from 'node:path';
import { fail, type Outcome, ok, type StemeError } from '@stemedb/model';
import { sodiumVerify } from '../ingest/sodium.js';
import type { Disk } from '../io/disk.js';
import type { Random } from '../io/random.js';
import { openFailed } from '../log/failure.js';
import { encodeSegmentHeader, type SegmentHeader, segmentHeaderBytes } from '../log/format.js';
import { readFrames } from '../log/frame_reader.js';
import {
  createIdentity,
  decodeIdentity,
  encodeIdentity,
  type Identity,
  identityFileName,
  readIdentity,
} from '../log/identity.js';
import { checkpointFileName, readCheckpointFile } from '../log/merkle/checkpoint_file.js';
import { treeFileName } from '../log/merkle/tree_file.js';
import { type Renewal, readRenewal, renewalFileName, writeRenewal } from '../log/renewal_file.js';
import { repairCutOff, repairingFileName } from '../log/repairing_file.js';
import { writeWhole } from '../log/segment_writer.js';
import { replaceSmallFile } from '../log/small_file.js';
import { operationFileNames } from './operations_file.js';
import { listSegments, openSegment, readBytes, type SegmentFile } from './segment_files.js';

export interface RenewInput {
  readonly disk: Disk;
  readonly random: Random;
  /** Both locked by the caller. */
  readonly walDir: string;
  readonly dbDir: string;
  readonly newKey: boolean;
}

export interface Renewed {
  readonly identity: Identity;
  readonly segments: number;
  /** True when an earlier renewal was brought to its end, with what it had chosen. */
  readonly isResumed: boolean;
}

/** Gives the new identity once everything of it is durable. */
export const renewIdentity = async (input: RenewInput): Promise<Outcome<Renewed>> => {
  const { disk, walDir } = input;
  try {
    const isRepairing = await disk.exists(join(walDir, repairingFileName));
    if (isRepairing) return repairCutOff(walDir);
    const found = await readRenewal(disk, walDir);
    if (!found.ok) return found;
    if (found.value !== undefined) return await carryOut(input, found.value, true);
    const planned = await plan(input);
    if (!planned.ok) return planned;
    await writeRenewal(disk, walDir, planned.value);
    return await carryOut(input, planned.value, false);
  } catch (error) {
    return fail(openFailed(walDir, error));
  }
};

/** Reads all headers and changes nothing. */
const plan = async ({ disk, random, walDir, newKey }: RenewInput): Promise<Outcome<Renewal>> => {
  const found = await readIdentity(disk, walDir);
  if (!found.ok) return found;
  const old = found.value;
  if (old === undefined) {
    const detail = `There is no identity in ${walDir}; the first start of a server makes one.`;
    return fail({ code: 'not_found', detail });
  }
  const fresh = createIdentity(random);
  const { databaseId } = old;
  const nodeKeySeed = newKey ? fresh.nodeKeySeed : old.nodeKeySeed;
  const identity = { ...fresh, databaseId, nodeKeySeed };
  const headers = new Map<string, Uint8Array>();
  const segments = await listSegments(disk, walDir);
  for (const [index, segment] of segments.entries()) {
    const header = await headerOf(disk, segment, old, index === segments.length - 1);
    if (!header.ok) return header;
    if (header.value === undefined) continue;
    headers.set(segment.name, encodeSegmentHeader({ ...header.value, logId: identity.logId }));
  }
  const reached = await reachesCheckpoint(disk, walDir, old, segments);
  return reached.ok ? ok({ identity: encodeIdentity(identity), headers }) : reached;
};

/**
 * A log that ends in front of what it has signed was cut or set back, and no server starts on it.
 * Without its checkpoint, which is set aside, nobody would notice any more.
 */
const reachesCheckpoint = async (
  disk: Disk,
  walDir: string,
  identity: Identity,
  segments: readonly SegmentFile[],
): Promise<Outcome<void>> => {
  const kept = await readCheckpointFile(disk, walDir, identity, sodiumVerify);
  if (!kept.ok) return kept;
  const { size = 0 } = kept.value?.checkpoint ?? {};
  let records = 0;
  for (const segment of segments.slice(-2)) {
    const { file, bytes, header } = await openSegment(disk, segment);
    try {
      if (header.type !== 'header') continue;
      const source = { file, number: header.header.number, endPosition: bytes };
      const frames = readFrames(source, segmentHeaderBytes, header.header.firstSequence);
      let step = await frames.next();
      while (step.done !== true) step = await frames.next();
      records = step.value.nextSequence - 1;
    } finally {
      await file.close();
    }
  }
  if (records >= size) return ok(undefined);
  const detail =
    `The log in ${walDir} ends with record ${records}, but its node has signed a checkpoint over ` +
    `${size}: it was cut or set back. Nothing was changed; restore a backup, or run "stemedb ` +
    'repair".';
  return fail({ code: 'log_altered', detail });
};

/** Undefined for the file of a segment that was only just begun: the next start removes it. */
const headerOf = async (
  disk: Disk,
  segment: SegmentFile,
  { databaseId, logId }: Identity,
  isLast: boolean,
): Promise<Outcome<SegmentHeader | undefined>> => {
  const { file, bytes, header } = await openSegment(disk, segment);
  await file.close();
  if (header.type === 'bad' && isLast && bytes <= segmentHeaderBytes) return ok(undefined);
  if (header.type !== 'header') {
    const what = header.type === 'bad' ? header.reason : `it has format ${header.version}`;
    return fail(unfit(segment, what));
  }
  if (header.header.databaseId !== databaseId || header.header.logId !== logId) {
    return fail(unfit(segment, 'it belongs to another log than the identity'));
  }
  return ok(header.header);
};

const unfit = ({ path }: SegmentFile, what: string): StemeError => ({
  code: 'log_corrupt',
  detail:
    `The header of ${path} cannot be written anew: ${what}. Nothing was changed; run "stemedb ` +
    'verify" and repair the log first.',
});

/** Every step may have been done before, by a renewal that was cut off. */
const carryOut = async (
  { disk, walDir, dbDir }: RenewInput,
  renewal: Renewal,
  isResumed: boolean,
): Promise<Outcome<Renewed>> => {
  const identity = decodeIdentity(renewal.identity, join(walDir, renewalFileName));
  if (!identity.ok) return identity;
  for (const [name, header] of renewal.headers) await writeHeader(disk, join(walDir, name), header);
  await setCheckpointAside(disk, walDir, identity.value.logId);
  await removeDurably(disk, dbDir, treeFileName);
  // The new log has no backup yet, and its metrics must not say that it has.
  for (const name of operationFileNames) await removeDurably(disk, walDir, name);
  await replaceSmallFile(disk, walDir, identityFileName, renewal.identity);
  await removeDurably(disk, walDir, renewalFileName);
  return ok({ identity: identity.value, segments: renewal.headers.size, isResumed });
};

const writeHeader = async (disk: Disk, path: string, header: Uint8Array): Promise<void> => {
  const file = await disk.open(path, 'write');
  try {
    // Written even when it reads as it should: a page whose sync failed reads so too.
    const written = await writeWhole(file, header, 0);
    if (!written.ok) throw written.error.cause;
    await file.datasync();
    const read = await readBytes(file, 0, header.byteLength);
    if (!read.equals(header)) throw new Error(`the header of ${path} does not read as written`);
  } finally {
    await file.close();
  }
};

/**
 * It was signed for the log before, and stays what it is: a proof of what that one held. Named
 * after the log that goes on, so that the next renewal sets its own aside beside it.
 */
const setCheckpointAside = async (disk: Disk, walDir: string, logId: string): Promise<void> => {
  const path = join(walDir, checkpointFileName);
  if (!(await disk.exists(path))) return;
  await disk.rename(path, join(walDir, `${checkpointFileName}.before-${logId}`));
  await disk.syncDirectory(walDir);
};

const removeDurably = async (disk: Disk, directory: string, name: string): Promise<void> => {
  if (!(await disk.exists(join(directory, name)))) return;
  await disk.remove(join(directory, name));
  await disk.syncDirectory(directory);
};
