/** The load of a pilot: claims and questions at their rates, and what became of them. */
import type { Clock } from '../../io/clock.js';
import { Latencies } from './latencies.js';
import type { Ledger } from './ledger.js';
import { pace } from './pace.js';
import type { PilotServer } from './server.js';

export interface LoadOptions {
  readonly server: PilotServer;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  /** Claims a second, and claims of one request. */
  readonly rate: number;
  readonly batch: number;
  readonly queryRate: number;
  readonly atOnce: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The number of the first claim; the result has the next free one. */
  readonly first: number;
  readonly isOver: () => boolean;
}

export interface LoadResult {
  readonly next: number;
  readonly acknowledged: number;
  /** From the beginning until the last claim was acknowledged. */
  readonly lastAcknowledgedMs: number;
  readonly failedWrites: number;
  readonly failedQuestions: number;
  readonly writes: Latencies;
  readonly questions: Latencies;
}

/** Lenses that questions take turns with. */
const lenses = ['recency', 'consensus', 'confidence'] as const;

export const runLoad = async (options: LoadOptions): Promise<LoadResult> => {
  const { server, ledger, clock, sleep, batch, atOnce, isOver, random } = options;
  const writes = new Latencies();
  const questions = new Latencies();
  let { first: next } = options;
  let failedWrites = 0;
  let failedQuestions = 0;
  let asked = 0;
  const before = ledger.count;
  const beginMs = clock.monotonicMs();
  let lastAcknowledgedMs = 0;
  const write = async (dueMs: number): Promise<void> => {
    const numbers = Array.from({ length: batch }, (_, at) => next + at);
    next += batch;
    const kept = await server.write(numbers);
    for (const number of kept) ledger.acknowledge(number);
    failedWrites += numbers.length - kept.length;
    if (kept.length === 0) return;
    const nowMs = clock.monotonicMs();
    writes.add(nowMs - dueMs);
    lastAcknowledgedMs = nowMs - beginMs;
  };
  const ask = async (dueMs: number): Promise<void> => {
    asked += 1;
    const number = Math.floor(random() * Math.max(1, ledger.end));
    const isAnswered = await server.ask(number, lenses[asked % lenses.length] ?? 'recency');
    if (isAnswered) questions.add(clock.monotonicMs() - dueMs);
    else failedQuestions += 1;
  };
  const common = { clock, sleep, atOnce, isOver };
  await Promise.all([
    pace({ ...common, perSecond: options.rate / batch, call: write }),
    pace({ ...common, perSecond: options.queryRate, call: ask }),
  ]);
  const acknowledged = ledger.count - before;
  const failed = { failedWrites, failedQuestions };
  return { next, acknowledged, lastAcknowledgedMs, ...failed, writes, questions };
};
