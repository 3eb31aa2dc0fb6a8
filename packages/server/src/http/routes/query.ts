/** `POST` and `GET /v1/query`, and the same question under a lens named by the path. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Cancellation } from '../../query/question.js';
import { answerSchema } from '../answer_schema.js';
import type { HttpDeps } from '../deps.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';
import { lensQuestionSchema, questionSchema, readQuestion } from '../question_schema.js';
import { sendJson } from '../send_json.js';

const responses = { 200: answerSchema, ...problemResponses };

export async function queryRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  const schema = questionSchema(deps.lensNames);
  app.get('/v1/query', {
    schema: {
      operationId: 'query',
      tags: ['read'],
      summary: 'Ask a question',
      querystring: schema,
      response: responses,
    },
    handler: (request, reply) => answer(deps, 'query', request.query, request, reply),
  });
  app.post('/v1/query', {
    schema: {
      operationId: 'queryByBody',
      tags: ['read'],
      summary: 'Ask a question with a JSON body',
      body: schema,
      response: responses,
    },
    handler: (request, reply) => answer(deps, 'query', request.body, request, reply),
  });
}

/** `GET /v1/<lens>`: the question with that lens. */
export async function lensRoute(
  app: FastifyInstance,
  deps: HttpDeps,
  lens: 'skeptic' | 'layered' | 'constraints',
): Promise<void> {
  app.get(`/v1/${lens}`, {
    schema: {
      operationId: lens,
      tags: ['read'],
      summary: `Ask a question under the lens ${lens}`,
      querystring: lensQuestionSchema,
      response: responses,
    },
    handler: (request, reply) => answer(deps, lens, request.query, request, reply, lens),
  });
}

async function answer(
  deps: HttpDeps,
  endpoint: string,
  raw: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  lens?: string,
): Promise<FastifyReply> {
  const question = readQuestion(raw, lens);
  if (!question.ok) return sendProblem(reply, question.error);
  const startMs = deps.clock.monotonicMs();
  const caller: Cancellation = {
    get aborted() {
      return reply.raw.destroyed;
    },
  };
  const principal = deps.principalOf(request.headers);
  const outcome = await deps.query.askForText(principal, question.value, caller);
  const seconds = (deps.clock.monotonicMs() - startMs) / 1000;
  // A caller that left ends its question like a timeout; the node was not slow.
  const ended = caller.aborted ? 'caller_gone' : outcome.ok ? undefined : outcome.error.code;
  deps.metrics.query.answered({ endpoint, lens: question.value.lens, seconds, failure: ended });
  if (!outcome.ok) return sendProblem(reply, outcome.error);
  return sendJson(reply, 200, outcome.value);
}
