/**
 * The HTTP server: framework, limits, guard, and one plugin for each group of routes. Nothing here
 * listens; the caller does, with `app.listen`, after it has checked the address.
 *
 * Invariant: whatever a client sends, it gets an answer of the error table or a closed connection,
 * and the process goes on.
 */
import type { Server } from 'node:http';
import type { StemeError } from '@stemedb/model';
import type {
  FastifyBaseLogger,
  FastifyHttpOptions,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
} from 'fastify';
import { fastify, LogController } from 'fastify';
import { BodyDeadlines } from '../guard/body_deadlines.js';
import { answerCors, headRefusal } from '../guard/request_guard.js';
import type { Random } from '../io/random.js';
import type { HttpMetrics } from '../telemetry/metrics.js';
import { AskedQuestions } from './asked_questions.js';
import { JsonBodies } from './body.js';
import type { HttpDeps } from './deps.js';
import { addDocs } from './docs.js';
import { watchMethods } from './methods.js';
import { ProblemError, sendProblem } from './problem.js';
import { answerError, answerNotFound, ClientErrors } from './request_errors.js';
import { assertRoute } from './routes/assert.js';
import { assertBatchRoute } from './routes/assert_batch.js';
import { assertionRoutes } from './routes/assertions.js';
import { errorsPageRoute } from './routes/errors_page.js';
import { feedRoute } from './routes/feed.js';
import { healthRoutes } from './routes/health.js';
import { impactRoutes } from './routes/impact.js';
import { logRoutes } from './routes/log.js';
import { metricsRoute } from './routes/metrics.js';
import { lensRoute, queryRoutes } from './routes/query.js';
import { readRecordRoute } from './routes/read_record.js';
import { recordKindRoutes } from './routes/record_kinds.js';
import { recordsRoute } from './routes/records.js';
import { traceRoute } from './routes/trace.js';
import { trustRoute } from './routes/trust.js';
import { UnsentAnswers } from './unsent.js';
import { validatorCompiler } from './validate.js';

/** Builds the server, ready to listen; `close()` ends it. */
export async function buildHttpServer(deps: HttpDeps): Promise<FastifyInstance> {
  const clientErrors = new ClientErrors();
  const app = fastify(serverOptions(deps, clientErrors));
  clientErrors.watch(app.server);
  app.server.maxConnections = deps.config.limits.connectionsMax;
  // Counted by the guard instead: the parser would drop what is beyond, without a word.
  app.server.maxHeadersCount = 0;
  // Unknown expectations are passed over (RFC 9110 10.1.1); Node's own 417 is none of our answers.
  app.server.on('checkExpectation', (request, response) => {
    app.server.emit('request', request, response);
  });
  const bodies = new JsonBodies(bodyDeadlines(deps));
  bodies.accept(app);
  app.setValidatorCompiler(validatorCompiler);
  // Answers are built by typed code; the response schemas document them and are held by tests.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(answerNotFound);
  addGuard(app, deps);
  const refuseOtherMethods = watchMethods(app);
  await addDocs(app, deps.config.version);
  await registerRoutes(app, deps, bodies);
  refuseOtherMethods();
  await app.ready();
  return app;
}

function serverOptions(deps: HttpDeps, clientErrors: ClientErrors): FastifyHttpOptions<Server> {
  const { limits } = deps.config;
  return {
    loggerInstance: withoutChildren(deps.logger),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytesMax,
    connectionTimeout: limits.idleTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // Bodies have deadlines of their own, so that a stream of lines may take as long as it needs.
    requestTimeout: 0,
    http: {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.sweepIntervalMs,
    },
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 512 },
    genReqId: requestIds(deps.random),
    // The guard refuses what comes while the server ends, in the words of the error table.
    return503OnClosing: false,
    frameworkErrors: answerError,
    clientErrorHandler(cause, socket) {
      clientErrors.answer(this as FastifyInstance, cause, socket);
    },
  };
}

