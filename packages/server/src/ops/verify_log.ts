/**
 * Walks every segment of a log without changing anything: files without a gap, headers and their
 * chain, CRC of every frame, sequences without a gap, content in canonical form and of its kind,
 * signature of every attestation. May run beside a writer: what is not synced yet is a torn tail.
 *
 * What stands after a damaged place is looked for and checked too, so that one report names all
 * damage. A bad end of the last segment after which nothing proves that it had been durable is a
 * torn tail: what an unclean stop leaves, and the next start cuts away (spec 4.3).
 */
import type { Ed25519Verify, HlcStamp } from '@stemedb/model';
import { parseStamp, zeroStamp } from '@stemedb/model';
import type { ReadDisk } from '../io/disk.js';
import {
  frameHeaderBytes,
  frameMagic,
  hashOfFrame,
  markKind,
  type SegmentHeader,
  segmentHeaderBytes,
} from '../log/format.js';
import { checkFrame } from '../log/frame.js';
import {
  findProof,
  type LocatedFrame,
  readFrames,
  type SegmentSource,
} from '../log/frame_reader.js';
import type { LogRecord } from '../log/log.js';
import { RecordChecker } from './check_record.js';
import { listSegments, openSegment, readBytes, type SegmentFile } from './segment_files.js';

export interface LogFinding {
  readonly type: 'finding';
  readonly severity: 'damage' | 'torn_tail' | 'too_new';
  /** File name. */
  readonly segment: string;
  /** Byte of the file. */
  readonly byte: number;
  readonly detail: string;
}

interface LogProgress {
  readonly type: 'progress';
  readonly bytes: number;
  readonly records: number;
}

export interface LogEnd {
  readonly type: 'end';
  readonly segments: number;
  readonly bytes: number;
  readonly records: number;
  readonly attestations: number;
  readonly lastSequence: number;
  /** 32 hex digits; undefined when no header could be read. */
  readonly databaseId: string | undefined;
  /** The same. */
  readonly logId: string | undefined;
}

export type LogEvent = LogFinding | LogProgress | LogEnd;

export interface VerifyLogInput {
  readonly disk: ReadDisk;
  readonly directory: string;
  /** 32 hex digits: whose log it must be. Undefined: that of its first readable header. */
  readonly databaseId?: string | undefined;
  readonly verifySignature: Ed25519Verify;
  /** Called with each record that can be read, in log order. */
  readonly onRecord?: (record: LogRecord) => void;
}

/** The last good frame of a segment: what the next header has to name. */
interface LastFrame {
  readonly offset: number;
  readonly hash: Buffer;
}

/** Yields what it finds, progress now and then, and `end` last. Rejects with errors of the disk. */
export async function* verifyLog(input: VerifyLogInput): AsyncGenerator<LogEvent, void, void> {
  yield* new LogVerifier(input).run();
}

class LogVerifier {
  readonly #input: VerifyLogInput;
  readonly #checker: RecordChecker;
  #segment: SegmentFile | undefined;
  #first: SegmentHeader | undefined;
  #last: LastFrame | undefined;
  #number = 1;
  #nextOffset: number | undefined;
  #nextSequence: number | undefined;
  #newestStamp: HlcStamp = zeroStamp;
  /** True when frames of the segment before could not be read. */
  #isDamaged = false;
  #bytes = 0;
  #records = 0;

  constructor(input: VerifyLogInput) {
    this.#input = input;
    this.#checker = new RecordChecker(input.verifySignature);
  }

