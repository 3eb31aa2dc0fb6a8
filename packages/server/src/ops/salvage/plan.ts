/**
 * What a damaged copy still has: the records in front of all damage, which can be restored as a log
 * of their own, what is lost, and the whole records behind, which are written out. The unit is the
 * object: of one that is not as it was put no record is taken. Nothing of this happens by default.
 */
import {
  fail,
  type HlcStamp,
  type Outcome,
  ok,
  openCheckpoint,
  parseVkey,
  type StemeError,
} from '@stemedb/model';
import { sodiumVerify } from '../../ingest/sodium.js';
import type { Disk, ReadDisk } from '../../io/disk.js';
import type { LogRecord } from '../../log/log.js';
import { type CopiedFile, CopyDamagedError, type LogCopy, type LogCopyFacts } from '../log_copy.js';
import { beginOfDamage, frontOf } from '../repair/front.js';
import { LaterFile } from '../repair/later_file.js';
import { patchedDisk } from '../repair/patched_disk.js';
import { type Range, type Survey, surveyLog } from '../repair/survey.js';
import type { WrittenBeside } from '../restore_copy.js';
import { listSegments } from '../segment_files.js';
import { storeErrors } from '../store_errors.js';
import type { ClaimedCheckpoint } from '../verify_tree.js';
import type { HoledCopy } from './holed_copy.js';

/** Records that are lost, and the damage that they are lost by. */
export interface LostPart extends Range {
  /** Stamp of the record in front of them. */
  readonly after: string;
  /** Stamp of the first whole record behind them; undefined when there is none. */
  readonly before: string | undefined;
  /** Objects or files of the copy. */
  readonly files: readonly string[];
}

/** A signed checkpoint that the restored records agree with. */
interface Proof {
  readonly where: string;
  readonly size: number;
}

export interface SalvagePlan {
  /** The records in front of all damage. */
  readonly copy: LogCopy;
  /** Records that the copy had, as it says. */
  readonly records: number;
  readonly damage: readonly { readonly file: string; readonly what: string }[];
  readonly lost: readonly LostPart[];
  /** Whole records behind damage. */
  readonly later: readonly Range[];
  readonly laterRecords: number;
  /** The one that covers the most; undefined when hashes of objects alone speak for them. */
  readonly proof: Proof | undefined;
  /** Writes the whole records behind damage into a directory. */
  laterInto(disk: Disk, directory: string): WrittenBeside;
}

/** What an export line has beside the record. */
const lineBytes = 100;

/** `conflict` when nothing is damaged, `log_altered` when what is whole is not what was signed. */
export const planSalvage = (
  holed: HoledCopy,
  onProgress: (records: number) => void = () => undefined,
): Promise<Outcome<SalvagePlan>> =>
  storeErrors(async () => {
    const { copy } = holed;
    const { disk, directory, facts } = copy;
    const claims = claimsOf(holed);
    const runs = new Runs();
    const survey = await surveyLog({
      ...{ disk, directory, claims, onProgress, databaseId: facts.databaseId },
      knownSequence: facts.records,
      isEndWhole: true,
      onLater: async (records) => runs.add(records),
    });
    const holesBefore = new Set(holed.holes.keys());
    const { beside, faults } = await soundBeside(copy);
    const damage = [
      ...[...holed.faults, ...faults].map(({ file, what }) => ({ file, what })),
      ...[...holed.holes.values()].map(({ file, what }) => ({ file, what })),
      ...ownDamage(survey, holed),
    ];
    const refused = refusal(facts, survey, damage.length);
    if (refused !== undefined) return fail(refused);
    const proved = claims.filter(({ checkpoint: { size } }) => size <= survey.kept && size > 0);
    const proof = proved.toSorted((a, b) => b.checkpoint.size - a.checkpoint.size)[0];
    return ok({
      copy: await frontCopy(holed, survey, { beside, proof }),
      records: facts.records,
      damage,
      lost: lostParts(survey, runs, holed),
      later: survey.later,
      laterRecords: runs.records,
      proof: proof && { where: proof.where, size: proof.checkpoint.size },
      laterInto: (target, into) => ({
        bytes: runs.bytes,
        write: () => writeLater(holed, { survey, runs, holesBefore }, target, into),
      }),
    });
  });

