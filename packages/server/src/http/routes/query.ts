/** `POST` and `GET /v1/query`, and the same question under a lens named by the path. */
import type { Outcome } from '@stemedb/model';
import { parseJson } from '@stemedb/model';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Cancellation, Question } from '../../query/question.js';
import { isOver } from '../answer_end.js';
import { answerSchema } from '../answer_schema.js';
import type { AskedQuestions } from '../asked_questions.js';
import type { JsonBodies } from '../body.js';
import type { HttpDeps } from '../deps.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';
import { lensQuestionSchema, questionSchema } from '../question_schema.js';
import { sendJson } from '../send_json.js';
import { checkedElsewhere, inputCheck } from '../validate.js';

const responses = { 200: answerSchema, ...problemResponses };

export async function queryRoutes(
  app: FastifyInstance,
  deps: HttpDeps,
  { asked, bodies }: { readonly asked: AskedQuestions; readonly bodies: JsonBodies },
): Promise<void> {
  const schema = questionSchema(deps.lensNames);
  const checkQuery = inputCheck(schema, true);
  app.get('/v1/query', {
    schema: {
      operationId: 'query',
      tags: ['read'],
      summary: 'Ask a question',
      querystring: schema,
      response: responses,
    },
    validatorCompiler: checkedElsewhere,
    handler: (request, reply) => {
      const question = asked.ofTarget(request.raw.url ?? '', () => checkQuery(request.query));
      return answer(deps, 'query', question, request, reply);
    },
  });
  bodies.acceptBytes(app);
  const checkBody = inputCheck(schema, false);
  app.post('/v1/query', {
    schema: {
      operationId: 'queryByBody',
      tags: ['read'],
      summary: 'Ask a question with a JSON body',
      body: schema,
      response: responses,
    },
    validatorCompiler: checkedElsewhere,
    handler: (request, reply) => {
      // What was sent without a body is refused as null is.
      const bytes = request.body instanceof Buffer ? request.body : Buffer.from('null');
      const question = asked.ofBody(bytes, () => {
        const parsed = parseJson(bytes);
        return parsed.ok ? checkBody(parsed.value) : parsed;
      });
      return answer(deps, 'query', question, request, reply);
    },
  });
}

/** `GET /v1/<lens>`: the question with that lens. */
export async function lensRoute(
  app: FastifyInstance,
  deps: HttpDeps,
  asked: AskedQuestions,
  lens: 'skeptic' | 'layered' | 'constraints',
): Promise<void> {
  const check = inputCheck(lensQuestionSchema, true);
  app.get(`/v1/${lens}`, {
    schema: {
      operationId: lens,
      tags: ['read'],
      summary: `Ask a question under the lens ${lens}`,
      querystring: lensQuestionSchema,
      response: responses,
    },
    validatorCompiler: checkedElsewhere,
    handler: (request, reply) => {
      const input = () => check(request.query);
      const question = asked.ofTarget(request.raw.url ?? '', input, lens);
      return answer(deps, lens, question, request, reply);
    },
  });
}

/** Gone when the connection is. */
class Caller implements Cancellation {
  readonly #reply: FastifyReply;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
  }

  get aborted(): boolean {
    return isOver(this.#reply);
  }
}

/** Characters of a slow question that are logged. */
const loggedQuestionMax = 1000;

const isSlow = ({ config: { slowQueryMs = 0 } }: HttpDeps, seconds: number): boolean =>
  slowQueryMs > 0 && seconds * 1000 >= slowQueryMs;

/** Answers within the call when the answer is kept: a promise would cost as much as it does. */
function answer(
  deps: HttpDeps,
  endpoint: string,
  question: Outcome<Question>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> | void {
  if (!question.ok) {
    sendProblem(reply, question.error);
    return undefined;
  }
  const { lens } = question.value;
  const startMs = deps.clock.monotonicMs();
  const caller = new Caller(reply);
  const send = (outcome: Outcome<Uint8Array>): void => {
    const seconds = (deps.clock.monotonicMs() - startMs) / 1000;
    // A caller that left ends its question like a timeout; the node was not slow.
    const failure = caller.aborted ? 'caller_gone' : outcome.ok ? undefined : outcome.error.code;
    deps.metrics.query.answered({ endpoint, lens, seconds, failure });
    if (isSlow(deps, seconds)) {
      const outcome = failure ?? 'answered';
      const asked = JSON.stringify(question.value).slice(0, loggedQuestionMax);
      const fields = { reqId: request.id, endpoint, seconds, outcome, question: asked };
      request.log.warn(fields, 'a slow question');
    }
    if (outcome.ok) sendJson(reply, 200, outcome.value);
    else sendProblem(reply, outcome.error);
  };
  const principal = deps.principalOf(request.headers);
  const outcome = deps.query.askForText(principal, question.value, caller);
  if (outcome instanceof Promise) return outcome.then(send);
  send(outcome);
  return undefined;
}
