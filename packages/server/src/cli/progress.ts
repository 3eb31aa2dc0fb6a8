/** A progress bar on a terminal, silence anywhere else. */
import { SingleBar } from 'cli-progress';
import type { CliIo } from './cli_io.js';
import type { ReportOptions } from './report.js';

export interface Progress {
  /** How much is done, with a word about where that is. */
  update(done: number, place: string): void;
  /** Takes the bar away; must be called. */
  stop(): void;
}

const silent: Progress = { update: () => undefined, stop: () => undefined };

/** `total` 0: not known, and only the place is shown. */
export const startProgress = (
  io: CliIo,
  options: ReportOptions,
  work: { readonly title: string; readonly total: number },
): Progress => {
  const stream = io.progressStream;
  if (stream === undefined || options.quiet || options.json) return silent;
  const bar = new SingleBar({
    format: `${work.title} ${work.total > 0 ? '{bar} {percentage}% ' : ''}{place}`,
    stream,
    barCompleteChar: '=',
    barIncompleteChar: '-',
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(work.total, 0, { place: '' });
  return {
    update: (done, place) => bar.update(done, { place }),
    stop: () => bar.stop(),
  };
};
