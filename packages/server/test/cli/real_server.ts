/** A whole server in this process, on real directories and a free port of the loopback. */
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { httpLimits } from '../../src/guard/limits.js';
import { buildHttpServer } from '../../src/http/server.js';
import { systemClock } from '../../src/io/system_clock.js';
import { systemRandom } from '../../src/io/system_random.js';
import { LensRegistry } from '../../src/lens/registry.js';
import { must, openReal, type TestDirectories } from '../ops/directories.js';

export interface RealServer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

const silentMetrics = {
  http: { requestFinished: () => undefined },
  query: { answered: () => undefined },
  text: async () => '',
  contentType: 'text/plain',
};

export const startReal = async (
  context: TestContext,
  directories: TestDirectories,
): Promise<RealServer> => {
  const database = must(await openReal(directories));
  const { agentId, identity, log, store } = database;
  const { ingest, query, reads, feed, impacts, proofs } = database;
  const app = await buildHttpServer({
    ingest,
    query,
    reads,
    feed,
    impacts,
    proofs,
    principalOf: () => ({ type: 'node', agentId }),
    health: () => ({
      status: 'healthy',
      ready: true,
      assertion_count: 0,
      record_count: 0,
      version: '0',
      database_id: identity.databaseId,
      node_id: identity.nodeId,
      agent_id: agentId,
      position: `${log.logId}.${store.appliedSequence}`,
      uptime_seconds: 0,
    }),
    metrics: silentMetrics,
    lensNames: new LensRegistry().names(),
    config: {
      bindAddr: '127.0.0.1:0',
      allowedHosts: [],
      allowedOrigins: [],
      version: '0',
      limits: httpLimits,
    },
    logger: pino({ level: 'silent' }),
    clock: systemClock,
    random: systemRandom,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    app.server.closeAllConnections();
    await app.close();
    await database.close();
  };
  context.after(close);
  return { url, close };
};
