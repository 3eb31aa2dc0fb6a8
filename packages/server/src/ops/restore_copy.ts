/**
 * Restores a copy of a log into empty directories, as a log of its own: whoever held the old one
 * may have acknowledged and signed more than the copy has (spec 4.4). See backup/SPEC.md.
 *
 * Nothing is believed that was not compared: the copy's records with what the copy says of them,
 * then the new log, read back from the disk, with the copy's records. The file `identity` is
 * written last; without it no server starts here, and the next restore begins anew.
 */
import {
  fail,
  formatVkey,
  type HlcStamp,
  HybridClock,
  keyPairFromSeed,
  kindNumber,
  noteKeyOf,
  type Outcome,
  ok,
  originOf,
} from '@stemedb/model';
import type { Clock } from '../io/clock.js';
import { type Disk, diskErrorCode } from '../io/disk.js';
import type { Random } from '../io/random.js';
import { encodeContinuation, readContinuation, unknownKindNumber } from '../log/continuation.js';
import { openFailed } from '../log/failure.js';
import { createIdentity, decodeIdentity, type Identity } from '../log/identity.js';
import { allShards, type Log, type LogEntry } from '../log/log.js';
import { CompactRange } from '../log/merkle/compact_range.js';
import { openLog } from '../log/open_log.js';
import { checkSigned, differencesFrom } from './copy_facts.js';
import { CopyDamagedError, type LogCopy } from './log_copy.js';
import { clearTarget, commitTarget, openTarget, type RestoreTarget } from './restore_target.js';
import { listSegments } from './segment_files.js';
import { SegmentWalk, type WalkWatch, walkBegin } from './segment_walk.js';
import { storeErrors } from './store_errors.js';

export interface RestoreCopyInput {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly walDir: string;
  readonly dbDir: string;
  readonly copy: LogCopy;
  /** Keeps records that are stamped up to this. */
  readonly to?: HlcStamp | undefined;
  readonly segmentBytesMax?: number;
  readonly freeBytesMin?: number;
  readonly beside?: WrittenBeside | undefined;
  readonly onProgress: (phase: RestorePhase, doneBytes: number) => void;
}

/** What is written into the log directory besides, when all else is there and compared. */
export interface WrittenBeside {
  /** At most. */
  readonly bytes: number;
  write(): Promise<void>;
}

type RestorePhase = 'check' | 'write' | 'compare';

export interface RestoredLog {
  readonly databaseId: string;
  readonly logId: string;
  readonly nodeId: string;
  /** Of the log that the copy was taken of. */
  readonly origin: string;
  /** That were taken from the copy; the new log has one more in front of them. */
  readonly records: number;
  /** How many of these are assertions. */
  readonly assertions: number;
  /** Records of the copy that are newer than the moment asked for. */
  readonly leftOut: number;
  /** Base64, of the records that were taken. */
  readonly root: string;
  /** False when the copy does not have the key of its node, and there is a new one. */
  readonly hasNodeKey: boolean;
  readonly seconds: Readonly<Record<RestorePhase, number>>;
}

/** After an error nothing of what it wrote is there. */
export const restoreCopy = async (input: RestoreCopyInput): Promise<Outcome<RestoredLog>> => {
  const signed = checkSigned(input.copy);
  if (!signed.ok) {
    const { file, error } = { file: 'checkpoint', error: signed.error };
    return fail(new CopyDamagedError(`${input.copy.facts.name}/${file}`, error.detail).error);
  }
  const target = await openTarget({ ...input, besideBytes: input.beside?.bytes ?? 0 });
  if (!target.ok) return target;
  try {
    return await settled(input, target.value);
  } finally {
    await target.value.release();
  }
};

/** What failed leaves nothing behind; should that fail too, the marker is left for the next try. */
const settled = async (
  input: RestoreCopyInput,
  target: RestoreTarget,
): Promise<Outcome<RestoredLog>> => {
  let restored: Outcome<RestoredLog> | undefined;
  try {
    restored = await storeErrors(() => restoreInto(input, target));
    return restored;
  } catch (error) {
    if (error instanceof CopyDamagedError) return fail(error.error);
    if (diskErrorCode(error) === '') throw error;
    return fail(openFailed(input.walDir, error));
  } finally {
    if (restored?.ok !== true) await clearTarget(target).catch(() => undefined);
  }
};