const claimsOf = ({ copy, notes }: HoledCopy): readonly ClaimedCheckpoint[] => {
  const key = parseVkey(copy.facts.vkey);
  if (key === undefined) return [];
  return [...notes].flatMap(([where, note]) => {
    const opened = openCheckpoint(note, key, sodiumVerify);
    // A later copy has more records than this one, and no say in what this one has lost.
    const isOfThese = opened.ok && opened.value.size <= copy.facts.records;
    return isOfThese ? [{ where, checkpoint: opened.value }] : [];
  });
};

const refusal = (
  { name, records, root }: LogCopyFacts,
  survey: Survey,
  damages: number,
): StemeError | undefined => {
  const { tooNew, contradictions, kept, keptRoot } = survey;
  if (tooNew !== undefined) {
    const detail = `${tooNew.segment} of ${name}: ${tooNew.detail}.`;
    return { code: 'format_too_new', detail };
  }
  const other = kept === records && keptRoot !== root ? ['its root is another'] : [];
  const [contradiction] = [...contradictions, ...other];
  if (contradiction !== undefined) {
    const detail =
      `What can be read of ${name} is not what was signed: ${contradiction}. That is no damage, ` +
      'and nothing was restored. Restore another copy.';
    return { code: 'log_altered', detail };
  }
  if (damages > 0) return undefined;
  const detail = `Nothing is damaged in ${name}, and nothing to salvage: restore it plainly.`;
  return { code: 'conflict', detail };
};

/** Damage inside of objects that are as they were put: the log itself had it. */
const ownDamage = ({ damage }: Survey, { holes, faults }: HoledCopy): SalvagePlan['damage'] => {
  // Behind a hole the walk finds what follows from it, which would only say the same once more.
  if (holes.size > 0 || faults.length > 0) return [];
  return damage.map(({ segment, byte, detail }) => ({ file: `${segment}:${byte}`, what: detail }));
};

/** What stands beside the segments and is whole; the rest is left out. */
const soundBeside = async (copy: LogCopy) => {
  const faults: CopyDamagedError[] = [];
  const places = new Set(copy.beside.map(({ place }) => place));
  // One that was added keeps nobody from a restore.
  for await (const fault of copy.faultsBeside()) if (places.has(fault.file)) faults.push(fault);
  const bad = new Set(faults.map(({ file }) => file));
  const harmed = copy.beside.filter(({ place }) => bad.has(place)).map(({ name }) => name);
  // Of a file in pieces all must be whole.
  const beside: readonly CopiedFile[] = copy.beside.filter(({ name }) => !harmed.includes(name));
  return { beside, faults };
};

const frontCopy = async (
  { copy, notes }: HoledCopy,
  survey: Survey,
  {
    beside,
    proof,
  }: { readonly beside: readonly CopiedFile[]; readonly proof: ClaimedCheckpoint | undefined },
): Promise<LogCopy> => {
  const begin = beginOfDamage(survey);
  return {
    ...copy,
    facts: {
      ...copy.facts,
      records: survey.kept,
      assertions: survey.keptAssertions,
      root: survey.keptRoot,
      newestStamp: survey.newestStamp,
    },
    // Restoring compares it once more.
    checkpoint: proof?.checkpoint.size === survey.kept ? notes.get(proof.where) : undefined,
    disk: await frontOf(copy.disk, copy.directory, begin),
    bytes: Math.min(begin, copy.bytes),
    beside,
    identity: async () => {
      try {
        return await copy.identity();
      } catch (error) {
        if (error instanceof CopyDamagedError) return undefined;
        throw error;
      }
    },
    async *faultsBeside() {},
  };
};

/** Where whole records behind damage begin and end. */
interface Edge {
  readonly sequence: number;
  readonly stamp: HlcStamp | string;
  readonly offset: number;
}

class Runs {
  readonly all: { readonly first: Edge; last: Edge }[] = [];
  records = 0;
  bytes = 0;

