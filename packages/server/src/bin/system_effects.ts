/** A database's effects on the machine that it runs on. */
import { join } from 'node:path';
import { sodiumVerify } from '../ingest/sodium.js';
import { systemClock } from '../io/system_clock.js';
import { systemDisk } from '../io/system_disk.js';
import { systemRandom } from '../io/system_random.js';
import { LensRegistry } from '../lens/registry.js';
import { lmdbDamage } from '../store/lmdb_file.js';
import { lmdbPagesFault } from '../store/lmdb_pages.js';
import { storeEngine, storeFaultAtStart } from '../store/store_engine.js';
import type { Effects } from './database.js';
import type { OpenEngine } from './store_files.js';

/** Names of the engine's files; the lock beside them stays while they are removed. */
const engineFiles = ['data.mdb', 'lock.mdb'];

export const systemEngine: OpenEngine = {
  open: (directory) => storeEngine(systemDisk, directory),
  fault: (directory) => lmdbPagesFault(systemDisk, directory),
  faultAtStart: (directory) => storeFaultAtStart(systemDisk, directory),
  damage: lmdbDamage,
  remove: async (directory) => {
    if (!(await systemDisk.exists(directory))) return;
    for (const name of engineFiles) {
      const path = join(directory, name);
      if (await systemDisk.exists(path)) await systemDisk.remove(path);
    }
    await systemDisk.syncDirectory(directory);
  },
};

/** Clock, randomness, disk, engine and signature library of this machine. */
export const systemEffects = (): Effects => ({
  clock: systemClock,
  random: systemRandom,
  disk: systemDisk,
  openEngine: systemEngine,
  verify: sodiumVerify,
  lenses: new LensRegistry(),
});
