/** Questions and looks into the memory of answers, counted in plain numbers (`durations.ts`). */
import { Counter, type Registry } from 'prom-client';
import type { CacheMetrics, CacheName } from '../query/query_cache.js';
import { Durations } from './durations.js';
import type { QueryMetrics } from './metrics.js';

/** Questions by endpoint and lens; the buckets of their times end at these seconds. */
export const questionMetrics = (registry: Registry, bounds: readonly number[]): QueryMetrics => {
  const registers = [registry];
  const name = 'stemedb_query_latency_seconds';
  const help = 'Time that a question took, by endpoint and lens.';
  const durations = new Durations(registry, { name, help }, ['endpoint', 'lens'], bounds);
  new Counter({
    name: 'stemedb_queries_total',
    help: 'Questions that were answered or refused.',
    labelNames: ['endpoint', 'lens'],
    registers,
    collect() {
      this.reset();
      for (const { labels, count } of durations.all()) this.inc(labels, count);
    },
  });
  const timeouts = new Counter({
    name: 'stemedb_query_timeout_total',
    help: 'Questions that took longer than allowed.',
    registers,
  });
  return {
    answered: ({ endpoint, lens, seconds, failure }) => {
      durations.observe(endpoint, lens, seconds);
      if (failure === 'query_timeout') timeouts.inc();
    },
  };
};

export const cacheMetrics = (registry: Registry): CacheMetrics => {
  const looks = (name: string, help: string): ((cache: CacheName) => void) => {
    const counts = new Map<CacheName, number>();
    new Counter({
      name,
      help,
      labelNames: ['cache'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [cache, count] of counts) this.inc({ cache }, count);
      },
    });
    return (cache) => counts.set(cache, (counts.get(cache) ?? 0) + 1);
  };
  const hit = looks(
    'stemedb_cache_hits_total',
    'Answers, rows of a pair, or claims that answers name, that were kept and served.',
  );
  const missed = looks(
    'stemedb_cache_misses_total',
    'The same that were not kept or no longer hold.',
  );
  return { looked: (cache, found) => (found ? hit : missed)(cache) };
};
