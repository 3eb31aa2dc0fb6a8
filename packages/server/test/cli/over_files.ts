/** Commands on the directories of a real database that no server runs on. */
import { ok } from '@stemedb/model';
import { systemEngine } from '../../src/bin/system_effects.js';
import type { CliServices } from '../../src/cli/services.js';
import type { Disk } from '../../src/io/disk.js';
import { systemDisk } from '../../src/io/system_disk.js';
import { openReal, type TestDirectories } from '../ops/directories.js';
import { noServices, type Ran, run as runAny } from './harness.js';

const services: CliServices = {
  ...noServices,
  openDatabase: (directories) => openReal(directories, { policy: false }),
  engine: systemEngine,
  readConfig: async () => ok([]),
};

export const run = (
  words: readonly string[],
  { walDir, dbDir }: TestDirectories,
  disk: Disk = systemDisk,
): Promise<Ran> =>
  runAny([...words, '--wal-dir', walDir, '--db-dir', dbDir], { io: { services, disk } });