  add(records: readonly LogRecord[]): void {
    for (const { sequence, stamp, offset, bytes } of records) {
      const edge = { sequence, stamp, offset };
      const run = this.all.at(-1);
      if (run !== undefined && run.last.sequence + 1 === sequence) run.last = edge;
      else this.all.push({ first: edge, last: edge });
      this.records += 1;
      this.bytes += bytes.length + lineBytes;
    }
  }

  /** True when the same records are in it. */
  isAs({ all }: Runs): boolean {
    if (this.all.length !== all.length) return false;
    return this.all.every(({ first, last }, index) => {
      const run = all[index];
      return run?.first.offset === first.offset && run.last.offset === last.offset;
    });
  }
}

const lostParts = (survey: Survey, runs: Runs, { holes, copy }: HoledCopy): readonly LostPart[] => {
  const { kept, newestStamp } = survey;
  const front: Edge = { sequence: kept, stamp: newestStamp, offset: beginOfDamage(survey) };
  const parts: LostPart[] = [];
  const add = (last: Edge, next: Edge | undefined): void => {
    const [from, to] = [last.sequence + 1, (next?.sequence ?? copy.facts.records + 1) - 1];
    if (from > to) return;
    const end = next?.offset ?? Number.POSITIVE_INFINITY;
    const between = [...holes.values()].filter(
      ({ offset }) => offset >= last.offset && offset < end,
    );
    const files = between.map(({ file }) => file);
    parts.push({ from, to, after: last.stamp, before: next?.stamp, files });
  };
  let last = front;
  for (const run of runs.all) {
    add(last, run.first);
    last = run.last;
  }
  add(last, undefined);
  return parts;
};

/** What the first reading of a copy has found. */
interface FirstReading {
  readonly survey: Survey;
  readonly runs: Runs;
  /** Files of the copy that were damaged then. */
  readonly holesBefore: ReadonlySet<string>;
}

/**
 * Reads the segments from the damage on once more: in front of it nothing stands to be written.
 * Rejects with `CopyDamagedError` when they are not what they were.
 */
const writeLater = async (
  holed: HoledCopy,
  first: FirstReading,
  target: Disk,
  into: string,
): Promise<void> => {
  const { survey, runs } = first;
  if (survey.later.length === 0) return;
  const { disk, directory, facts } = holed.copy;
  const file = new LaterFile(target, into);
  const again = new Runs();
  try {
    await surveyLog({
      disk: await behind(disk, directory, beginOfDamage(survey)),
      ...{ directory, databaseId: facts.databaseId, claims: [], knownSequence: 0 },
      onLater: (records) => {
        const later = records.filter(({ sequence }) => sequence > survey.kept);
        again.add(later);
        return file.add(later);
      },
    });
    if (!again.isAs(runs)) throw changedSince(holed, first, again);
    await file.end();
  } finally {
    await file.close().catch(() => undefined);
  }
};

/** The copy was lost or rotted between its two readings, or the place reads it as it likes. */
const changedSince = (
  { copy, holes }: HoledCopy,
  { runs, holesBefore }: FirstReading,
  again: Runs,
): CopyDamagedError => {
  const hole = [...holes.values()].find(({ file }) => !holesBefore.has(file));
  const counts = `${runs.records} whole records stood behind damage, and now ${again.records} do`;
  const what = hole === undefined ? counts : `${hole.what}, and it was whole before; ${counts}`;
  const todo = 'Nothing was restored. Run it again: it goes by what the copy has then.';
  return new CopyDamagedError(hole?.file || copy.facts.name, what, todo);
};

/**
 * Without the segments that end in front of the damage, but the last of them: by its number the
 * next one is read when the header of that is lost.
 */
const behind = async (disk: ReadDisk, directory: string, begin: number): Promise<ReadDisk> => {
  const segments = await listSegments(disk, directory);
  const ends = segments.slice(1).map(({ firstOffset }) => firstOffset);
  const front = segments.filter((_, index) => (ends[index] ?? begin + 1) <= begin);
  const left = front.slice(0, -1).map(({ name }) => [name, undefined] as const);
  return patchedDisk(disk, directory, new Map(left));
};
