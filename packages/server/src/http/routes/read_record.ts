/** `GET /v1/assertions/{id}`, `/v1/sources/{id}` and `/v1/records/{id}`: one record, as stored. */
import { Type } from '@sinclair/typebox';
import type { Outcome } from '@stemedb/model';
import { fail, ok, parseRecordId, parseStamp, parseTime } from '@stemedb/model';
import type { FastifyInstance } from 'fastify';
import { recordAnswerSchema } from '../answer_schema.js';
import type { HttpDeps } from '../deps.js';
import { faultError, sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';

const paramsSchema = Type.Object({
  id: Type.String({ description: '64 lower-case hex digits.' }),
});

const readSchema = Type.Object(
  {
    as_of: Type.Optional(Type.Unsafe<string | number>({ type: ['string', 'integer'] })),
    min_position: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  },
  { additionalProperties: false },
);

interface ReadOptions {
  readonly as_of?: string | number;
  readonly min_position?: string;
}

/** One route: below `path`, records of the kind, or of any kind. */
export async function readRecordRoute(
  app: FastifyInstance,
  deps: HttpDeps,
  route: { readonly path: string; readonly kind?: string; readonly operationId: string },
): Promise<void> {
  const what = route.kind ?? 'record of any kind';
  app.get(`${route.path}/:id`, {
    schema: {
      operationId: route.operationId,
      tags: ['read'],
      summary: `Read one ${what}`,
      params: paramsSchema,
      querystring: readSchema,
      response: { 200: recordAnswerSchema, ...problemResponses },
    },
    handler: async (request, reply) => {
      const id = parseRecordId((request.params as { readonly id: string }).id);
      if (id === undefined) {
        const detail = 'An id is 64 lower-case hex digits.';
        return sendProblem(reply, faultError('invalid_field', '/id', detail));
      }
      const options = readOptions(request.query as ReadOptions);
      if (!options.ok) return sendProblem(reply, options.error);
      const found = await deps.query.record(deps.principalOf(request.headers), id, {
        ...options.value,
        ...(route.kind === undefined ? {} : { kind: route.kind }),
      });
      return found.ok ? reply.send(found.value) : sendProblem(reply, found.error);
    },
  });
}

interface RecordMoment {
  readonly asOf?: string | number;
  readonly minPosition?: string;
}

function readOptions(query: ReadOptions): Outcome<RecordMoment> {
  const asOf = query.as_of;
  const isMoment =
    asOf === undefined ||
    parseTime(asOf) !== undefined ||
    (typeof asOf === 'string' && parseStamp(asOf) !== undefined);
  if (!isMoment) {
    const detail = '"as_of" must be RFC 3339, integer milliseconds or a stamp; write + as %2B.';
    return fail(faultError('invalid_field', '/as_of', detail));
  }
  return ok({
    ...(asOf === undefined ? {} : { asOf }),
    ...(query.min_position === undefined ? {} : { minPosition: query.min_position }),
  });
}
