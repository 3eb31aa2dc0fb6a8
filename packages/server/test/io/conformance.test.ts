/** The system's seams and their simulations keep the same rules. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/io/system_clock.js';
import { systemDisk } from '../../src/io/system_disk.js';
import { systemRandom } from '../../src/io/system_random.js';
import { clockConformance } from '../conformance/clock.js';
import { diskConformance } from '../conformance/disk.js';
import { randomConformance } from '../conformance/random.js';
import { SeededRandom } from '../simulation/seeded_random.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';

clockConformance('system', () => ({
  clock: systemClock,
  pass: (durationMs) => sleep(durationMs),
}));

clockConformance('simulated', () => {
  const clock = new SimulatedClock();
  return { clock, pass: (durationMs) => clock.advance(durationMs) };
});

randomConformance('system', () => systemRandom);
randomConformance('seeded', () => new SeededRandom(1));

diskConformance('system', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-disk-'));
  return {
    disk: systemDisk,
    directory,
    dispose: () => rm(directory, { recursive: true }),
  };
});

diskConformance('simulated', async () => {
  const disk = new SimulatedDisk();
  await disk.makeDirectory('/data');
  return { disk, directory: '/data', dispose: async () => undefined };
});
