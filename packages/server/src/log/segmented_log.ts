/**
 * The log over segment files. One append at a time: one write, one sync. What `durableSequence`
 * covers is on stable storage; nothing beyond it is ever handed out.
 */
import { fail, type HlcStamp, type Outcome, ok, type StemeError } from '@stemedb/model';
import type { Clock } from '../io/clock.js';
import type { Disk } from '../io/disk.js';
import { diskFull, logCorrupt, logFailed, nameLost } from './failure.js';
import {
  frameFlags,
  framePayloadBytesMax,
  hashOfFrame,
  markKind,
  recordPrefixBytes,
  type SegmentHeader,
} from './format.js';
import { encodeMark, frameBytes, writeRecordFrame } from './frame.js';
import { FreeSpace } from './free_space.js';
import { IdleMarker } from './idle_marker.js';
import { iterateRecords } from './iterate.js';
import { type Appended, allShards, type Log, type LogEntry, type LogRecord } from './log.js';
import type { LogMetrics } from './metrics.js';
import { NamedFile } from './named_file.js';
import { readRecord } from './read_record.js';
import type { FrameExtent } from './recovery.js';
import type { SegmentFiles } from './segment_files.js';
import { createSegment, type SegmentWriter } from './segment_writer.js';

/** Kept from one append to the next; a larger batch gets a buffer of its own. */
const scratchBytes = 1024 * 1024;

export interface SegmentedLogOptions {
  readonly directory: string;
  readonly databaseId: string;
  readonly logId: string;
  readonly segmentBytesMax: number;
  readonly freeBytesMin: number;
  readonly viewDirectories?: readonly string[];
  readonly metrics?: LogMetrics;
}

/** Where recovery found the end. */
export interface SegmentedLogState {
  readonly files: SegmentFiles;
  readonly writer: SegmentWriter;
  readonly lastSequence: number;
  readonly newestStamp: string;
  readonly lastFrame: FrameExtent | undefined;
  /** True when nothing behind the last record shows that it is durable. */
  readonly isUnmarked: boolean;
}

const zeroStamp = '0'.repeat(32);

export class SegmentedLog implements Log {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #options: SegmentedLogOptions;
  readonly #files: SegmentFiles;
  readonly #freeSpace: FreeSpace;
  readonly #named: NamedFile;
  readonly #marker: IdleMarker;
  readonly #scratch = Buffer.allocUnsafeSlow(scratchBytes);
  #writer: SegmentWriter;
  /** Written and durable are one: an append that is not synced is not in the log. */
  #lastSequence: number;
  #newestStamp: string;
  #lastFrame: FrameExtent | undefined;
  #failure: StemeError | undefined;
  /** A batch, mark or closing that is under way. */
  #writing: Promise<unknown> | undefined;
  #isAppending = false;
  #isClosed = false;

