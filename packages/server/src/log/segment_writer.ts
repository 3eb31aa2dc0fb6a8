/**
 * The open segment: the only file that is written. Failure model (spec 4.3): after a failed write
 * the file is cut back to the last whole append and goes on, or the log is dead; after a failed
 * sync it is dead, because the kernel may have dropped the pages and would not say so again
 * (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
 */
import { dirname } from 'node:path';
import { fail, type Outcome, ok, type StemeError } from '@stemedb/model';
import type { Clock } from '../io/clock.js';
import { type Disk, type DiskFile, diskErrorCode } from '../io/disk.js';
import { logFailed, writeFailure } from './failure.js';
import { encodeSegmentHeader, type SegmentHeader } from './format.js';
import { syncFailed } from './sync_failure.js';

/** A write interrupted or cut short this often in a row is a failed write. */
const attemptsMax = 16;

export class SegmentWriter {
  readonly header: SegmentHeader;
  readonly file: DiskFile;
  readonly #clock: Clock;
  #position: number;

  constructor(header: SegmentHeader, file: DiskFile, position: number, clock: Clock) {
    this.header = header;
    this.file = file;
    this.#position = position;
    this.#clock = clock;
  }

  /** Bytes of the file, all of them durable. */
  get position(): number {
    return this.#position;
  }

  /** Offset of the next frame, counted through all segments. */
  get endOffset(): number {
    return this.header.firstOffset + this.#position;
  }

  /** One write and one sync. `log_failed` is final; after any other error the file is as before. */
  async append(bytes: Uint8Array): Promise<Outcome<{ readonly syncMs: number }>> {
    const written = await writeWhole(this.file, bytes, this.#position);
    if (!written.ok) return fail(await this.#cutBack(written.error));
    const startedMs = this.#clock.monotonicMs();
    try {
      await this.file.datasync();
    } catch (error) {
      return fail(syncFailed('a sync failed', error));
    }
    this.#position += bytes.byteLength;
    return ok({ syncMs: this.#clock.monotonicMs() - startedMs });
  }

  /** Undoes a failed write, durably, so that nothing of it can stand behind later frames. */
  async #cutBack(error: StemeError): Promise<StemeError> {
    try {
      await this.file.truncate(this.#position);
    } catch (cause) {
      return logFailed(`a failed write could not be undone (${diskErrorCode(cause)})`, cause);
    }
    try {
      await this.file.datasync();
    } catch (cause) {
      return syncFailed('a failed write could not be undone', cause);
    }
    return error;
  }
}

/** Writes all bytes; what a short write hides shows when the rest is written. */
export async function writeWhole(
  file: DiskFile,
  bytes: Uint8Array,
  position: number,
): Promise<Outcome<void>> {
  let written = 0;
  let attempts = 0;
  while (written < bytes.byteLength) {
    attempts += 1;
    try {
      written += await file.write(bytes.subarray(written), position + written);
    } catch (error) {
      if (diskErrorCode(error) !== 'EINTR' || attempts >= attemptsMax) {
        return fail(writeFailure(error));
      }
    }
    if (attempts >= attemptsMax && written < bytes.byteLength) {
      return fail(writeFailure(new Error(`${attemptsMax} short writes in a row`)));
    }
  }
  return ok(undefined);
}

/**
 * Makes the file of a new segment. Before anything is appended its header and its name are durable,
 * so a segment with a bad header and no frame is one whose making was cut off.
 */
export async function createSegment(
  disk: Disk,
  path: string,
  header: SegmentHeader,
  clock: Clock,
): Promise<Outcome<SegmentWriter>> {
  let file: DiskFile;
  try {
    file = await disk.open(path, 'create');
  } catch (error) {
    return fail(writeFailure(error));
  }
  const bytes = encodeSegmentHeader(header);
  const written = await writeWhole(file, bytes, 0);
  if (!written.ok) return fail(await discard(disk, path, file, written.error));
  try {
    await file.datasync();
    await disk.syncDirectory(dirname(path));
  } catch (error) {
    await file.close().catch(() => undefined);
    return fail(syncFailed('a new segment could not be synced', error));
  }
  return ok(new SegmentWriter(header, file, bytes.byteLength, clock));
}

/** The name must not come back after a crash, when the segment before has grown past it. */
async function discard(
  disk: Disk,
  path: string,
  file: DiskFile,
  error: StemeError,
): Promise<StemeError> {
  try {
    await file.close();
    await disk.remove(path);
    await disk.syncDirectory(dirname(path));
  } catch (cause) {
    return logFailed(`a failed segment could not be removed (${diskErrorCode(cause)})`, cause);
  }
  return error;
}
