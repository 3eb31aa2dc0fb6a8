/**
 * The answer to an NDJSON request while it grows. Its size is bounded whatever the request holds:
 * at most `refusalsReportedMax` refusals, and one progress line a second. So nothing here has to
 * wait for a client that reads late, and a client that sends everything before it reads cannot
 * deadlock; one that never reads is cut by the idle timeout of its connection.
 *
 * Invariant: `durable_through: n` is written only when every line up to n is decided and synced.
 */
import type { Writable } from 'node:stream';
import type { StemeError } from '@stemedb/model';
import type { Clock } from '../../io/clock.js';

const progressIntervalMs = 1000;
const detailLengthMax = 512;

export interface ReportLimits {
  readonly refusalsReportedMax: number;
}

export class NdjsonReport {
  readonly #out: Writable;
  readonly #clock: Clock;
  readonly #limits: ReportLimits;
  #created = 0;
  #duplicate = 0;
  #refused = 0;
  #position: { readonly sequence: number; readonly text: string } | undefined;
  #durableThrough = 0;
  #progressWritten = 0;
  #progressAtMs: number | undefined;
  #cancelProgress: (() => void) | undefined;
  #closed = false;

  constructor(out: Writable, clock: Clock, limits: ReportLimits) {
    this.#out = out;
    this.#clock = clock;
    this.#limits = limits;
  }

  accepted(status: 'created' | 'duplicate', sequence: number, position: string): void {
    if (status === 'created') this.#created += 1;
    else this.#duplicate += 1;
    if (this.#position === undefined || sequence > this.#position.sequence) {
      this.#position = { sequence, text: position };
    }
  }

  refused(line: number, error: StemeError): void {
    this.#refused += 1;
    const { refusalsReportedMax } = this.#limits;
    if (this.#refused <= refusalsReportedMax) {
      const detail = error.detail.slice(0, detailLengthMax);
      this.#write({ line, code: error.code, detail });
    } else if (this.#refused === refusalsReportedMax + 1) {
      const detail = `After ${refusalsReportedMax} refusals, further ones are only counted.`;
      this.#write({ line, code: 'too_many_errors', detail });
    }
  }

  /** Says that every line up to `line` is decided, now or within the interval. */
  durableThrough(line: number): void {
    this.#durableThrough = line;
    if (this.#cancelProgress !== undefined || line <= this.#progressWritten) return;
    const sinceMs =
      this.#progressAtMs === undefined
        ? progressIntervalMs
        : this.#clock.monotonicMs() - this.#progressAtMs;
    if (sinceMs >= progressIntervalMs) this.#writeProgress();
    else {
      this.#cancelProgress = this.#clock.after(progressIntervalMs - sinceMs, () => {
        this.#cancelProgress = undefined;
        this.#writeProgress();
      });
    }
  }

  /** The answer is complete. */
  end(lines: number): void {
    this.#write({
      type: 'end',
      lines,
      created: this.#created,
      duplicate: this.#duplicate,
      refused: this.#refused,
      ...(this.#position === undefined ? {} : { position: this.#position.text }),
    });
    this.#close();
  }

  /** The answer stops here: without `end`, the client sends again what is not durable. */
  stop(error: StemeError): void {
    if (this.#durableThrough > this.#progressWritten) this.#writeProgress();
    const detail = error.detail.slice(0, detailLengthMax);
    this.#write({ type: 'error', code: error.code, detail });
    this.#close();
  }

  #writeProgress(): void {
    this.#progressAtMs = this.#clock.monotonicMs();
    this.#progressWritten = this.#durableThrough;
    this.#write({ durable_through: this.#durableThrough });
  }

  #write(line: object): void {
    if (this.#closed || this.#out.destroyed) return;
    this.#out.write(`${JSON.stringify(line)}\n`);
  }

  #close(): void {
    this.#cancelProgress?.();
    this.#cancelProgress = undefined;
    if (!this.#closed) this.#out.end();
    this.#closed = true;
  }
}
