/** The files of a backup: which segments are copied, and what is written down of them. */
import {
  fail,
  formatTime,
  formatVkey,
  fromBase64,
  type Outcome,
  ok,
  originOf,
  type StemeError,
  signCheckpoint,
  toBase64,
} from '@stemedb/model';
import { type Disk, diskErrorCode } from '../../io/disk.js';
import { isObjectName } from '../../io/object_store.js';
import { logCorrupt } from '../../log/failure.js';
import { encodeIdentity, type Identity, identityFileName } from '../../log/identity.js';
import { checkpointFileName, readCheckpointFile } from '../../log/merkle/checkpoint_file.js';
import { sodiumNoteSigner } from '../../log/merkle/sodium_signer.js';
import { formatPosition } from '../../log/position.js';
import { BytesFile } from '../bytes_file.js';
import { sha256Hex } from '../copied_file.js';
import { directoriesBeside } from '../data_directory.js';
import type { DurableEnd } from '../durable_end.js';
import { readBytes, type SegmentFile } from '../segment_files.js';
import { SegmentWalk, type WalkState, walkBegin } from '../segment_walk.js';
import type { BackupInput } from './input.js';
import { type BackupFile, type BackupMetadata, type BackupSegment, pieceName } from './metadata.js';
import type { BackupSummary } from './places.js';

/** What is in memory of a file beside the log: as much as of a segment. */
const filePieceBytes = 64 * 1024 * 1024;

/** A root that the records must come to at a size. */
interface ExpectedRoot {
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly whose: string;
}

export interface BackupPlan {
  readonly extent: DurableEnd;
  readonly base: BackupMetadata | undefined;
  /** Segments of the base that are only referred to. */
  readonly referred: readonly BackupSegment[];
  readonly copied: readonly { readonly segment: SegmentFile; readonly bytes: number }[];
  readonly copiedBytes: number;
  readonly referredBytes: number;
  readonly expected: readonly ExpectedRoot[];
}

/** What the node has signed last; the log must still be that one. */
export const keptRoot = async (
  { disk, walDir, verify }: BackupInput,
  identity: Identity,
): Promise<Outcome<ExpectedRoot | undefined>> => {
  const kept = await readCheckpointFile(disk, walDir, identity, verify);
  if (!kept.ok) return kept;
  if (kept.value === undefined) return ok(undefined);
  const { size, root } = kept.value.checkpoint;
  return ok({ size, root: toBase64(root), whose: 'the checkpoint that this node signed' });
};

/**
 * A full backup is held against the newest one too: a log that goes on from an older state, after
 * a disk was put back, would have signed two histories, and retention would leave the shorter one.
 */
export const planOf = (
  extent: DurableEnd,
  base: BackupMetadata | undefined,
  kept: ExpectedRoot | undefined,
  newest: BackupSummary | undefined,
): Outcome<BackupPlan> => {
  const { segments, lastSequence } = extent;
  if (kept !== undefined && kept.size > lastSequence) {
    const detail =
      `The log ends with record ${lastSequence}, but this node signed a checkpoint over ` +
      `${kept.size}. Run "stemedb verify".`;
    return fail({ code: 'log_altered', detail });
  }
  if (newest !== undefined && newest.record_count > lastSequence) {
    return fail(setBack(newest, lastSequence));
  }
  const sized = segments.map(({ file, bytes }) => ({ segment: file, bytes }));
  const referred = base?.segments.slice(0, -1) ?? [];
  const other = referred.find(({ name, bytes }, index) => {
    const here = sized[index];
    return here?.segment.name !== name || here.bytes !== bytes;
  });
  if (base !== undefined && other !== undefined) return fail(otherHistory(base.name));
  const copied = sized.slice(referred.length);
  const copiedBytes = copied.reduce((sum, { bytes }) => sum + bytes, 0);
  const referredBytes = referred.reduce((sum, { bytes }) => sum + bytes, 0);
  const begin = base?.last_segment.range.size ?? 0;
  const expected = [
    ...(kept !== undefined && kept.size > begin ? [kept] : []),
    ...(newest === undefined ? [] : [expectedOf(newest)]),
  ];
  return ok({ extent, base, referred, copied, copiedBytes, referredBytes, expected });
};

