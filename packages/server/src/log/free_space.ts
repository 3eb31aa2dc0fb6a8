/**
 * Whether there is room to write. The file system is asked once a second or once in 16 MiB, and at
 * every append while it said no, so that writing resumes at once when there is space again.
 */
import type { Clock } from '../io/clock.js';
import type { Disk } from '../io/disk.js';

const askAgainMs = 1000;
const askAgainBytes = 16 * 1024 * 1024;

export class FreeSpace {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #directory: string;
  readonly #bytesMin: number;
  #askedMs = Number.NEGATIVE_INFINITY;
  #bytesSince = 0;
  #isEnough = false;

  constructor(disk: Disk, clock: Clock, directory: string, bytesMin: number) {
    this.#disk = disk;
    this.#clock = clock;
    this.#directory = directory;
    this.#bytesMin = bytesMin;
  }

  /** A disk that cannot say how full it is gets the write, which will tell. */
  async allows(bytes: number): Promise<boolean> {
    const nowMs = this.#clock.monotonicMs();
    this.#bytesSince += bytes;
    const isFresh = nowMs - this.#askedMs < askAgainMs && this.#bytesSince < askAgainBytes;
    if (this.#isEnough && isFresh) return true;
    this.#askedMs = nowMs;
    this.#bytesSince = bytes;
    const free = await this.#disk.freeBytes(this.#directory).catch(() => Number.POSITIVE_INFINITY);
    this.#isEnough = free - bytes >= this.#bytesMin;
    return this.#isEnough;
  }
}
