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
  readonly #directories: readonly string[];
  readonly #bytesMin: number;
  #askedMs = Number.NEGATIVE_INFINITY;
  #bytesSince = 0;
  #isEnough = false;

  constructor(disk: Disk, clock: Clock, directories: readonly string[], bytesMin: number) {
    this.#disk = disk;
    this.#clock = clock;
    this.#directories = directories;
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
    const free = await Promise.all(this.#directories.map((directory) => this.#freeIn(directory)));
    this.#isEnough = Math.min(...free) - bytes >= this.#bytesMin;
    return this.#isEnough;
  }

  #freeIn(directory: string): Promise<number> {
    return this.#disk.freeBytes(directory).catch(() => Number.POSITIVE_INFINITY);
  }
}
