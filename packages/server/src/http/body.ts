/**
 * Bodies: JSON goes through the exact parser of the model, never through the framework's own, so
 * that no number, key or string changes on its way in (spec 1.1).
 */
import { parseJson } from '@stemedb/model';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from './problem.js';

const jsonType = 'application/json';
export const ndjsonType = 'application/x-ndjson';

/** Makes JSON the only body that routes of this instance accept. */
export function acceptJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(jsonType, { parseAs: 'buffer' }, parseJsonBody);
}

/** Lets routes of this instance read `application/x-ndjson` as a stream of bytes. */
export function acceptNdjson(app: FastifyInstance): void {
  app.addContentTypeParser(ndjsonType, (request, payload, done) => {
    const refusal = charsetRefusal(request);
    if (refusal !== undefined) done(refusal);
    else done(null, payload);
  });
}

function parseJsonBody(
  request: FastifyRequest,
  body: Buffer | string,
  done: (error: Error | null, body?: unknown) => void,
): void {
  const refusal = charsetRefusal(request);
  const parsed = refusal === undefined ? parseJson(body) : undefined;
  if (parsed === undefined) done(refusal ?? null);
  else if (parsed.ok) done(null, parsed.value);
  else done(new ProblemError(parsed.error));
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