/** A logger for each request would cost more than its routing, and so does a factory of loggers,
 * which the framework checks each time; the few lines about a request name its id. */
function withoutChildren(logger: FastifyBaseLogger): FastifyBaseLogger {
  const same: FastifyBaseLogger = Object.create(logger, { child: { value: () => same } });
  return same;
}

/** Ids for the log: random once for a start, then counted. */
function requestIds(random: Random): () => string {
  const start = Buffer.from(random.bytes(4)).toString('hex');
  let count = 0;
  return () => {
    count += 1;
    return start + count.toString(16).padStart(8, '0');
  };
}

function bodyDeadlines({ config, clock }: HttpDeps): BodyDeadlines {
  const { requestTimeoutMs } = config.limits;
  const detail = `A body must arrive within ${requestTimeoutMs} ms.`;
  const late = () => new ProblemError({ code: 'request_timeout', detail });
  return new BodyDeadlines(clock, requestTimeoutMs, late);
}

/** Hooks with callbacks: a promise for each of them would cost a request more than their work. */
function addGuard(app: FastifyInstance, deps: HttpDeps): void {
  const { config } = deps;
  let ending: StemeError | undefined;
  app.addHook('preClose', (done) => {
    ending = { code: 'not_ready', detail: 'This node is stopping; send it to one that runs.' };
    done();
  });
  app.addHook('onRequest', (request, reply, done) => {
    const refusal = headRefusal(request, config, config.limits) ?? ending;
    if (refusal !== undefined) sendProblem(reply, refusal);
    else if (!answerCors(request, reply, config)) done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    report(deps.metrics.http, request, reply);
    done();
  });
}

/** Reports each request under its route, never its path: strangers must not name labels. */
function report(metrics: HttpMetrics, request: FastifyRequest, reply: FastifyReply): void {
  metrics.requestFinished({
    method: request.method,
    route: request.routeOptions.url ?? 'none',
    status: reply.statusCode,
    seconds: reply.elapsedTime / 1000,
  });
}

async function registerRoutes(
  app: FastifyInstance,
  deps: HttpDeps,
  bodies: JsonBodies,
): Promise<void> {
  await app.register((plugin) => assertRoute(plugin, deps));
  await app.register((plugin) => assertBatchRoute(plugin, deps));
  await app.register((plugin) => recordsRoute(plugin, deps));
  await app.register((plugin) => trustRoute(plugin, deps));
  await app.register((plugin) => largeAnswerRoutes(plugin, deps, bodies));
  await app.register((plugin) => logRoutes(plugin, deps));
  await app.register((plugin) => healthRoutes(plugin, deps));
  await app.register((plugin) => metricsRoute(plugin, deps));
  await app.register(errorsPageRoute);
}

/** Routes whose answers may be large and are made as a whole. */
async function largeAnswerRoutes(
  app: FastifyInstance,
  deps: HttpDeps,
  bodies: JsonBodies,
): Promise<void> {
  new UnsentAnswers(deps.config.limits.answersUnsentBytesMax).bound(app);
  await app.register((plugin) => recordKindRoutes(plugin, deps));
  await app.register((plugin) => feedRoute(plugin, deps));
  await app.register((plugin) => impactRoutes(plugin, deps));
  await app.register((plugin) => assertionRoutes(plugin, deps));
  await app.register((plugin) => traceRoute(plugin, deps));
  await app.register((plugin) => readRecordRoute(plugin, deps));
  const asked = new AskedQuestions();
  await app.register((plugin) => queryRoutes(plugin, deps, { asked, bodies }));
  await app.register((plugin) => lensRoute(plugin, deps, asked, 'skeptic'));
  await app.register((plugin) => lensRoute(plugin, deps, asked, 'layered'));
  await app.register((plugin) => lensRoute(plugin, deps, asked, 'constraints'));
}
