/** What a running node tells those who watch it, read at the moment of asking. */
import type { Config } from '../config/config.js';
import { anonymousMemoryBytes, fileSystemSpace } from '../io/system_machine.js';
import type { Readings } from '../telemetry/readings.js';
import type { Database } from './database.js';
import { memoryBytesMax } from './memory_bound.js';
import { version } from './version.js';

export const readingsOf = (config: Config, database: Database): Readings => {
  const directories = { wal: config.walDir, db: config.dbDir };
  const { log, store, report } = database;
  return {
    assertions: () => store.assertionCount,
    logBytes: () => log.usage.bytes,
    logSegments: () => log.usage.segments,
    logPosition: () => log.durableSequence,
    storeBytes: () => store.diskBytes(),
    clockAheadSeconds: () => report.clockAheadMs / 1000,
    isReady: () => database.writeFailure === undefined,
    space: (directory) => fileSystemSpace(directories[directory]),
    memoryBytes: anonymousMemoryBytes,
    memoryBoundBytes: () => memoryBytesMax(config.cacheBytesMax, 0),
    // This node has no breakers, no quarantine and no certificate: nothing can be open or wait.
    openBreakers: () => 0,
    quarantined: () => 0,
    certificateExpirySeconds: () => undefined,
    version,
  };
};
