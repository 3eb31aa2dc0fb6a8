/**
 * The one error class of the client. Its `code` is a code of the server's error table, or one of
 * the three things that only a client can meet.
 */
import { type ErrorCode, errorTable, type Fault, type JsonObject } from '@stemedb/model';

/** `connection_failed`: no answer. `bad_answer`: not what the API promises. `incomplete`: a stream
 * of lines ended early again and again. */
export type ClientErrorCode = ErrorCode | 'connection_failed' | 'bad_answer' | 'incomplete';

export interface ClientErrorDetails {
  readonly code: ClientErrorCode;
  readonly detail: string;
  readonly status?: number;
  readonly faults?: readonly Fault[];
  readonly retryAfterMs?: number;
  readonly problem?: JsonObject;
  readonly cause?: unknown;
}

export class StemeClientError extends Error {
  override readonly name = 'StemeClientError';
  readonly code: ClientErrorCode;
  /** What went wrong and what to do, for a person. */
  readonly detail: string;
  /** The HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  readonly faults: readonly Fault[];
  /** How long the server asked to wait. */
  readonly retryAfterMs: number | undefined;
  /** The whole problem document, with its extra members such as `nfc`. */
  readonly problem: JsonObject | undefined;

  constructor(details: ClientErrorDetails) {
    super(`${details.code}: ${details.detail}`, { cause: details.cause });
    this.code = details.code;
    this.detail = details.detail;
    this.status = details.status;
    this.faults = details.faults ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.problem = details.problem;
  }

  /** True when sending the same again may succeed. */
  get retryable(): boolean {
    if (this.code === 'connection_failed' || this.code === 'incomplete') return true;
    if (isErrorCode(this.code)) return errorTable[this.code].retryable;
    return this.status === 502 || this.status === 503 || this.status === 429;
  }
}

/** True for a code of the error table. */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorTable, code);
