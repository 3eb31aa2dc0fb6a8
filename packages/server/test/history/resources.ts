/** What a running server takes, window by window, and whether it grows. */
import { readdir, readFile } from 'node:fs/promises';

/** One window of a run. */
export interface Window {
  /** Since the server was started, seconds. */
  readonly seconds: number;
  readonly rssAnonMib: number;
  readonly handles: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Private memory and open descriptors of a process. */
export const resourcesOf = async (
  pid: number,
): Promise<{ readonly rssAnonMib: number; readonly handles: number }> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = Number(/^RssAnon:\s*(\d+)/m.exec(status)?.[1]);
  return { rssAnonMib: kib / 1024, handles: (await readdir(`/proc/${pid}/fd`)).length };
};

/** The value below which this part of the times lies; times in any order. */
export const percentile = (times: readonly number[], part: number): number => {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
};

/** Growth of a figure for each hour: the slope of the least squares line through the windows. */
export const slopePerHour = (
  windows: readonly Window[],
  figure: (window: Window) => number,
): number => {
  const mean = (of: (window: Window) => number): number =>
    windows.reduce((sum, window) => sum + of(window), 0) / windows.length;
  const [meanX, meanY] = [mean(({ seconds }) => seconds), mean(figure)];
  let [above, below] = [0, 0];
  for (const window of windows) {
    above += (window.seconds - meanX) * (figure(window) - meanY);
    below += (window.seconds - meanX) ** 2;
  }
  return below === 0 ? 0 : (above / below) * 3600;
};

/** Lines of a report: the range of each figure, and its slope over the later part of each life. */
export const reportOf = (lives: readonly (readonly Window[])[]): readonly string[] => {
  const figures: readonly (readonly [string, (window: Window) => number])[] = [
    ['RssAnon, MiB', ({ rssAnonMib }) => rssAnonMib],
    ['descriptors', ({ handles }) => handles],
    ['requests/s', ({ requests }) => requests],
    ['p50, ms', ({ p50Ms }) => p50Ms],
    ['p99, ms', ({ p99Ms }) => p99Ms],
  ];
  const all = lives.flat();
  return figures.map(([name, figure]) => {
    const values = all.map(figure);
    // The first third of a life warms up: code is compiled, caches fill.
    const settled = lives.map((life) => life.slice(Math.floor(life.length / 3)));
    const slopes = settled.map((life) => slopePerHour(life, figure).toFixed(1));
    const range = `${Math.min(...values).toFixed(1)} .. ${Math.max(...values).toFixed(1)}`;
    const median = percentile(values, 0.5).toFixed(1);
    return `${name}: ${range}; median ${median}; slope per hour by lives: ${slopes.join(', ')}`;
  });
};
