/**
 * What is left of a log: which records can be read, which stand in front of all damage, and what is
 * lost. Reads only; `verify_log.ts` finds the damage, this adds up what it means.
 */
import { kindNumber, type RecordId, recordIdOf } from '@stemedb/model';
import { sodiumVerify } from '../../ingest/sodium.js';
import type { ReadDisk } from '../../io/disk.js';
import { offsetOfName } from '../../log/format.js';
import type { LogRecord } from '../../log/log.js';
import { type LogFinding, verifyLog } from '../verify_log.js';
import { type ClaimedCheckpoint, TreeVerifier } from '../verify_tree.js';

/** Sequences from one to another, both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Ids that are named; the ranges name all, and a cut writes all of the records out. */
const idsNamedMax = 1000;

export interface Survey {
  readonly databaseId: string | undefined;
  readonly segments: number;
  readonly bytes: number;
  /** Damage, in log order. */
  readonly damage: readonly LogFinding[];
  /** Writes of an unclean stop at the end, which the next start cuts away. */
  readonly tornTail: LogFinding | undefined;
  /** Too new for this version: nothing may be touched. */
  readonly tooNew: LogFinding | undefined;
  /** Where the log contradicts a checkpoint. */
  readonly contradictions: readonly string[];
  /** True when it has all records of a checkpoint, and they are others. */
  readonly isAltered: boolean;
  /** Where the first damage begins, counted through all segments; undefined when there is none. */
  readonly damagedFrom: number | undefined;
  /** Records 1 to this stand whole in front of all damage. */
  readonly kept: number;
  readonly keptAssertions: number;
  /** Whole records that stand behind damage, and the ids of the first of them. */
  readonly later: readonly Range[];
  readonly laterIds: readonly RecordId[];
  /** Known to have been durable, and not to be read. */
  readonly lost: readonly Range[];
  /** Base64, of all records; undefined when some cannot be read. */
  readonly root: string | undefined;
  /** Base64, of the records in front of all damage. */
  readonly keptRoot: string;
  /** 32 hex digits, of the records in front of all damage. */
  readonly newestStamp: string;
}

export interface SurveyInput {
  readonly disk: ReadDisk;
  readonly directory: string;
  readonly databaseId: string | undefined;
  readonly claims: readonly ClaimedCheckpoint[];
  /** Last sequence that somebody else, such as the store, knows to have been durable. */
  readonly knownSequence: number;
  /** True of a copy: it ends with a whole frame, so nothing at its end is merely torn. */
  readonly isEndWhole?: boolean;
  readonly onProgress?: (records: number) => void;
  /** Whole records behind damage, in log order, some at a time. */
  readonly onLater?: (records: readonly LogRecord[]) => Promise<void>;
}

/** Rejects with errors of the disk, and of a copy's. */
export const surveyLog = async (input: SurveyInput): Promise<Survey> => {
  const { disk, directory, databaseId, claims, onProgress } = input;
  const contradictions: string[] = [];
  const tree = new TreeVerifier(claims, undefined, ({ detail }) => contradictions.push(detail));
  const tally = new Tally((record) => tree.add(record));
  for await (const event of verifyLog({
    disk,
    directory,
    databaseId,
    verifySignature: sodiumVerify,
    onRecord: (record) => tally.add(record),
  })) {
    if (event.type === 'finding') tally.find(input.isEndWhole === true ? asDamage(event) : event);
    else if (event.type === 'progress') {
      onProgress?.(event.records);
      const later = tally.takeLater();
      await input.onLater?.(later);
    } else {
      const { segments, bytes } = event;
      const claimed = Math.max(0, ...claims.map(({ checkpoint }) => checkpoint.size));
      const known = Math.max(input.knownSequence, claimed);
      const result = tally.result(known);
      const keptRoot = tree.root;
      const root = tree.end(tally.damage.length === 0).root ?? undefined;
      const counted = { databaseId: event.databaseId, segments, bytes, root, keptRoot };
      await input.onLater?.(tally.takeLater());
      const isAltered = contradictions.length > 0 && claimed <= result.kept;
      return { ...counted, contradictions, isAltered, ...result };
    }
  }
  throw new Error('A verification always ends with its totals.');
};

