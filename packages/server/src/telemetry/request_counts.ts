/** Requests by method, route and status, counted in plain numbers (`durations.ts`). */
import { Counter, type Registry } from 'prom-client';
import { type Counted, Durations } from './durations.js';
import type { HttpMetrics } from './metrics.js';

export class RequestCounts implements HttpMetrics {
  readonly #durations: Durations;
  readonly #byStatus = new Map<Counted, Map<number, number>>();

  /** Counts into buckets that end at these seconds. */
  constructor(registry: Registry, bounds: readonly number[]) {
    const byStatus = this.#byStatus;
    new Counter({
      name: 'stemedb_http_requests_total',
      help: 'Requests by method, route pattern and status.',
      labelNames: ['method', 'route', 'status'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [{ labels }, statuses] of byStatus) {
          for (const [status, count] of statuses) this.inc({ ...labels, status }, count);
        }
      },
    });
    const name = 'stemedb_http_request_duration_seconds';
    const help = 'Time from the request to the end of its answer.';
    this.#durations = new Durations(registry, { name, help }, ['method', 'route'], bounds);
  }

  requestFinished(request: Parameters<HttpMetrics['requestFinished']>[0]): void {
    const { method, route, status, seconds } = request;
    const counted = this.#durations.observe(method, route, seconds);
    let statuses = this.#byStatus.get(counted);
    if (statuses === undefined) {
      statuses = new Map();
      this.#byStatus.set(counted, statuses);
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
}
