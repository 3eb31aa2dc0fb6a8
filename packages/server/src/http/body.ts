/**
 * Bodies: JSON goes through the exact parser of the model, never through the framework's own, so
 * that no number, key or string changes on its way in (spec 1.1).
 */
import type { IncomingMessage } from 'node:http';
import type { Outcome } from '@stemedb/model';
import { ok, parseJson } from '@stemedb/model';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BodyDeadlines } from '../guard/body_deadlines.js';
import { Gathered } from './gathered.js';
import { ProblemError } from './problem.js';

const jsonType = 'application/json';
export const ndjsonType = 'application/x-ndjson';

/** Bodies of JSON, each of which has its deadline. */
export class JsonBodies {
  readonly #deadlines: BodyDeadlines;

  constructor(deadlines: BodyDeadlines) {
    this.#deadlines = deadlines;
  }

  /** Makes JSON the only body that routes of this instance accept. */
  accept(app: FastifyInstance): void {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(jsonType, (request, payload: IncomingMessage, done) => {
      readBody(request, payload, done, { parse: parseJson, deadlines: this.#deadlines });
    });
  }

  /** Leaves it to the handlers of this instance to parse the bytes of a body. */
  acceptBytes(app: FastifyInstance): void {
    app.removeContentTypeParser(jsonType);
    app.addContentTypeParser(jsonType, (request, payload: IncomingMessage, done) => {
      readBody(request, payload, done, { parse: ok, deadlines: this.#deadlines });
    });
  }
}

/** Lets routes of this instance read `application/x-ndjson` as a stream of bytes. */
export function acceptNdjson(app: FastifyInstance): void {
  app.addContentTypeParser(ndjsonType, (request, payload, done) => {
    const refusal = charsetRefusal(request);
    if (refusal !== undefined) done(refusal);
    else done(null, payload);
  });
}

interface HowToRead {
  readonly parse: (bytes: Buffer) => Outcome<unknown>;
  readonly deadlines: BodyDeadlines;
}

type Done = (error: Error | null, body?: unknown) => void;

/** Reads a body of JSON, holding little more memory than it has bytes, however it is cut. */
function readBody(
  request: FastifyRequest,
  payload: IncomingMessage,
  done: Done,
  { parse, deadlines }: HowToRead,
): void {
  const limit = request.routeOptions.bodyLimit;
  const stated = request.headers['content-length'];
  const refusal = charsetRefusal(request) ?? (Number(stated) > limit ? tooLarge(limit) : undefined);
  if (refusal !== undefined) {
    done(refusal);
    return;
  }
  const body = new Gathered();
  const finish = (error: Error | null, value?: unknown): void => {
    deadlines.end(payload);
    payload.off('data', take).off('end', end).off('error', finish);
    done(error, value);
  };
  const take = (piece: Buffer): void => {
    if (body.byteLength + piece.length > limit) finish(tooLarge(limit));
    else body.add(piece);
  };
  const end = (): void => {
    const bytes = body.take();
    const parsed = parse(bytes);
    if (stated !== undefined && bytes.length !== Number(stated)) finish(otherLength());
    else if (parsed.ok) finish(null, parsed.value);
    else finish(new ProblemError(parsed.error));
  };
  deadlines.start(payload);
  payload.on('data', take).on('end', end).on('error', finish);
}

function tooLarge(limit: number): ProblemError {
  const detail = `This call accepts at most ${limit} bytes.`;
  return new ProblemError({ code: 'body_too_large', detail });
}

function otherLength(): ProblemError {
  const detail = 'The body has another length than Content-Length says.';
  return new ProblemError({ code: 'malformed_request', detail });
}

/** JSON is UTF-8 (RFC 8259 8.1); another charset would be decoded into something else. */
function charsetRefusal(request: FastifyRequest): ProblemError | undefined {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(
    request.headers['content-type'] ?? '',
  )?.[1];
  if (charset === undefined || /^utf-?8$/i.test(charset)) return undefined;
  return new ProblemError({
    code: 'unsupported_media_type',
    detail: 'JSON is sent as UTF-8; leave the charset out.',
  });
}

/** True when the body is a stream of lines, false when it was parsed. */
export function isStream(request: FastifyRequest): boolean {
  return request.body === request.raw;
}
