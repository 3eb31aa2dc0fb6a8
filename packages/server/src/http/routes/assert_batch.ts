/**
 * `POST /v1/assert/batch`: many assertions in one request. A JSON array answers once, when all are
 * decided and synced; NDJSON is a stream of any length that is answered while it arrives.
 */
import { Type } from '@sinclair/typebox';
import type { JsonObject, JsonValue, Outcome } from '@stemedb/model';
import { fail, invalidField, ok, parseTime, schemas } from '@stemedb/model';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Accepted, Submission } from '../../ingest/ingest.js';
import { acceptNdjson, isStream, ndjsonType } from '../body.js';
import type { HttpDeps } from '../deps.js';
import { answerStream } from '../ndjson/stream.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';
import { sendJson } from '../send_json.js';
import { checkedElsewhere, validatorCompiler } from '../validate.js';
import { batchResultSchema, isServerSide, readSubmission } from '../write_answer.js';
import { batchAnswer } from './batch_answer.js';
import { withSignatures } from './write_record.js';

const batchQuerySchema = Type.Object(
  {
    asserted_at: Type.Optional(
      Type.Unsafe<string | number>({
        type: ['string', 'integer'],
        description: 'Fills assertions that state no `asserted_at`.',
      }),
    ),
  },
  { additionalProperties: false },
);

const batchAnswerSchema = Type.Object({
  results: Type.Array(batchResultSchema, { description: 'In the order of the array.' }),
  created: Type.Integer(),
  duplicate: Type.Integer(),
  refused: Type.Integer(),
  position: Type.Optional(Type.String()),
});

const ndjsonAnswer = Type.String({
  description:
    'One line for each refused line (`line`, `code`, `detail`), `durable_through` now and then, ' +
    'and last `{"type":"end", ...}`. An answer without `end` is incomplete.',
});

export async function assertBatchRoute(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  acceptNdjson(app);
  const item = withSignatures(schemas.assertion);
  app.post('/v1/assert/batch', {
    schema: {
      operationId: 'assertBatch',
      tags: ['write'],
      summary: 'State many claims',
      querystring: batchQuerySchema,
      body: {
        content: {
          'application/json': { schema: Type.Array(Type.Unsafe(item)) },
          [ndjsonType]: { schema: Type.String({ description: 'One assertion a line.' }) },
        },
      },
      response: {
        200: {
          description: 'Every assertion is decided; what was accepted is synced and visible.',
          content: {
            'application/json': { schema: batchAnswerSchema },
            [ndjsonType]: { schema: ndjsonAnswer },
          },
        },
        ...problemResponses,
      },
    },
    bodyLimit: deps.config.limits.largeBodyBytesMax,
    validatorCompiler: (part) =>
      part.httpPart === 'body' ? checkedElsewhere(part) : validatorCompiler(part),
    handler: async (request, reply) => {
      const query = request.query as { readonly asserted_at?: string | number };
      const filled = readAssertedAt(query.asserted_at);
      if (!filled.ok) return sendProblem(reply, filled.error);
      const read = reader(deps, filled.value);
      if (isStream(request))
        return answerStream(deps, request, reply, { read, waiting: undefined });
      return answerArray(deps, request, reply, read);
    },
  });
}

type ReadItem = (value: JsonValue) => Outcome<Submission>;

function readAssertedAt(stated: string | number | undefined): Outcome<number | undefined> {
  if (stated === undefined) return ok(undefined);
  const ms = parseTime(stated);
  if (ms !== undefined) return ok(ms);
  const detail = '"asserted_at" must be RFC 3339 or integer milliseconds; write + as %2B.';
  return fail(invalidField('/asserted_at', detail));
}

/** Reads one element or line, with the time of the request where it states none. */
function reader(deps: HttpDeps, assertedAt: number | undefined): ReadItem {
  const { signaturesMax } = deps.config.limits;
  return (value) => {
    const submission = readSubmission('assertion', value, signaturesMax);
    if (!submission.ok || assertedAt === undefined) return submission;
    const content = submission.value.content as JsonObject;
    if (Object.hasOwn(content, 'asserted_at')) return submission;
    return ok({ ...submission.value, content: { ...content, asserted_at: assertedAt } });
  };
}

async function answerArray(
  deps: HttpDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  read: ReadItem,
): Promise<FastifyReply> {
  const items = request.body;
  const { batchItemsMax } = deps.config.limits;
  if (!Array.isArray(items)) {
    const detail = `The body must be an array of assertions, or ${ndjsonType} lines.`;
    return sendProblem(reply, invalidField('', detail));
  }
  if (items.length > batchItemsMax) {
    const detail = `An array has at most ${batchItemsMax} assertions; send ${ndjsonType} instead.`;
    return sendProblem(reply, { code: 'body_too_large', detail });
  }
  const outcomes = await decide(deps, request, items.map(read));
  const failures = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error]));
  const [failure] = failures;
  if (
    failure !== undefined &&
    failures.length === outcomes.length &&
    failures.every(isServerSide)
  ) {
    return sendProblem(reply, failure);
  }
  return sendJson(reply, 200, batchAnswer(outcomes));
}

async function decide(
  deps: HttpDeps,
  request: FastifyRequest,
  read: readonly Outcome<Submission>[],
): Promise<readonly Outcome<Accepted>[]> {
  const submissions = read.flatMap((item) => (item.ok ? [item.value] : []));
  const principal = deps.principalOf(request.headers);
  const answers = await deps.ingest.submitAll(principal, submissions);
  const inOrder = answers[Symbol.iterator]();
  return read.map((item) => {
    if (!item.ok) return item;
    const answer = inOrder.next();
    if (answer.done === true) throw new Error('Every submission has an outcome.');
    return answer.value;
  });
}
