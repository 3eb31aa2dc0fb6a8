/**
 * One run of the server: configuration, database, HTTP, until a signal or a failed log ends it.
 *
 * Ending: on the first signal no new connection is taken, requests under way are answered within a
 * deadline, the log is closed in order, exit code 0. A second signal exits at once. When the log
 * has failed the node says that it is not ready while reads go on for a moment (decision 154),
 * drains, and exits with 74, so that a supervisor starts it again and recovery brings back
 * everything that was acknowledged.
 */
import type { Outcome, StemeError } from '@stemedb/model';
import { ok } from '@stemedb/model';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { exitCodeOf, exitCodes } from '../cli/exit_codes.js';
import type { Config } from '../config/config.js';
import { readBindAddress } from '../guard/bind.js';
import { httpLimits } from '../guard/limits.js';
import type { HealthReport } from '../http/deps.js';
import { buildHttpServer } from '../http/server.js';
import { type SignatureChecks, ThreadedChecks } from '../ingest/signature_checks.js';
import { systemClock } from '../io/system_clock.js';
import { systemRandom } from '../io/system_random.js';
import { systemThread } from '../io/system_thread.js';
import { formatPosition } from '../log/position.js';
import { createTelemetry, type Telemetry } from '../telemetry/registry.js';
import { type Database, openDatabase } from './database.js';
import { registerLensModules } from './lens_modules.js';
import { createNodeLog, loggedRefusals } from './node_log.js';
import { readingsOf } from './readings.js';
import { systemEffects } from './system_effects.js';
import { version } from './version.js';

/** Requests under way have this long to be answered at the end, milliseconds. */
const drainMs = 10_000;
/** Reads go on this long after the log has failed: a balancer that asks each 5 s learns of it. */
const readsAfterFailureMs = 5_000;
/** A newest stamp further ahead of the wall clock than this is reported. */
const clockAheadWarningMs = 5 * 60 * 1000;

export interface RunningServer {
  readonly url: string;
  /** Resolves with the exit code when the server has ended. */
  readonly ended: Promise<number>;
  /** Ends the server in order. */
  stop(exitCode: number): void;
}

const healthOf = (database: Database, startedMs: number): HealthReport => {
  const failure = database.writeFailure;
  const { clockAheadMs } = database.report;
  const reasons = [
    ...(failure === undefined ? [] : [failure.detail]),
    ...(clockAheadMs > clockAheadWarningMs
      ? [`The newest stamp was ${clockAheadMs} ms ahead of the wall clock at the start.`]
      : []),
  ];
  return {
    status: failure === undefined ? 'healthy' : 'degraded',
    ready: failure === undefined,
    ...(reasons.length > 0 ? { reasons } : {}),
    assertion_count: database.store.assertionCount,
    record_count: database.store.recordCount,
    version,
    database_id: database.identity.databaseId,
    node_id: database.identity.nodeId,
    agent_id: database.agentId,
    position: formatPosition({
      logId: database.log.logId,
      sequence: database.store.appliedSequence,
    }),
    uptime_seconds: Math.round((systemClock.monotonicMs() - startedMs) / 1000),
  };
};

const reportOpening = (logger: Logger, database: Database): void => {
  const { log, storeRebuilt, treeRebuilt, replayed, clockAheadMs } = database.report;
  logger.info({ log, replayed }, 'database opened');
  if (log.cut !== undefined) {
    logger.warn({ cut: log.cut }, 'a torn tail that nobody was told about was cut from the log');
  }
  if (storeRebuilt !== undefined) logger.warn({ reason: storeRebuilt }, 'the store was rebuilt');
  if (treeRebuilt !== undefined) {
    logger.warn({ reason: treeRebuilt }, 'the file of the Merkle tree was made anew');
  }
  if (clockAheadMs > clockAheadWarningMs) {
    logger.warn({ clockAheadMs }, 'the newest stamp is ahead of the wall clock; check the clock');
  }
};

const buildApp = (
  config: Config,
  database: Database,
  telemetry: Telemetry,
  logger: Logger,
  lensNames: readonly string[],
): Promise<FastifyInstance> => {
  const startedMs = systemClock.monotonicMs();
  return buildHttpServer({
    ingest: database.ingest,
    query: database.query,
    reads: database.reads,
    feed: database.feed,
    impacts: database.impacts,
    proofs: database.proofs,
    principalOf: () => ({ type: 'node', agentId: database.agentId }),
    health: () => healthOf(database, startedMs),
    metrics: telemetry,
    lensNames,
    config: {
      bindAddr: config.bindAddr,
      allowedHosts: config.allowedHosts,
      allowedOrigins: config.allowedOrigins,
      version,
      limits: httpLimits,
      slowQueryMs: config.slowQueryMs,
    },
    logger,
    clock: systemClock,
    random: systemRandom,
  });
};

