/** What comes in the busiest second, and what it costs together. */
import type { Cost, Costs } from './costs.js';
import { shown } from './figure.js';
import type { Workload } from './workload.js';

export interface Load {
  /** Claims of one request each. */
  readonly single: number;
  readonly streamed: number;
  /** Questions whose answer was kept, and the others. */
  readonly kept: number;
  readonly fresh: number;
}

export const peakOf = (workload: Workload): Load => {
  const { ingestPerSecond, queriesPerSecond, streamShare, keptShare, peak } = workload;
  return {
    single: ingestPerSecond * (1 - streamShare) * peak,
    streamed: ingestPerSecond * streamShare * peak,
    kept: queriesPerSecond * keptShare * peak,
    fresh: queriesPerSecond * (1 - keptShare) * peak,
  };
};

interface Summed {
  readonly writes: number;
  readonly questions: number;
}

/** One kind of cost over all that comes in that second. */
export const summed = (load: Load, costs: Costs, read: (cost: Cost) => number): Summed => ({
  writes: load.single * read(costs.single) + load.streamed * read(costs.streamed),
  questions: load.kept * read(costs.questions.kept) + load.fresh * read(costs.questions.new),
});

/** The rates and what each of them costs, in words. */
export const summedInWords = (
  load: Load,
  costs: Costs,
  unit: string,
  read: (cost: Cost) => number,
): string => {
  const terms: readonly (readonly [number, string, Cost])[] = [
    [load.single, 'single claims', costs.single],
    [load.streamed, 'streamed claims', costs.streamed],
    [load.fresh, 'new questions', costs.questions.new],
    [load.kept, 'kept answers', costs.questions.kept],
  ];
  const words = terms
    .filter(([rate]) => rate > 0)
    .map(([rate, name, cost]) => `${shown(rate)}/s ${name} x ${shown(read(cost))} ${unit}`);
  return words.length === 0 ? 'nothing comes' : words.join(' + ');
};
