/**
 * Requests by method, route and status, counted in plain numbers and put into the words of the
 * registry when somebody asks: its own counting builds and hashes labels for each request.
 */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { HttpMetrics } from './metrics.js';

type HistogramText = Omit<Awaited<ReturnType<Histogram<string>['get']>>, 'collect'>;

/** What is known of one method and route. */
interface Counted {
  readonly labels: { readonly method: string; readonly route: string };
  readonly byStatus: Map<number, number>;
  /** Requests that took at most each bound and more than the one before; the last has no bound. */
  readonly buckets: number[];
  seconds: number;
}

const labelNames = ['method', 'route'];

interface Named {
  readonly name: string;
  readonly help: string;
}

/** Holds no values: it says those that are counted elsewhere. */
class DurationHistogram extends Histogram<string> {
  readonly #named: Named;
  readonly #values: () => HistogramText['values'];

  constructor(registry: Registry, named: Named, values: () => HistogramText['values']) {
    super({ ...named, labelNames, registers: [registry] });
    this.#named = named;
    this.#values = values;
  }

  /** What the registry asks for its text. */
  async getForPromString(): Promise<HistogramText> {
    // The declared type is an enumeration that the package does not have when it runs.
    const type = 'histogram' as unknown as HistogramText['type'];
    return { ...this.#named, type, aggregator: 'sum', values: this.#values() };
  }
}

export class RequestCounts implements HttpMetrics {
  readonly #bounds: readonly number[];
  /** By route and then method, both from closed sets. */
  readonly #routes = new Map<string, Map<string, Counted>>();

  /** Counts into buckets that end at these seconds. */
  constructor(registry: Registry, bounds: readonly number[]) {
    this.#bounds = bounds;
    const registers = [registry];
    const all = (): readonly Counted[] =>
      [...this.#routes.values()].flatMap((by) => [...by.values()]);
    new Counter({
      name: 'stemedb_http_requests_total',
      help: 'Requests by method, route pattern and status.',
      labelNames: [...labelNames, 'status'],
      registers,
      collect() {
        this.reset();
        for (const { labels, byStatus } of all()) {
          for (const [status, count] of byStatus) this.inc({ ...labels, status }, count);
        }
      },
    });
    const name = 'stemedb_http_request_duration_seconds';
    const help = 'Time from the request to the end of its answer.';
    new DurationHistogram(registry, { name, help }, () =>
      all().flatMap((counted) => this.#samples(name, counted)),
    );
  }

  requestFinished(request: Parameters<HttpMetrics['requestFinished']>[0]): void {
    const { method, route, status, seconds } = request;
    const counted = this.#of(method, route);
    counted.byStatus.set(status, (counted.byStatus.get(status) ?? 0) + 1);
    counted.seconds += seconds;
    let at = 0;
    while (at < this.#bounds.length && seconds > (this.#bounds[at] ?? 0)) at += 1;
    counted.buckets[at] = (counted.buckets[at] ?? 0) + 1;
  }

  #of(method: string, route: string): Counted {
    let byMethod = this.#routes.get(route);
    if (byMethod === undefined) {
      byMethod = new Map();
      this.#routes.set(route, byMethod);
    }
    let counted = byMethod.get(method);
    if (counted === undefined) {
      const buckets = new Array<number>(this.#bounds.length + 1).fill(0);
      counted = { labels: { method, route }, byStatus: new Map(), buckets, seconds: 0 };
      byMethod.set(method, counted);
    }
    return counted;
  }

  /** Buckets hold what those below them hold, as the text format wants it. */
  #samples(name: string, { labels, buckets, seconds }: Counted): HistogramText['values'] {
    let count = 0;
    const samples = buckets.map((here, at) => {
      count += here;
      const le = this.#bounds[at] ?? '+Inf';
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...samples,
      { metricName: `${name}_sum`, labels, value: seconds },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