  async *run(): AsyncGenerator<LogEvent, void, void> {
    const segments = await listSegments(this.#input.disk, this.#input.directory);
    for (const [index, segment] of segments.entries()) {
      this.#segment = segment;
      yield* this.#verifySegment(segment, index === segments.length - 1);
      this.#number += 1;
    }
    yield {
      type: 'end',
      segments: segments.length,
      bytes: this.#bytes,
      records: this.#records,
      attestations: this.#checker.attestations,
      lastSequence: (this.#nextSequence ?? 1) - 1,
      databaseId: this.#first?.databaseId,
      logId: this.#first?.logId,
    };
  }

  async *#verifySegment(
    segment: SegmentFile,
    isLast: boolean,
  ): AsyncGenerator<LogEvent, void, void> {
    const { file, bytes, header } = await openSegment(this.#input.disk, segment);
    try {
      if (header.type === 'too_new') {
        const detail = `the segment has format ${header.version}; use the version that wrote it`;
        yield this.#finding('too_new', 8, detail);
        this.#isDamaged = true;
        this.#nextOffset = segment.firstOffset + bytes;
        return;
      }
      if (header.type === 'header') yield* this.#verifyHeader(header.header, segment);
      else yield this.#badHeader(header.reason, segment, bytes, isLast);
      const sequence = header.type === 'header' ? header.header.firstSequence : this.#nextSequence;
      this.#nextSequence = sequence ?? 1;
      const source = { file, number: this.#number, endPosition: bytes };
      yield* this.#verifyFrames(source, isLast);
      this.#nextOffset = segment.firstOffset + bytes;
      this.#bytes += bytes;
    } finally {
      await file.close();
    }
  }

  /** A file cut within its header is what is left of a segment that was only just begun. */
  #badHeader(
    reason: string,
    { firstOffset }: SegmentFile,
    bytes: number,
    isLast: boolean,
  ): LogFinding {
    const follows = firstOffset === (this.#nextOffset ?? 0);
    const begun = isLast && follows && bytes <= segmentHeaderBytes;
    return this.#finding(begun ? 'torn_tail' : 'damage', 0, reason);
  }

  *#verifyHeader(header: SegmentHeader, segment: SegmentFile): Generator<LogFinding> {
    const first = this.#first ?? header;
    const wrong = (byte: number, detail: string): LogFinding =>
      this.#finding('damage', byte, `the header ${detail}`);
    if (header.firstOffset !== segment.firstOffset) yield wrong(56, 'and the file name differ');
    if (header.databaseId !== (this.#input.databaseId ?? first.databaseId))
      yield wrong(16, 'is of another database');
    if (header.logId !== first.logId) yield wrong(32, 'is of another log');
    if (this.#first === undefined && header.firstOffset !== 0) {
      yield wrong(56, 'is not the first of its log: all before it is missing');
      this.#number = header.number;
    }
    if (header.number !== this.#number) {
      yield wrong(48, `has number ${header.number} where ${this.#number} belongs`);
      this.#number = header.number;
    }
    if (this.#nextOffset !== undefined && header.firstOffset !== this.#nextOffset) {
      yield wrong(56, `begins at ${header.firstOffset} where ${this.#nextOffset} belongs`);
    }
    // Behind damage these would only say the same once more.
    if (this.#first !== undefined && !this.#isDamaged) yield* this.#verifyChain(header, wrong);
    this.#newestStamp = parseStamp(header.newestStamp) ?? this.#newestStamp;
    this.#first = first;
  }

  /** What a header says of all that stands before it. */
  *#verifyChain(
    { firstSequence, newestStamp, previous }: SegmentHeader,
    wrong: (byte: number, detail: string) => LogFinding,
  ): Generator<LogFinding> {
    if (firstSequence !== this.#nextSequence) {
      yield wrong(64, `begins with record ${firstSequence}, not ${this.#nextSequence}`);
    }
    const last = this.#last;
    const isNamed = previous?.offset === last?.offset && last?.hash.equals(previous?.hash ?? none);
    if (isNamed !== true) {
      yield wrong(72, 'names another last frame of the segment before');
    }
    if (newestStamp !== this.#newestStamp) yield wrong(112, 'names another newest stamp');
  }

  async *#verifyFrames(source: SegmentSource, isLast: boolean): AsyncGenerator<LogEvent> {
    let position = Math.min(segmentHeaderBytes, source.endPosition);
    this.#last = undefined;
    this.#isDamaged = false;
    while (position < source.endPosition) {
      const frames = readFrames(source, position, this.#nextSequence ?? 1);
      let step = await frames.next();
      for (; step.done !== true; step = await frames.next()) {
        for (const frame of step.value) yield* this.#verifyFrame(frame);
        const bytes = this.#bytes + (step.value.at(-1)?.position ?? position);
        yield { type: 'progress', bytes, records: this.#records };
      }
      const { fault } = step.value;
      this.#nextSequence = step.value.nextSequence;
      if (fault === undefined) return;
      position = step.value.position;
      const proof = isLast ? await findProof(source, position, step.value.nextSequence) : undefined;
      const torn = isLast && proof === undefined;
      this.#isDamaged = true;
      const next = await nextFrame(source, position);
      const until = next === undefined ? 'the end of the file' : `byte ${next.position}`;
      const detail = `no valid frame (${fault}) from here to ${until}`;
      yield this.#finding(torn ? 'torn_tail' : 'damage', position, detail);
      if (next === undefined) return;
      position = next.position;
      this.#nextSequence = next.firstSequence;
    }
  }

  *#verifyFrame(located: LocatedFrame): Generator<LogFinding> {
    const { frame, buffer, start, position } = located;
    const end = start + frameHeaderBytes + frame.payloadBytes;
    const offset = (this.#segment?.firstOffset ?? 0) + position;
    const bytes = buffer.subarray(start, end);
    this.#last = { offset, hash: hashOfFrame(bytes) };
    if (frame.kind === markKind) return;
    this.#records += 1;
    const checked = this.#checker.check(located, this.#newestStamp);
    this.#newestStamp = checked.stamp;
    const { entry } = checked;
    if (entry !== undefined) {
      this.#input.onRecord?.({ ...entry, sequence: frame.sequence, offset });
    }
    for (const detail of checked.faults) yield this.#finding('damage', position, detail);
  }

  #finding(severity: LogFinding['severity'], byte: number, detail: string): LogFinding {
    return { type: 'finding', severity, segment: this.#segment?.name ?? '', byte, detail };
  }
}

const none = new Uint8Array();

/** The first valid frame after a bad one, and the sequence that a record there would have. */
const nextFrame = async (
  source: SegmentSource,
  position: number,
): Promise<{ readonly position: number; readonly firstSequence: number } | undefined> => {
  const rest = await readBytes(source.file, position, source.endPosition - position);
  const magic = Buffer.alloc(4);
  magic.writeUInt32BE(frameMagic);
  for (let at = rest.indexOf(magic, 1); at >= 0; at = rest.indexOf(magic, at + 1)) {
    const frame = checkFrame(rest, at, source.number);
    if (typeof frame === 'string') continue;
    const firstSequence = frame.kind === markKind ? frame.sequence + 1 : frame.sequence;
    return { position: position + at, firstSequence };
  }
  return undefined;
};
