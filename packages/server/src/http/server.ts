/**
 * The HTTP server: framework, limits, guard, and one plugin for each group of routes. Nothing here
 * listens; the caller does, with `app.listen`, after it has checked the address.
 *
 * Invariant: whatever a client sends, it gets an answer of the error table or a closed connection,
 * and the process goes on.
 */
import type { Server } from 'node:http';
import type { FastifyHttpOptions, FastifyInstance } from 'fastify';
import { fastify, LogController } from 'fastify';
import { answerCors, headRefusal, startBodyDeadline } from '../guard/request_guard.js';
import { acceptJson } from './body.js';
import type { HttpDeps } from './deps.js';
import { addDocs } from './docs.js';
import { watchMethods } from './methods.js';
import { ProblemError, sendProblem } from './problem.js';
import { answerError, answerNotFound, ClientErrors } from './request_errors.js';
import { assertRoute } from './routes/assert.js';
import { assertBatchRoute } from './routes/assert_batch.js';
import { assertionRoutes } from './routes/assertions.js';
import { errorsPageRoute } from './routes/errors_page.js';
import { healthRoutes } from './routes/health.js';
import { impactRoutes } from './routes/impact.js';
import { logRoutes } from './routes/log.js';
import { metricsRoute } from './routes/metrics.js';
import { lensRoute, queryRoutes } from './routes/query.js';
import { readRecordRoute } from './routes/read_record.js';
import { recordKindRoutes } from './routes/record_kinds.js';
import { recordsRoute } from './routes/records.js';
import { trustRoute } from './routes/trust.js';
import { validatorCompiler } from './validate.js';

/** Builds the server, ready to listen; `close()` ends it. */
export async function buildHttpServer(deps: HttpDeps): Promise<FastifyInstance> {
  const clientErrors = new ClientErrors();
  const app = fastify(serverOptions(deps, clientErrors));
  clientErrors.watch(app.server);
  app.server.maxConnections = deps.config.limits.connectionsMax;
  // Counted by the guard instead: the parser would drop what is beyond, without a word.
  app.server.maxHeadersCount = 0;
  acceptJson(app);
  app.setValidatorCompiler(validatorCompiler);
  // Answers are built by typed code; the response schemas document them and are held by tests.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(answerNotFound);
  addGuard(app, deps);
  addMeasurement(app, deps);
  const refuseOtherMethods = watchMethods(app);
  await addDocs(app, deps.config.version);
  await registerRoutes(app, deps);
  refuseOtherMethods();
  await app.ready();
  return app;
}

function serverOptions(deps: HttpDeps, clientErrors: ClientErrors): FastifyHttpOptions<Server> {
  const { limits } = deps.config;
  return {
    loggerInstance: deps.logger,
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
    genReqId: () => Buffer.from(deps.random.bytes(8)).toString('hex'),
    frameworkErrors: answerError,
    clientErrorHandler(cause, socket) {
      clientErrors.answer(this as FastifyInstance, cause, socket);
    },
  };
}

function addGuard(app: FastifyInstance, deps: HttpDeps): void {
  const { config, clock } = deps;
  app.addHook('onRequest', async (request, reply) => {
    const refusal = headRefusal(request, config, config.limits);
    if (refusal !== undefined) return sendProblem(reply, refusal);
    if (answerCors(request, reply, config)) return reply;
    return undefined;
  });
  const deadlines = new WeakMap<object, () => void>();
  app.addHook('preParsing', async (request) => {
    if (request.method === 'GET' || request.method === 'HEAD') return;
    // Made only when it is needed: an error gathers its stack, on every request otherwise.
    const late = () =>
      new ProblemError({
        code: 'request_timeout',
        detail: `A body must arrive within ${config.limits.requestTimeoutMs} ms.`,
      });
    const { requestTimeoutMs } = config.limits;
    deadlines.set(request, startBodyDeadline(request, clock, requestTimeoutMs, late));
  });
  const arrived = async (request: object) => deadlines.get(request)?.();
  app.addHook('preValidation', arrived);
  app.addHook('onResponse', arrived);
}

/** Reports each request under its route, never its path: strangers must not name labels. */
function addMeasurement(app: FastifyInstance, { metrics }: HttpDeps): void {
  app.addHook('onResponse', async (request, reply) => {
    metrics.http.requestFinished({
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1000,
    });
  });
}

async function registerRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  await app.register((plugin) => assertRoute(plugin, deps));
  await app.register((plugin) => assertBatchRoute(plugin, deps));
  await app.register((plugin) => recordsRoute(plugin, deps));
  await app.register((plugin) => recordKindRoutes(plugin, deps));
  await app.register((plugin) => impactRoutes(plugin, deps));
  await app.register((plugin) => assertionRoutes(plugin, deps));
  await app.register((plugin) => readRecordRoute(plugin, deps));
  await app.register((plugin) => trustRoute(plugin, deps));
  await app.register((plugin) => queryRoutes(plugin, deps));
  await app.register((plugin) => lensRoute(plugin, deps, 'skeptic'));
  await app.register((plugin) => lensRoute(plugin, deps, 'layered'));
  await app.register((plugin) => lensRoute(plugin, deps, 'constraints'));
  await app.register((plugin) => logRoutes(plugin, deps));
  await app.register((plugin) => healthRoutes(plugin, deps));
  await app.register((plugin) => metricsRoute(plugin, deps));
  await app.register(errorsPageRoute);
}
