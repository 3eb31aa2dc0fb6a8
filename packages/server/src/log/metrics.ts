/** What the log tells whoever counts; all optional, called on the writing path, must not throw. */
import type { StemeError } from '@stemedb/model';

export interface LogMetrics {
  /** An append became durable. */
  appended?(append: {
    readonly records: number;
    readonly bytes: number;
    /** Write and sync together. */
    readonly seconds: number;
    readonly syncSeconds: number;
  }): void;
  rotated?(): void;
  marked?(): void;
  /** A batch could not be written, or was refused. */
  writeFailed?(error: StemeError): void;
  /** The log is dead. */
  died?(error: StemeError): void;
  recovered?(seconds: number): void;
}