const restoreInto = async (
  input: RestoreCopyInput,
  target: RestoreTarget,
): Promise<Outcome<RestoredLog>> => {
  const { copy, random } = input;
  const timer = new PhaseTimer(input.clock);
  const identity = await identityFor(copy, random);
  if (!identity.ok) return identity;
  const kept = await countKept(input, timer);
  if (!kept.ok) return kept;
  await clearTarget(target, 'keep marker');
  const written = await writeLog(input, identity.value, kept.value, timer);
  if (!written.ok) return written;
  const compared = await compareLog(input, identity.value, written.value, timer);
  if (!compared.ok) return compared;
  await input.beside?.write();
  await commitTarget(target, copy, identity.value);
  const { databaseId, logId, nodeId } = identity.value;
  const { records, assertions, leftOut, root } = written.value;
  return ok({
    ...{ databaseId, logId, nodeId, records, assertions, leftOut, root },
    origin: originOf(copy.facts.databaseId, copy.facts.logId),
    hasNodeKey: identity.value.isKeyKept,
    seconds: timer.seconds,
  });
};

class PhaseTimer {
  readonly #clock: Clock;
  readonly seconds = { check: 0, write: 0, compare: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async time<T>(phase: RestorePhase, work: () => Promise<T>): Promise<T> {
    const startedMs = this.#clock.monotonicMs();
    try {
      return await work();
    } finally {
      this.seconds[phase] = (this.#clock.monotonicMs() - startedMs) / 1000;
    }
  }
}

type NewIdentity = Identity & { readonly isKeyKept: boolean };

const identityFor = async (copy: LogCopy, random: Random): Promise<Outcome<NewIdentity>> => {
  const { databaseId, name, vkey } = copy.facts;
  const fresh = { ...createIdentity(random), databaseId };
  const bytes = await copy.identity();
  if (bytes === undefined) return ok({ ...fresh, isKeyKept: false });
  const old = decodeIdentity(bytes, `${name}/identity`);
  if (!old.ok) return old;
  const { nodeKeySeed } = old.value;
  const origin = originOf(old.value.databaseId, old.value.logId);
  const own = formatVkey(noteKeyOf(origin, keyPairFromSeed(nodeKeySeed).agentId));
  if (own === vkey) return ok({ ...fresh, nodeKeySeed, isKeyKept: true });
  return fail(new CopyDamagedError(`${name}/identity`, 'it is of another node or log').error);
};

/** Records that follow the continuation without a gap: to be known before it is written. */
interface Kept {
  readonly prefix: number;
}

/** With a moment the copy is read twice: first to see how much of it was before that. */
const countKept = async (input: RestoreCopyInput, timer: PhaseTimer): Promise<Outcome<Kept>> => {
  const { copy, to } = input;
  if (to === undefined) return ok({ prefix: copy.facts.records });
  let prefix = 0;
  let isPrefix = true;
  const isKept = keeper(to);
  const onRecord = (record: LogEntry): void => {
    isPrefix &&= isKept(record);
    if (isPrefix) prefix += 1;
  };
  const walked = await timer.time('check', () => walkCopy(input, 'check', { onRecord }));
  return walked.ok ? ok({ prefix }) : walked;
};

/**
 * Says of one record after the other whether it is taken. The continuations that a log begins with
 * always are: whatever their stamp, they say where the records behind them come from.
 */
const keeper = (to: HlcStamp | undefined): ((record: LogEntry) => boolean) => {
  let isLeading = true;
  return ({ stamp, kind, bytes }) => {
    isLeading &&= kind === unknownKindNumber && readContinuation(bytes) !== undefined;
    return isLeading || to === undefined || stamp <= to;
  };
};

interface Written {
  readonly records: number;
  readonly assertions: number;
  readonly leftOut: number;
  readonly root: string;
}

const writeLog = (
  input: RestoreCopyInput,
  identity: Identity,
  { prefix }: Kept,
  timer: PhaseTimer,
): Promise<Outcome<Written>> =>
  timer.time('write', async () => {
    const { disk, clock, walDir, segmentBytesMax, freeBytesMin } = input;
    const { databaseId, logId } = identity;
    const opened = await openLog(disk, clock, {
      ...{ directory: walDir, databaseId, logId },
      ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }),
      ...(freeBytesMin === undefined ? {} : { freeBytesMin }),
    });
    if (!opened.ok) return opened;
    const { log } = opened.value;
    try {
      const begun = await log.append([continuationOf(input, identity, prefix)]);
      return begun.ok ? await appendCopy(input, log) : begun;
    } finally {
      await log.close();
    }
  });

