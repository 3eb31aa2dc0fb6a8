/**
 * Errors as the world sees them: RFC 9457 problem documents, made from the one error table.
 * Nothing of a cause leaves the process; it is logged where it happened.
 */
import type { ErrorCode, Fault, StemeError } from '@stemedb/model';
import { errorTable } from '@stemedb/model';
import type { FastifyReply } from 'fastify';

export const problemType = 'application/problem+json';

/** Faults listed in one problem; more would only repeat themselves. */
export const faultsReportedMax = 100;

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly errors?: readonly Fault[];
  readonly [extra: string]: unknown;
}

/** Where a code is explained; relative, so that it resolves against the server that sent it. */
const problemTypeOf = (code: ErrorCode): string => `/errors#${code}`;

export function problemOf(error: StemeError): Problem {
  const row = errorTable[error.code];
  const faults = error.faults?.slice(0, faultsReportedMax);
  return {
    ...error.extra,
    type: problemTypeOf(error.code),
    title: row.title,
    status: row.status,
    detail: error.detail,
    code: error.code,
    ...(faults !== undefined && faults.length > 0 ? { errors: faults } : {}),
  };
}

/** Seconds a client should wait before it sends the same again. */
const retryAfterSeconds = 1;

/**
 * Sends the problem. A body that was not read to its end is never read: the connection closes
 * behind the answer, so that what follows cannot be taken for another request.
 */
export function sendProblem(reply: FastifyReply, error: StemeError): FastifyReply {
  const problem = problemOf(error);
  if (problem.status === 503 && errorTable[error.code].retryable) {
    reply.header('retry-after', String(retryAfterSeconds));
  }
  if (!reply.request.raw.complete && hasBody(reply)) reply.header('connection', 'close');
  return reply
    .code(problem.status)
    .header('content-type', problemType)
    .serializer((payload: unknown) => payload as string)
    .send(JSON.stringify(problem));
}

function hasBody(reply: FastifyReply): boolean {
  const { headers } = reply.request;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Carries a `StemeError` through places of the framework that only take an `Error`. */
export class ProblemError extends Error {
  readonly problem: StemeError;
  /** Read by the framework when a body cannot be taken. */
  readonly statusCode: number;

  constructor(problem: StemeError) {
    super(problem.detail, { cause: problem.cause });
    this.name = 'ProblemError';
    this.problem = problem;
    this.statusCode = errorTable[problem.code].status;
  }
}

/** A short, printable form of something a caller sent, for use inside a sentence. */
export function quoted(text: string): string {
  const clipped = text.length > 64 ? `${text.slice(0, 64)}...` : text;
  return JSON.stringify(clipped);
}

/** The faults of one input as one error: the first names the whole. */
export function faultsError(faults: readonly [Fault, ...Fault[]]): StemeError {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more, see "errors")` : '';
  return { code: first.code, detail: `${first.detail}${more}`, faults };
}
