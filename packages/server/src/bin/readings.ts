/** What a running node tells those who watch it, read at the moment of asking. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { systemDisk } from '../io/system_disk.js';
import { anonymousMemoryBytes, fileSystemSpace } from '../io/system_machine.js';
import { readOperations } from '../ops/operations_file.js';
import type { Readings } from '../telemetry/readings.js';
import type { Database } from './database.js';
import { memoryBytesMax } from './memory_bound.js';
import { version } from './version.js';

/** Notes that cannot be read cost no more than their metrics; said once, not at each asking. */
const successesIn = (walDir: string, logger: Logger): Readings['successes'] => {
  let warned: string | undefined;
  return async () => {
    const notes = await readOperations(systemDisk, walDir);
    if (notes.ok) return notes.value;
    const { error } = notes;
    if (warned !== error.detail) logger.warn({ error }, 'a note of past operations is unreadable');
    warned = error.detail;
    throw new Error(error.detail);
  };
};

export const readingsOf = (config: Config, database: Database, logger: Logger): Readings => {
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
    successes: successesIn(config.walDir, logger),
    isArchiveWanted: () => config.archiveUrl !== undefined,
    version,
  };
};