const asDamage = (finding: LogFinding): LogFinding =>
  finding.severity === 'torn_tail' ? { ...finding, severity: 'damage' } : finding;

/** Adds up records and findings as they come, in log order. */
class Tally {
  readonly #onKept: (record: LogRecord) => void;
  readonly damage: LogFinding[] = [];
  #tornTail: LogFinding | undefined;
  #tooNew: LogFinding | undefined;
  #damagedFrom: number | undefined;
  /** The newest record: what is wrong with it is found after it was handed out. */
  #newest: LogRecord | undefined;
  #kept = 0;
  #keptAssertions = 0;
  #newestStamp = '0'.repeat(32);
  readonly #later: Range[] = [];
  readonly #laterIds: RecordId[] = [];
  readonly #laterTaken: LogRecord[] = [];

  /** `onKept` is told of each record that stands in front of all damage. */
  constructor(onKept: (record: LogRecord) => void) {
    this.#onKept = onKept;
  }

  add(record: LogRecord): void {
    this.#clear();
    this.#newest = record;
  }

  /** Those behind damage since the last call. */
  takeLater(): readonly LogRecord[] {
    return this.#laterTaken.splice(0);
  }

  find(finding: LogFinding): void {
    if (finding.severity === 'torn_tail') this.#tornTail = finding;
    else if (finding.severity === 'too_new') this.#tooNew = finding;
    else {
      this.damage.push(finding);
      const offset = (offsetOfName(finding.segment) ?? 0) + finding.byte;
      if (this.#newest?.offset === offset) this.#newest = undefined;
      this.#clear();
      this.#damagedFrom = Math.min(offset, this.#damagedFrom ?? offset);
    }
  }

  /** Nothing was wrong with the record before. */
  #clear(): void {
    const record = this.#newest;
    this.#newest = undefined;
    if (record === undefined) return;
    if (this.#damagedFrom !== undefined || record.sequence !== this.#kept + 1) {
      extend(this.#later, record.sequence);
      this.#laterTaken.push(record);
      if (this.#laterIds.length < idsNamedMax) this.#laterIds.push(recordIdOf(record.bytes));
      return;
    }
    this.#kept = record.sequence;
    this.#onKept(record);
    if (record.kind === kindNumber.assertion) this.#keptAssertions += 1;
    if (record.stamp > this.#newestStamp) this.#newestStamp = record.stamp;
  }

  result(knownSequence: number) {
    this.#clear();
    return {
      damage: this.damage,
      tornTail: this.#tornTail,
      tooNew: this.#tooNew,
      damagedFrom: this.#damagedFrom,
      kept: this.#kept,
      keptAssertions: this.#keptAssertions,
      later: this.#later,
      laterIds: this.#laterIds,
      lost: gapsIn(this.#later, this.#kept + 1, knownSequence),
      newestStamp: this.#newestStamp,
    };
  }
}

const extend = (ranges: Range[], sequence: number): void => {
  const last = ranges.at(-1);
  const grows = last !== undefined && sequence === last.to + 1;
  ranges.splice(grows ? -1 : ranges.length, 1, {
    from: grows ? last.from : sequence,
    to: sequence,
  });
};

/** What of `from` to `to`, or to the last of the ranges, is in none of them. */
const gapsIn = (ranges: readonly Range[], from: number, to: number): readonly Range[] => {
  const gaps: Range[] = [];
  let next = from;
  for (const range of [...ranges, { from: to + 1, to }]) {
    if (range.from > next) gaps.push({ from: next, to: range.from - 1 });
    next = Math.max(next, range.to + 1);
  }
  return gaps;
};
