/**
 * Durations by labels, counted in plain numbers and put into the words of the registry when
 * somebody asks: its own counting builds and hashes labels for each observation.
 */
import { Histogram, type Registry } from 'prom-client';

type HistogramText = Omit<Awaited<ReturnType<Histogram<string>['get']>>, 'collect'>;

interface Named {
  readonly name: string;
  readonly help: string;
}

/** What is known of one set of labels. */
export class Counted {
  readonly labels: { readonly [name: string]: string };
  readonly #bounds: readonly number[];
  /** Durations up to each bound and beyond the one before; the last has no bound. */
  readonly #buckets: number[];
  #seconds = 0;
  #count = 0;

  constructor(labels: { readonly [name: string]: string }, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.#buckets = new Array<number>(bounds.length + 1).fill(0);
  }

  get count(): number {
    return this.#count;
  }

  observe(seconds: number): void {
    this.#count += 1;
    this.#seconds += seconds;
    let at = 0;
    while (at < this.#bounds.length && seconds > (this.#bounds[at] ?? 0)) at += 1;
    this.#buckets[at] = (this.#buckets[at] ?? 0) + 1;
  }

  /** Buckets hold what those below them hold, as the text format wants it. */
  samples(name: string): HistogramText['values'] {
    const { labels } = this;
    let below = 0;
    const samples = this.#buckets.map((here, at) => {
      below += here;
      const le = this.#bounds[at] ?? '+Inf';
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: below };
    });
    return [
      ...samples,
      { metricName: `${name}_sum`, labels, value: this.#seconds },
      { metricName: `${name}_count`, labels, value: this.#count },
    ];
  }
}

/** Holds no values: it says those that are counted elsewhere. */
export class DurationHistogram extends Histogram<string> {
  readonly #named: Named;
  readonly #all: () => readonly Counted[];

  constructor(named: Named, registry: Registry, all: () => readonly Counted[]) {
    super({ ...named, registers: [registry] });
    this.#named = named;
    this.#all = all;
  }

  /** What the registry asks for its text. */
  async getForPromString(): Promise<HistogramText> {
    // The declared type is an enumeration that the package does not have when it runs.
    const type = 'histogram' as unknown as HistogramText['type'];
    const values = this.#all().flatMap((counted) => counted.samples(this.#named.name));
    return { ...this.#named, type, aggregator: 'sum', values };
  }
}

/** Durations by two labels. */
export class Durations {
  readonly #bounds: readonly number[];
  readonly #labelNames: readonly [string, string];
  /** By the first label and then the second, both from closed sets. */
  readonly #counted = new Map<string, Map<string, Counted>>();

  /** Counts into buckets that end at these seconds. */
  constructor(
    registry: Registry,
    named: Named,
    labelNames: readonly [string, string],
    bounds: readonly number[],
  ) {
    this.#bounds = bounds;
    this.#labelNames = labelNames;
    new DurationHistogram(named, registry, () => this.all());
  }

  /** Counts one duration; returns all that is known of its labels. */
  observe(first: string, second: string, seconds: number): Counted {
    const counted = this.#of(first, second);
    counted.observe(seconds);
    return counted;
  }

  all(): readonly Counted[] {
    return [...this.#counted.values()].flatMap((by) => [...by.values()]);
  }

  #of(first: string, second: string): Counted {
    let bySecond = this.#counted.get(first);
    if (bySecond === undefined) {
      bySecond = new Map();
      this.#counted.set(first, bySecond);
    }
    let counted = bySecond.get(second);
    if (counted === undefined) {
      const [firstName, secondName] = this.#labelNames;
      const labels = { [firstName]: first, [secondName]: second };
      counted = new Counted(labels, this.#bounds);
      bySecond.set(second, counted);
    }
    return counted;
  }
}
