/** The segmented log keeps the rules of a log, on the system's disk and on the simulated one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/io/clock.js';
import type { Disk } from '../../src/io/disk.js';
import { systemClock } from '../../src/io/system_clock.js';
import { systemDisk } from '../../src/io/system_disk.js';
import { openLog } from '../../src/log/open_log.js';
import { logConformance } from '../conformance/log.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';

function harness(disk: Disk, clock: Clock, directory: string, segmentBytesMax: number) {
  return async () => {
    const options = { directory, databaseId: '0d'.repeat(16), logId: '1a'.repeat(16) };
    const opened = await openLog(disk, clock, { ...options, segmentBytesMax });
    if (!opened.ok) throw new Error(opened.error.detail);
    return opened.value.log;
  };
}

for (const segmentBytesMax of [64 * 1024 * 1024, 4096]) {
  logConformance(`system disk, segments of ${segmentBytesMax} bytes`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-log-'));
    return {
      open: harness(systemDisk, systemClock, directory, segmentBytesMax),
      dispose: () => rm(directory, { recursive: true }),
    };
  });

  logConformance(`simulated disk, segments of ${segmentBytesMax} bytes`, async () => {
    const disk = new SimulatedDisk();
    await disk.makeDirectory('/wal');
    return {
      open: harness(disk, new SimulatedClock(), '/wal', segmentBytesMax),
      dispose: async () => undefined,
    };
  });
}
