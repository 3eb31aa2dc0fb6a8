/** What the HTTP room is handed: the rooms behind it as interfaces, and what it may touch. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import type { HttpLimits } from '../guard/limits.js';
import type { Ingest } from '../ingest/ingest.js';
import type { Principal } from '../ingest/principal.js';
import type { Clock } from '../io/clock.js';
import type { Random } from '../io/random.js';
import type { LogProofs } from '../log/merkle/merkle_log.js';
import type { Feed } from '../query/feed.js';
import type { Impacts } from '../query/impacts.js';
import type { QueryService } from '../query/question.js';
import type { RecordReads } from '../query/record_reads.js';
import type { HttpMetrics, QueryMetrics } from '../telemetry/metrics.js';

/** How the node is; `GET /v1/health` sends it as it is. */
export interface HealthReport {
  /** `healthy`: everything works. `degraded`: reads work, writes do not. `starting`: not yet. */
  readonly status: 'healthy' | 'degraded' | 'starting';
  /** True when the node should be sent requests. */
  readonly ready: boolean;
  /** Why it is not ready or what an operator should look at, one sentence each. */
  readonly reasons?: readonly string[];
  readonly assertion_count: number;
  readonly record_count: number;
  readonly version: string;
  readonly database_id: string;
  readonly node_id: string;
  /** The agent id of the node: the author of unsigned writes while authentication is off. */
  readonly agent_id: string;
  /** Position of the newest visible record. */
  readonly position: string;
  readonly uptime_seconds: number;
}

/** The part of the configuration that the HTTP room reads. */
interface HttpConfig {
  /** The address that the server will listen on: `host:port`. */
  readonly bindAddr: string;
  /** Host names accepted beside the loopback names, with or without a port. */
  readonly allowedHosts: readonly string[];
  /** Origins (`scheme://host[:port]`) that a browser may call from. */
  readonly allowedOrigins: readonly string[];
  /** The version that `/openapi.json` states. */
  readonly version: string;
  readonly limits: HttpLimits;
  /** A question that takes at least this long is logged; 0 or undefined: none is. */
  readonly slowQueryMs?: number;
}

export interface HttpDeps {
  readonly ingest: Ingest;
  readonly query: QueryService;
  readonly reads: RecordReads;
  /** The log, record by record. */
  readonly feed: Feed;
  /** What retracting a source changes. */
  readonly impacts: Impacts;
  /** Checkpoints and proofs of the Merkle log. */
  readonly proofs: LogProofs;
  /** Who makes the call; with authentication off, always the node. */
  readonly principalOf: (headers: IncomingHttpHeaders) => Principal;
  readonly health: () => HealthReport;
  readonly metrics: {
    readonly http: HttpMetrics;
    readonly query: QueryMetrics;
    /** The Prometheus text of everything that is measured. */
    readonly text: () => Promise<string>;
    readonly contentType: string;
  };
  /** Names of the registered lenses, for the schema and the refusal of others. */
  readonly lensNames: readonly string[];
  readonly config: HttpConfig;
  readonly logger: FastifyBaseLogger;
  readonly clock: Clock;
  readonly random: Random;
}
