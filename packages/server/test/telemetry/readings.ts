/** Values for the gauges, each different from zero and from the others. */
import type { Readings } from '../../src/telemetry/readings.js';

export const someReadings: Readings = {
  assertions: () => 7,
  logBytes: () => 1000,
  logSegments: () => 2,
  logPosition: () => 9,
  storeBytes: async () => 4096,
  clockAheadSeconds: () => 3,
  isReady: () => true,
  space: async (directory) =>
    directory === 'wal' ? { sizeBytes: 800, freeBytes: 200 } : { sizeBytes: 600, freeBytes: 100 },
  memoryBytes: async () => 5000,
  memoryBoundBytes: () => 6000,
  openBreakers: () => 4,
  quarantined: () => 5,
  certificateExpirySeconds: () => 1_800_000_000,
  successes: async () =>
    new Map([
      ['backup', { finishedAtMs: 1_700_000_000_500, position: 8 }],
      ['archive', { finishedAtMs: 1_700_000_100_000, position: 6 }],
    ]),
  isArchiveWanted: () => true,
  version: '1.2.3',
};

/** Samples by name and labels. */
export const samplesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))] as const;
      }),
  );
