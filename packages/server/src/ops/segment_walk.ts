/**
 * Reads the segments of a log once, in order, and adds up what a copy says of itself: root, counts,
 * newest stamp. Every frame and every header is held against what stands before it, so what was
 * walked over is sound.
 */
import { fail, type Outcome, ok } from '@stemedb/model';
import type { DiskFile } from '../io/disk.js';
import { logCorrupt } from '../log/failure.js';
import {
  decodeSegmentHeader,
  frameHeaderBytes,
  hashOfFrame,
  markKind,
  type SegmentHeader,
  segmentHeaderBytes,
} from '../log/format.js';
import { readEntry } from '../log/frame.js';
import { type LocatedFrame, readFrames } from '../log/frame_reader.js';
import type { LogEntry } from '../log/log.js';
import type { WrittenRange } from '../log/merkle/compact_range.js';
import { emptyTally, RecordTally } from './record_tally.js';
import { readBytes, type SegmentFile } from './segment_files.js';

/** Where a walk stands between two segments; it can be written down and gone on with. */
export interface WalkState {
  readonly range: WrittenRange;
  readonly assertions: number;
  /** 32 hex digits. */
  readonly newestStamp: string;
  /** Segments so far. */
  readonly segments: number;
}

export const walkBegin: WalkState = {
  range: emptyTally.tree,
  assertions: emptyTally.assertions,
  newestStamp: emptyTally.newestStamp,
  segments: 0,
};

export interface Walked {
  readonly databaseId: string;
  readonly logId: string;
}

export interface WalkWatch {
  /** Told of each record after it was added, with the 32 bytes of its id. */
  readonly onRecord?: (record: LogEntry, sequence: number, id: Uint8Array) => void;
  /** Asked now and then, after some records; an error ends the walk. */
  readonly onChunk?: () => Promise<Outcome<void>>;
  /** Records in front of the tree that is added up: 1 for the continuation of a restored log. */
  readonly outsideTree?: number;
}

/** A segment to walk over: its bytes end with a whole frame. */
export interface WalkedSegment {
  readonly segment: SegmentFile;
  readonly file: Pick<DiskFile, 'read'>;
  readonly bytes: number;
}

export class SegmentWalk {
  readonly #tally: RecordTally;
  readonly #of: Walked;
  readonly #watch: WalkWatch;
  readonly #outsideMax: number;
  #outside = 0;
  #segments: number;
  /** The last frame of the segment before, when this walk has seen it. */
  #last: { readonly offset: number; readonly hash: Buffer } | undefined;

  /** Throws when the state is none. */
  constructor(of: Walked, from: WalkState, watch: WalkWatch = {}) {
    this.#tally = new RecordTally({ ...from, tree: from.range });
    this.#of = of;
    this.#segments = from.segments;
    this.#watch = watch;
    this.#outsideMax = watch.outsideTree ?? 0;
  }

  /** Records so far. */
  get size(): number {
    return this.#tally.size + this.#outside;
  }

  get root(): string {
    return this.#tally.root;
  }

  get state(): WalkState {
    const { tree: range, assertions, newestStamp } = this.#tally.sums;
    return { range, assertions, newestStamp, segments: this.#segments };
  }

  /** The next segment, whole. `log_corrupt` names the place. Rejects with errors of the disk. */
  async add({ segment, file, bytes }: WalkedSegment): Promise<Outcome<void>> {
    const { firstOffset } = segment;
    const corrupt = (position: number, what: string): Outcome<never> =>
      fail(logCorrupt({ segmentOffset: firstOffset, offset: firstOffset + position }, what));
    const decoded = decodeSegmentHeader(await readBytes(file, 0, segmentHeaderBytes));
    if (decoded.type === 'bad') return corrupt(0, decoded.reason);
    if (decoded.type === 'too_new') {
      const detail = `${segment.name} has format ${decoded.version}, which is newer than this.`;
      return fail({ code: 'format_too_new', detail });
    }
    const wrong = this.#wrongHeader(decoded.header, firstOffset);
    if (wrong !== undefined) return corrupt(0, `the header ${wrong}`);
    this.#segments += 1;
    this.#last = undefined;
    const source = { file, number: decoded.header.number, endPosition: bytes };
    const frames = readFrames(source, segmentHeaderBytes, decoded.header.firstSequence);
    let step = await frames.next();
    for (; step.done !== true; step = await frames.next()) {
      for (const frame of step.value) {
        if (!this.#take(frame)) return corrupt(frame.position, 'a proof that no version wrote');
      }
      this.#keepLast(step.value.at(-1), firstOffset);
      const taken = await this.#watch.onChunk?.();
      if (taken?.ok === false) return taken;
    }
    const { fault, position } = step.value;
    return fault === undefined ? ok(undefined) : corrupt(position, `the frame is bad (${fault})`);
  }

  #take(located: LocatedFrame): boolean {
    const { frame, buffer, start } = located;
    if (frame.kind === markKind) return true;
    const isOutside = frame.sequence <= this.#outsideMax;
    const id = this.#tally.add(located, !isOutside);
    if (id === undefined) return false;
    if (isOutside) this.#outside += 1;
    const { onRecord } = this.#watch;
    const entry = onRecord === undefined ? undefined : readEntry(buffer, start, frame);
    if (entry !== undefined) onRecord?.(entry, frame.sequence, id);
    return true;
  }

  #keepLast(located: LocatedFrame | undefined, firstOffset: number): void {
    if (located === undefined) return;
    const { frame, buffer, start, position } = located;
    const bytes = buffer.subarray(start, start + frameHeaderBytes + frame.payloadBytes);
    this.#last = { offset: firstOffset + position, hash: hashOfFrame(bytes) };
  }

  /** How a header does not go on from what stands before it. */
  #wrongHeader(header: SegmentHeader, firstOffset: number): string | undefined {
    if (header.databaseId !== this.#of.databaseId) return 'is of another database';
    if (header.logId !== this.#of.logId) return 'is of another log';
    if (header.firstOffset !== firstOffset) return 'and the file name differ';
    if (header.number !== this.#segments + 1) return `has number ${header.number}`;
    if (header.firstSequence !== this.size + 1) {
      return `begins with record ${header.firstSequence}, not ${this.size + 1}`;
    }
    if (header.newestStamp !== this.#tally.newestStamp) return 'names another newest stamp';
    const last = this.#last;
    const isNamed =
      last === undefined ||
      (header.previous?.offset === last.offset && last.hash.equals(header.previous.hash));
    return isNamed ? undefined : 'names another last frame of the segment before';
  }
}