/** Opens everything and listens; an error names what stands in the way. */
export const serve = async (config: Config): Promise<Outcome<RunningServer>> => {
  const address = readBindAddress(config.bindAddr, config.insecure);
  if (!address.ok) return address;
  const logger = createNodeLog(config.logLevel);
  const telemetry = createTelemetry();
  const effects = systemEffects();
  const lenses = await registerLensModules(config.lensModules, effects.lenses);
  if (!lenses.ok) return lenses;
  const checks = new ThreadedChecks({
    start: systemThread(new URL('./verification_thread.js', import.meta.url)),
    clock: effects.clock,
    here: effects.verify,
    onFailure: (cause) => {
      telemetry.signatureThreadFailed();
      logger.error({ err: cause }, 'the thread for signatures has failed; writes will be slower');
    },
  });
  let onWriteFailure = (_error: StemeError): void => undefined;
  // Kept until somebody can act on it: a log may fail before the server listens.
  const writeFailure = new Promise<StemeError>((resolve) => {
    onWriteFailure = resolve;
  });
  const opened = await openDatabase(config, {
    ...effects,
    checks,
    logMetrics: loggedRefusals(telemetry.log, logger),
    ingestMetrics: telemetry.ingest,
    commitMetrics: telemetry.commit,
    cacheMetrics: telemetry.cache,
    storeMetrics: telemetry.store,
    onWriteFailure,
    onCheckpointFailure: (error) => logger.error({ error }, 'a store checkpoint failed'),
    onReplay: (progress) => logger.info(progress, 'replaying the log into the store'),
  });
  if (!opened.ok) {
    await checks.close();
    return opened;
  }
  const database = opened.value;
  reportOpening(logger, database);
  telemetry.observe(readingsOf(config, database, logger));
  const app = await buildApp(config, database, telemetry, logger, effects.lenses.names());
  let stop = (_code: number): void => undefined;
  const ended = new Promise<number>((resolve) => {
    stop = (code) => {
      stop = () => undefined;
      logger.info({ exit_code: code }, 'stopping');
      void endInOrder(app, database, checks, logger).then(() =>
        resolve(database.writeFailure === undefined ? code : exitCodeOf('log_failed')),
      );
    };
  });
  void writeFailure.then((error) => {
    logger.fatal({ error }, 'the log has failed; ending soon so that a restart can recover');
    systemClock.after(readsAfterFailureMs, () => stop(exitCodeOf('log_failed')));
  });
  try {
    const url = await app.listen({ host: address.value.host, port: address.value.port });
    const { databaseId, nodeId } = database.identity;
    const node = { database_id: databaseId, node_id: nodeId };
    logger.info({ url, version, ...node }, 'listening');
    return ok({ url, ended, stop: (code) => stop(code) });
  } catch (cause) {
    await checks.close();
    await database.close();
    return cannotListen(config.bindAddr, cause);
  }
};

const cannotListen = (text: string, cause: unknown): Outcome<never> => ({
  ok: false,
  error: {
    code: 'invalid_configuration',
    detail:
      `The server cannot listen on ${text} ` +
      `(${cause instanceof Error ? cause.message : String(cause)}); stop what uses the ` +
      'address, or set STEMEDB_BIND_ADDR to another.',
    cause,
  },
});

const endInOrder = async (
  app: FastifyInstance,
  database: Database,
  checks: SignatureChecks,
  logger: Logger,
): Promise<void> => {
  const cancel = systemClock.after(drainMs, () => app.server.closeAllConnections());
  try {
    // What waits for a verdict gets it now, while it can be written; and whatever fails, the thread
    // must not keep the process up.
    await app.close().finally(() => checks.close());
    await database.close();
    logger.info('closed in order');
  } catch (error) {
    logger.error({ error }, 'the end was not in order; the next start recovers');
  } finally {
    cancel();
  }
};

/** Exit code of an end that a person or a supervisor asked for. */
export const orderlyExit = exitCodes.ok.number;