/** What the new log begins with: where it comes from. */
const continuationOf = (
  { copy, clock }: RestoreCopyInput,
  { nodeId, nodeKeySeed }: Identity,
  kept: number,
): LogEntry => {
  const { databaseId, logId, vkey, records, root } = copy.facts;
  const assertedAtMs = clock.wallMs();
  const { agentId } = keyPairFromSeed(nodeKeySeed);
  const before = { origin: originOf(databaseId, logId), vkey, size: records, root, kept };
  return {
    kind: unknownKindNumber,
    shard: allShards,
    stamp: new HybridClock(nodeId, () => assertedAtMs).next(),
    proof: 'node',
    bytes: encodeContinuation(before, { agentId, assertedAtMs }),
  };
};

const appendCopy = async (input: RestoreCopyInput, log: Log): Promise<Outcome<Written>> => {
  const { copy, to } = input;
  const isKept = keeper(to);
  // What is taken whole has the tree of the copy.
  const range = to === undefined ? undefined : new CompactRange();
  let batch: LogEntry[] = [];
  const counts = { records: 0, assertions: 0 };
  const walked = await walkCopy(input, 'write', {
    onRecord: (record, _, id) => {
      if (!isKept(record)) return;
      range?.addRaw(id, Buffer.from(record.stamp, 'hex'), 0);
      counts.records += 1;
      if (record.kind === kindNumber.assertion) counts.assertions += 1;
      batch.push(record);
    },
    onChunk: async () => {
      if (batch.length === 0) return ok(undefined);
      const appended = await log.append(batch);
      batch = [];
      return appended.ok ? ok(undefined) : appended;
    },
  });
  if (!walked.ok) return walked;
  const leftOut = copy.facts.records - counts.records;
  return ok({ ...counts, leftOut, root: range?.root ?? copy.facts.root });
};

/** Walks over all records of the copy, and holds them against what it says of itself. */
const walkCopy = async (
  { copy, onProgress }: RestoreCopyInput,
  phase: RestorePhase,
  watch: WalkWatch,
): Promise<Outcome<void>> => {
  const { disk, directory, facts } = copy;
  const walk = new SegmentWalk(facts, walkBegin, watch);
  let done = 0;
  for (const segment of await listSegments(disk, directory)) {
    const file = await disk.open(segment.path, 'read');
    const bytes = await file.size();
    const walked = await walk.add({ segment, file, bytes });
    if (!walked.ok) return walked;
    done += bytes;
    onProgress(phase, done);
  }
  const { assertions, newestStamp } = walk.state;
  const { databaseId, logId } = facts;
  const found = { databaseId, logId, records: walk.size, assertions, root: walk.root, newestStamp };
  const [difference] = differencesFrom(copy, found);
  if (difference === undefined) return ok(undefined);
  return fail(new CopyDamagedError(facts.name, difference).error);
};

/** Reads the new log back from the disk: what follows the continuation must be what was taken. */
const compareLog = (
  { disk, walDir, onProgress }: RestoreCopyInput,
  identity: Identity,
  written: Written,
  timer: PhaseTimer,
): Promise<Outcome<void>> =>
  timer.time('compare', async () => {
    const walk = new SegmentWalk(identity, walkBegin, { outsideTree: 1 });
    let done = 0;
    for (const segment of await listSegments(disk, walDir)) {
      const file = await disk.open(segment.path, 'read');
      try {
        const bytes = await file.size();
        const walked = await walk.add({ segment, file, bytes });
        if (!walked.ok) return walked;
        done += bytes;
        onProgress('compare', done);
      } finally {
        await file.close();
      }
    }
    const records = walk.size - 1;
    if (records === written.records && walk.root === written.root) return ok(undefined);
    const detail =
      `The log that was written to ${walDir} does not read as it was written: it has ` +
      `${records} records of ${written.records}, with another root. Check the disk.`;
    return fail({ code: 'log_corrupt', detail });
  });
