/**
 * `POST /v1/records`: NDJSON of canonical content of any kind in any order, with every gate of the
 * public API; what an import uses. `GET /v1/records/{id}` and its narrower forms read one back.
 */
import { Type } from '@sinclair/typebox';
import type { JsonValue, Outcome, RecordKind } from '@stemedb/model';
import { fail, faultError, invalidField, kindNumber, ok } from '@stemedb/model';
import type { FastifyInstance } from 'fastify';
import type { Submission } from '../../ingest/ingest.js';
import { acceptNdjson, ndjsonType } from '../body.js';
import type { HttpDeps } from '../deps.js';
import { answerStream } from '../ndjson/stream.js';
import { WaitingBudget } from '../ndjson/waiting_budget.js';
import { problemResponses } from '../problem_schema.js';
import { checkedElsewhere, unknownName, validatorCompiler } from '../validate.js';

const kinds = Object.keys(kindNumber) as readonly RecordKind[];

export async function recordsRoute(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  const waiting = new WaitingBudget(deps.config.limits.setAsideTotalBytesMax);
  app.removeAllContentTypeParsers();
  acceptNdjson(app);
  app.post('/v1/records', {
    schema: {
      operationId: 'importRecords',
      tags: ['write'],
      summary: 'Write records of any kind',
      description:
        'Records are stamped anew. An assertion that is proved by an attestation further down is ' +
        'set aside and tried again.',
      querystring: Type.Object({}, { additionalProperties: false }),
      body: { content: { [ndjsonType]: { schema: Type.String() } } },
      response: {
        200: {
          description: 'As the NDJSON form of `/v1/assert/batch`.',
          content: { [ndjsonType]: { schema: Type.String() } },
        },
        ...problemResponses,
      },
    },
    validatorCompiler: (part) =>
      part.httpPart === 'body' ? checkedElsewhere(part) : validatorCompiler(part),
    handler: async (request, reply) =>
      answerStream(deps, request, reply, { read: readRecord, waiting }),
  });
}

/** A line states its kind itself. */
function readRecord(value: JsonValue): Outcome<Submission> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fail(invalidField('', 'A line must be the content of one record.'));
  }
  const stated = (value as { readonly kind?: JsonValue }).kind;
  if (stated === undefined) {
    return fail(faultError('missing_field', '/kind', `"kind" is required: ${kinds.join(', ')}.`));
  }
  const kind = kinds.find((known) => known === stated);
  if (kind === undefined) {
    return fail(invalidField('/kind', unknownName(String(stated), kinds)));
  }
  return ok({ kind, content: value });
}
