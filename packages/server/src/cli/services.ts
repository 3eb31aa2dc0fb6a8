/**
 * What the command line needs of the composition root. It is handed in, so that this room knows
 * neither how a database is wired nor where a configuration comes from.
 */
import type { Outcome } from '@stemedb/model';
import type { Ingest } from '../ingest/ingest.js';
import type { Log } from '../log/log.js';
import type { Engine } from '../store/engine.js';
import type { ReplayProgress } from '../store/replay.js';
import type { Store } from '../store/store.js';

export interface Directories {
  readonly walDir: string;
  readonly dbDir: string;
}

/** A database that is open for this command alone. */
interface OfflineDatabase {
  readonly ingest: Ingest;
  readonly log: Log;
  readonly store: Store;
  close(): Promise<void>;
}

/** One setting of the server and where it comes from. */
interface ConfigLine {
  readonly key: string;
  /** Secrets masked. */
  readonly value: string;
  readonly source: string;
}

export interface CliServices {
  /** Locks, recovers and replays; an empty directory becomes a new database. */
  openDatabase(
    directories: Directories,
    onReplay?: (progress: ReplayProgress) => void,
  ): Promise<Outcome<OfflineDatabase>>;
  /** The engine of the store: opens its directory, or deletes it but for the lock. */
  readonly engine: {
    open(directory: string): Engine | Promise<Engine>;
    remove(directory: string): Promise<void>;
    /** Why files that are there must not be opened; undefined when they may be. */
    fault?(directory: string): Promise<string | undefined>;
  };
  /** What a server with this much cache takes of memory at most, by the sum of its limits. */
  memoryBytesMax(cacheBytes: number): Promise<number>;
  /** Serves a database of its own on a free port of the loopback, configured as the server is. */
  serve(
    directories: Directories,
  ): Promise<Outcome<{ readonly url: string; stop(): Promise<void> }>>;
  /** Reads the configuration as the server would. */
  readConfig(file: string | undefined): Promise<Outcome<readonly ConfigLine[]>>;
}
