/**
 * Whether the open segment still has its name. A file whose name is gone, because somebody removed
 * or moved the directory or mounted another one over it, takes writes and syncs as ever, and is
 * lost with the process: what is acknowledged then is on no disk. Nobody says so; it must be looked
 * at. PostgreSQL looks at its lock file each minute for the same reason.
 */
import type { Clock } from '../io/clock.js';
import type { DiskFile } from '../io/disk.js';

const askAgainMs = 1000;

export class NamedFile {
  readonly #clock: Clock;
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Looks once a second. */
  async isNamed(file: DiskFile, path: string): Promise<boolean> {
    if (this.#clock.monotonicMs() - this.#askedMs < askAgainMs) return true;
    return this.isNamedNow(file, path);
  }

  /** A disk that cannot say gets the write, which will tell. */
  isNamedNow(file: DiskFile, path: string): Promise<boolean> {
    this.#askedMs = this.#clock.monotonicMs();
    return file.isAt(path).catch(() => true);
  }
}
