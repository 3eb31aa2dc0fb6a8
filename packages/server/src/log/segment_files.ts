/**
 * The segment files of a directory, seen as one range of offsets. Files are opened when something
 * in them is asked for; a bounded number stays open.
 */
import { join } from 'node:path';
import { fail, type Outcome, ok, type StemeError } from '@stemedb/model';
import type { Disk, DiskFile } from '../io/disk.js';
import { logCorrupt } from './failure.js';
import { fillSync } from './fill.js';
import {
  decodeSegmentHeader,
  type SegmentHeader,
  segmentHeaderBytes,
  segmentName,
} from './format.js';

/** Descriptors kept for random reads of sealed segments: 8 GiB of log at 64 MiB each. */
const openFilesMax = 128;

export interface OpenSegment {
  readonly header: SegmentHeader;
  readonly file: DiskFile;
}

/** Checks the header of a file against where its name puts it. */
export function readSegmentHeader(
  bytes: Buffer,
  firstOffset: number,
  databaseId: string,
): Outcome<SegmentHeader> {
  const decoded = decodeSegmentHeader(bytes);
  const place = { segmentOffset: firstOffset, offset: firstOffset };
  if (decoded.type === 'bad') return fail(logCorrupt(place, decoded.reason));
  if (decoded.type === 'too_new') return fail(formatTooNew(firstOffset, decoded.version));
  const { header } = decoded;
  if (header.databaseId !== databaseId) return fail(mismatch(header, firstOffset, databaseId));
  if (header.firstOffset !== firstOffset) {
    const home = segmentName(header.firstOffset);
    return fail(logCorrupt(place, `the file is a copy of segment ${home} under another name`));
  }
  return ok(header);
}

function formatTooNew(firstOffset: number, version: number): StemeError {
  return {
    code: 'format_too_new',
    detail:
      `Segment ${segmentName(firstOffset)} has log format ${version}, which is newer than this ` +
      'program knows. Start the version of StemeDB that wrote it, or a later one.',
  };
}

function mismatch(header: SegmentHeader, firstOffset: number, databaseId: string): StemeError {
  return {
    code: 'database_mismatch',
    detail:
      `Segment ${segmentName(firstOffset)} belongs to database ${header.databaseId}, but the ` +
      `directory belongs to ${databaseId}. Put the file back where it came from.`,
  };
}

/** Reads as much of a header as there is, at once. */
export function readHeaderBytes(file: DiskFile): Buffer {
  return fillSync(file, Buffer.alloc(segmentHeaderBytes), 0);
}

export class SegmentFiles {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #databaseId: string;
  /** First offsets in order; the last is the open segment. */
  readonly #offsets: number[];
  readonly #headers = new Map<number, SegmentHeader>();
  /** By first offset; the least recently used comes first. */
  readonly #files = new Map<number, DiskFile>();

  constructor(disk: Disk, directory: string, databaseId: string, offsets: readonly number[]) {
    this.#disk = disk;
    this.#directory = directory;
    this.#databaseId = databaseId;
    this.#offsets = [...offsets];
  }

  get count(): number {
    return this.#offsets.length;
  }

  get firstOffset(): number {
    return this.#offsets[0] ?? 0;
  }

  path(firstOffset: number): string {
    return join(this.#directory, segmentName(firstOffset));
  }

  add(header: SegmentHeader): void {
    this.#offsets.push(header.firstOffset);
    this.#headers.set(header.firstOffset, header);
  }

  /** First offset of the segment that holds `offset`. */
  holderOf(offset: number): number {
    return this.#offsets[this.#lastIndex((first) => first <= offset)] ?? 0;
  }

  /** First offset of the next segment; undefined for the open one. */
  next(firstOffset: number): number | undefined {
    return this.#offsets[this.#lastIndex((first) => first <= firstOffset) + 1];
  }

  /** First offset of the segment that holds the record `sequence`, from the headers. */
  holderOfSequence(sequence: number): Outcome<number> {
    let error: StemeError | undefined;
    const index = this.#lastIndex((first) => {
      const header = this.header(first);
      if (!header.ok) error = header.error;
      return header.ok && header.value.firstSequence <= sequence;
    });
    return error ? fail(error) : ok(this.#offsets[Math.max(index, 0)] ?? 0);
  }

  header(firstOffset: number): Outcome<SegmentHeader> {
    const known = this.#headers.get(firstOffset);
    if (known) return ok(known);
    const opened = this.open(firstOffset);
    return opened.ok ? ok(opened.value.header) : opened;
  }

  /** The file, open for reading and owned by this object, with its checked header. */
  open(firstOffset: number): Outcome<OpenSegment> {
    try {
      const file = this.#file(firstOffset);
      const known = this.#headers.get(firstOffset);
      if (known) return ok({ file, header: known });
      const header = readSegmentHeader(readHeaderBytes(file), firstOffset, this.#databaseId);
      if (!header.ok) return header;
      this.#headers.set(firstOffset, header.value);
      return ok({ file, header: header.value });
    } catch (error) {
      const place = { segmentOffset: firstOffset, offset: firstOffset };
      return fail(logCorrupt(place, 'the file cannot be read', error));
    }
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map((file) => file.close()));
  }

  #file(firstOffset: number): DiskFile {
    const open = this.#files.get(firstOffset);
    const file = open ?? this.#disk.openSync(this.path(firstOffset));
    if (open) this.#files.delete(firstOffset);
    this.#files.set(firstOffset, file);
    this.#evict();
    return file;
  }

  /** A read-only descriptor has nothing to lose when closing it fails. */
  #evict(): void {
    if (this.#files.size <= openFilesMax) return;
    const [oldest] = this.#files;
    if (!oldest) return;
    this.#files.delete(oldest[0]);
    oldest[1].close().catch(() => undefined);
  }

  /** Index of the last segment for which `holds`, which is true for a prefix; -1 for none. */
  #lastIndex(holds: (firstOffset: number) => boolean): number {
    let low = 0;
    let high = this.#offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.#offsets[middle] ?? 0)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