  constructor(disk: Disk, clock: Clock, options: SegmentedLogOptions, state: SegmentedLogState) {
    this.#disk = disk;
    this.#clock = clock;
    this.#options = options;
    this.#files = state.files;
    this.#writer = state.writer;
    this.#lastSequence = state.lastSequence;
    this.#newestStamp = state.newestStamp;
    this.#lastFrame = state.lastFrame;
    const directories = [options.directory, ...(options.viewDirectories ?? [])];
    this.#freeSpace = new FreeSpace(disk, clock, directories, options.freeBytesMin);
    this.#named = new NamedFile(clock);
    this.#marker = new IdleMarker(clock, async () => {
      const marked = await this.mark();
      return marked.ok || this.#failure !== undefined;
    });
    // What recovery has kept is durable now; only a mark says so to whoever looks from beside.
    if (state.isUnmarked) this.#marker.appended(clock.monotonicMs());
  }

  get logId(): string {
    return this.#options.logId;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  get durableSequence(): number {
    return this.#lastSequence;
  }

  get lastStamp(): HlcStamp | undefined {
    return this.#newestStamp === zeroStamp ? undefined : (this.#newestStamp as HlcStamp);
  }

  get failure(): StemeError | undefined {
    return this.#failure;
  }

  get usage(): { readonly segments: number; readonly bytes: number } {
    const bytes = this.#writer.endOffset - this.#files.firstOffset;
    return { segments: this.#files.count, bytes };
  }

  async append(batch: readonly LogEntry[]): Promise<Outcome<Appended>> {
    if (this.#isAppending) throw new Error('log: appends overlap');
    if (this.#isClosed) throw new Error('log: append after close');
    this.#isAppending = true;
    try {
      const appended = await this.#alone(() => this.#append(batch));
      if (!appended.ok) this.#options.metrics?.writeFailed?.(appended.error);
      return appended;
    } finally {
      this.#isAppending = false;
    }
  }

  read(sequence: number, offset: number): Outcome<LogRecord> {
    const end = this.#writer.endOffset;
    if (sequence > this.#lastSequence || offset >= end) {
      const place = { segmentOffset: this.#files.holderOf(offset), offset };
      return fail(logCorrupt(place, `record ${sequence} is looked for beyond the end of the log`));
    }
    return readRecord(this.#files, end, sequence, offset);
  }

  iterate(from: {
    readonly sequence: number;
    readonly offset?: number;
    readonly shard?: number;
    readonly chunkBytes?: number;
  }): AsyncIterable<readonly LogRecord[]> {
    const end = () => ({ offset: this.#writer.endOffset, sequence: this.#lastSequence });
    return iterateRecords(this.#disk, this.#files, end, from);
  }

  mark(): Promise<Outcome<void>> {
    return this.#alone(() => this.#mark(0));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#marker.stop();
    await this.#alone(() => this.#mark(frameFlags.clean));
    await this.#writer.file.close();
    await this.#files.close();
  }

  /** Runs one writing after the other. */
  async #alone<T>(write: () => Promise<T>): Promise<T> {
    while (this.#writing) await this.#writing;
    const writing = write();
    this.#writing = writing;
    try {
      return await writing;
    } finally {
      this.#writing = undefined;
    }
  }

  async #append(batch: readonly LogEntry[]): Promise<Outcome<Appended>> {
    const bytes = batchBytes(batch);
    if (this.#failure) return fail(this.#failure);
    const { file, header } = this.#writer;
    if (!(await this.#named.isNamed(file, this.#files.path(header.firstOffset)))) {
      return this.#refused(nameLost(header.firstOffset));
    }
    if (!(await this.#freeSpace.allows(bytes))) {
      return fail(diskFull('Less free space is left than the log keeps in reserve'));
    }
    const isFull = this.#writer.position + bytes > this.#options.segmentBytesMax;
    if (isFull && this.#lastFrame) {
      const rotated = await this.#rotate();
      if (!rotated.ok) return rotated;
    }
    return this.#write(batch, bytes);
  }

  async #write(batch: readonly LogEntry[], bytes: number): Promise<Outcome<Appended>> {
    const startedMs = this.#clock.monotonicMs();
    const buffer = bytes <= scratchBytes ? this.#scratch : Buffer.allocUnsafeSlow(bytes);
    const offsets: number[] = [];
    const base = this.#writer.endOffset;
    const segmentNumber = this.#writer.header.number;
    const durable = this.#lastSequence;
    let newestStamp = this.#newestStamp;
    let position = 0;
    let lastStart = 0;
    for (const entry of batch) {
      lastStart = position;
      offsets.push(base + position);
      const place = { sequence: durable + offsets.length, durable, segmentNumber };
      position = writeRecordFrame(buffer, position, entry, place);
      if (entry.stamp > newestStamp) newestStamp = entry.stamp;
    }
    const filePosition = this.#writer.position;
    const written = await this.#writer.append(buffer.subarray(0, bytes));
    if (!written.ok) return this.#refused(written.error);
    this.#lastFrame = { position: filePosition + lastStart, bytes: bytes - lastStart };
    this.#newestStamp = newestStamp;
    this.#lastSequence += batch.length;
    const endedMs = this.#clock.monotonicMs();
    this.#marker.appended(endedMs);
    this.#options.metrics?.appended?.({
      records: batch.length,
      bytes,
      seconds: (endedMs - startedMs) / 1000,
      syncSeconds: written.value.syncMs / 1000,
    });
    return ok({ firstSequence: durable + 1, offsets });
  }

  async #mark(flags: number): Promise<Outcome<void>> {
    if (this.#failure) return fail(this.#failure);
    const mark = encodeMark(this.#lastSequence, flags, this.#writer.header.number);
    const position = this.#writer.position;
    const written = await this.#writer.append(mark);
    if (!written.ok) return this.#refused(written.error);
    this.#lastFrame = { position, bytes: mark.length };
    this.#options.metrics?.marked?.();
    return ok(undefined);
  }

  /**
   * Everything in the segment is durable before the next one is made: appends end with a sync. The
   * old one is looked at before, so that nothing is made in a directory that was put in place of
   * the log's, and behind: what is there then shows that the new one stands beside it. A segment
   * made in another directory would have its name from then on, and nobody would look for the old.
   */
  async #rotate(): Promise<Outcome<void>> {
    const old = this.#writer;
    const oldPath = this.#files.path(old.header.firstOffset);
    const isThere = (): Promise<boolean> => this.#named.isNamedNow(old.file, oldPath);
    if (!(await isThere())) return this.#refused(nameLost(old.header.firstOffset));
    const header = this.#nextHeader();
    if (!header.ok) return this.#refused(header.error);
    const path = this.#files.path(header.value.firstOffset);
    const created = await createSegment(this.#disk, path, header.value, this.#clock);
    if (!created.ok) return this.#refused(created.error);
    if (!(await isThere())) {
      await created.value.file.close().catch(() => undefined);
      return this.#refused(nameLost(old.header.firstOffset));
    }
    this.#files.add(header.value);
    this.#writer = created.value;
    this.#lastFrame = undefined;
    this.#options.metrics?.rotated?.();
    await old.file.close().catch(() => undefined);
    return ok(undefined);
  }

  #nextHeader(): Outcome<SegmentHeader> {
    const { header, file, endOffset } = this.#writer;
    const { position, bytes } = this.#lastFrame ?? { position: 0, bytes: 0 };
    const frame = Buffer.alloc(bytes);
    try {
      const count = file.readSync(frame, 0, bytes, position);
      if (count !== bytes) throw new Error('the file is shorter than what was written');
    } catch (error) {
      return fail(logFailed('the last frame could not be read back', error));
    }
    return ok({
      databaseId: header.databaseId,
      logId: this.#options.logId,
      number: header.number + 1,
      firstOffset: endOffset,
      firstSequence: this.#lastSequence + 1,
      previous: { offset: header.firstOffset + position, hash: hashOfFrame(frame) },
      newestStamp: this.#newestStamp,
    });
  }

  #refused<T>(error: StemeError): Outcome<T> {
    if (error.code === 'log_failed' && !this.#failure) {
      this.#failure = error;
      this.#marker.stop();
      this.#options.metrics?.died?.(error);
    }
    return fail(error);
  }
}

/** Checks what the callers promise, before anything of the batch is laid out. */
function batchBytes(batch: readonly LogEntry[]): number {
  if (batch.length === 0) throw new Error('log: a batch without entries');
  let bytes = 0;
  for (const entry of batch) {
    const isKind = entry.kind > markKind && entry.kind <= 0xff;
    const isShard = entry.shard === allShards || (entry.shard >= 0 && entry.shard <= 0xff);
    const isFit = recordPrefixBytes + entry.bytes.byteLength <= framePayloadBytesMax;
    if (!isKind || !isShard || !isFit || entry.stamp.length !== 32) {
      throw new Error('log: an entry that no frame can hold');
    }
    bytes += frameBytes(entry);
  }
  return bytes;
}