const expectedOf = ({ name, record_count: size, root }: BackupSummary): ExpectedRoot => ({
  size,
  root,
  whose: `the backup ${name}`,
});

const setBack = ({ name, record_count: size }: BackupSummary, last: number): StemeError => ({
  code: 'log_altered',
  detail:
    `The backup ${name} has ${size} records of this log, which ends with record ${last} now: the ` +
    `log was set back. ${whatToKeep}`,
});

const whatToKeep =
  'Keep both; "stemedb verify" shows the state of each, and a backup with another --to stands ' +
  'apart from those here.';

const otherHistory = (name: string): StemeError => ({
  code: 'log_altered',
  detail:
    `The log is not the one that ${name} was taken of: its records were changed since, or are of ` +
    `another history. ${whatToKeep}`,
});

/** Copies everything but the metadata, which it gives. Rejects with errors of disk and store. */
export const writeFiles = async (
  input: BackupInput,
  identity: Identity,
  plan: BackupPlan,
  name: string,
): Promise<Outcome<Omit<BackupMetadata, 'format' | 'checksum'>>> => {
  const wallMs = input.clock.wallMs();
  const log = await copySegments(input, identity, plan, name);
  if (!log.ok) return log;
  const { walk, segments, lastSegment } = log.value;
  const { databaseId, logId, nodeId } = identity;
  const signer = sodiumNoteSigner(identity.nodeKeySeed);
  const origin = originOf(databaseId, logId);
  const root = fromBase64(walk.root);
  if (root === undefined) throw new Error('backup: a root that is no base64');
  const checkpoint = signCheckpoint({ origin, size: walk.size, root }, signer);
  const files = await copyBeside(input, identity, name, checkpoint);
  const { range, assertions, newestStamp } = walk.state;
  return ok({
    written_by: `stemedb ${input.version}`,
    name,
    time: formatTime(wallMs),
    time_ms: Math.floor(wallMs),
    type: plan.base === undefined ? 'full' : 'incremental',
    base: plan.base?.name ?? null,
    database_id: databaseId,
    log_id: logId,
    node_id: nodeId,
    vkey: formatVkey({ name: origin, publicKey: signer.publicKey }),
    assertion_count: assertions,
    record_count: walk.size,
    position: formatPosition({ logId, sequence: walk.size }),
    newest_stamp: newestStamp,
    tree_size: walk.size,
    root: walk.root,
    tree: { size: range.size, hashes: [...range.hashes] },
    last_segment: lastSegment,
    checkpoint,
    segments: [...plan.referred, ...segments],
    files: [...files],
  });
};

interface CopiedLog {
  readonly walk: SegmentWalk;
  readonly segments: readonly BackupSegment[];
  readonly lastSegment: BackupMetadata['last_segment'];
}

const copySegments = async (
  input: BackupInput,
  identity: Identity,
  plan: BackupPlan,
  name: string,
): Promise<Outcome<CopiedLog>> => {
  const { disk, store, onProgress } = input;
  const from = plan.base === undefined ? walkBegin : stateOf(plan.base.last_segment);
  let differs: ExpectedRoot | undefined;
  const compare = (size: number): void => {
    for (const expected of plan.expected) {
      if (expected.size === size && expected.root !== walk.root) differs = expected;
    }
  };
  const walk = new SegmentWalk(identity, from, { onRecord: (_, sequence) => compare(sequence) });
  compare(walk.size);
  const segments: BackupSegment[] = [];
  let lastSegment = lastSegmentOf(from);
  let done = 0;
  for (const { segment, bytes: length } of plan.copied) {
    lastSegment = lastSegmentOf(walk.state);
    const read = await readSegment(disk, segment, length);
    if (!read.ok) return read;
    const bytes = read.value;
    const walked = await walk.add({ segment, file: new BytesFile(bytes), bytes: length });
    if (!walked.ok) return walked;
    if (differs !== undefined) return fail(differsFrom(differs));
    await store.put(`${name}/${segment.name}`, bytes);
    segments.push({ name: segment.name, bytes: length, sha256: sha256Hex(bytes), backup: name });
    done += length;
    onProgress(done, plan.copiedBytes);
  }
  const { lastSequence } = plan.extent;
  if (walk.size !== lastSequence)
    throw new Error(`backup: ${walk.size} of ${lastSequence} records`);
  return ok({ walk, segments, lastSegment });
};

const differsFrom = ({ size, whose }: ExpectedRoot): StemeError => ({
  code: 'log_altered',
  detail:
    `The first ${size} records of the log are not those of ${whose}: they were changed, or the ` +
    `log is of another history. ${whatToKeep}`,
});

const stateOf = (begin: BackupMetadata['last_segment']): WalkState => ({
  range: begin.range,
  assertions: begin.assertion_count,
  newestStamp: begin.newest_stamp,
  segments: begin.segments,
});

const lastSegmentOf = (state: WalkState): BackupMetadata['last_segment'] => ({
  range: { size: state.range.size, hashes: [...state.range.hashes] },
  assertion_count: state.assertions,
  newest_stamp: state.newestStamp,
  segments: state.segments,
});

const readSegment = async (
  disk: Disk,
  { path, name, firstOffset }: SegmentFile,
  length: number,
): Promise<Outcome<Uint8Array>> => {
  const file = await disk.open(path, 'read');
  try {
    const bytes = await readBytes(file, 0, length);
    if (bytes.length === length) return ok(bytes);
    const place = { segmentOffset: firstOffset, offset: firstOffset + bytes.length };
    return fail(logCorrupt(place, `${name} has ${bytes.length} bytes instead of ${length}`));
  } finally {
    await file.close();
  }
};

const copyBeside = async (
  input: BackupInput,
  identity: Identity,
  name: string,
  checkpoint: string,
): Promise<readonly BackupFile[]> => {
  const { disk, walDir, store, keepsSecrets } = input;
  const files: BackupFile[] = [];
  const put: PutFile = async (file, bytes, piece) => {
    await store.put(`${name}/${piece?.object ?? file}`, bytes);
    const described = { name: file, bytes: bytes.length, sha256: sha256Hex(bytes) };
    files.push(piece === undefined ? described : { ...described, piece });
  };
  // That under which the log was read: a renewal may have put another there meanwhile.
  if (keepsSecrets) await put(identityFileName, encodeIdentity(identity));
  await put(checkpointFileName, new TextEncoder().encode(checkpoint));
  let pieces = 0;
  for (const directory of directoriesBeside) {
    if (!(await disk.exists(`${walDir}/${directory}`))) continue;
    for (const one of await disk.list(`${walDir}/${directory}`)) {
      if (isObjectName(one)) pieces += await copyFile(input, `${directory}/${one}`, pieces, put);
    }
  }
  return files;
};

type PutFile = (file: string, bytes: Uint8Array, piece?: BackupFile['piece']) => Promise<void>;

/**
 * A file as long as it is now, a piece at a time; nothing for a directory. Says how many pieces it
 * was put in, of which there are `before` already.
 */
const copyFile = async (
  { disk, walDir, pieceBytesMax = filePieceBytes }: BackupInput,
  name: string,
  before: number,
  put: PutFile,
): Promise<number> => {
  const file = await disk.open(`${walDir}/${name}`, 'read');
  try {
    const size = await file.size();
    if (size <= pieceBytesMax) {
      await put(name, await readBytes(file, 0, size));
      return 0;
    }
    let pieces = 0;
    for (let offset = 0; offset < size; pieces += 1) {
      const bytes = await readBytes(file, offset, Math.min(pieceBytesMax, size - offset));
      if (bytes.length === 0) break;
      await put(name, bytes, { offset, object: pieceName(before + pieces) });
      offset += bytes.length;
    }
    return pieces;
  } catch (error) {
    if (diskErrorCode(error) === 'EISDIR') return 0;
    throw error;
  } finally {
    await file.close();
  }
};
