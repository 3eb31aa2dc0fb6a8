/** What a backup is made from, and how. */
import type { Ed25519Verify } from '@stemedb/model';
import type { Clock } from '../../io/clock.js';
import type { Disk } from '../../io/disk.js';
import type { ObjectStore } from '../../io/object_store.js';
import type { Retention } from './retention.js';

export interface BackupInput {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly sleep: (delayMs: number) => Promise<void>;
  readonly verify: Ed25519Verify;
  readonly walDir: string;
  readonly store: ObjectStore;
  /** False where the key of the node would lie unencrypted with others. */
  readonly keepsSecrets: boolean;
  /** Of this program. */
  readonly version: string;
  readonly isIncremental: boolean;
  readonly retention: Retention;
  /** Looks at everything and writes nothing. */
  readonly isDryRun: boolean;
  /** Of a file beside the log that is put at once; a larger one is kept in pieces. */
  readonly pieceBytesMax?: number;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}
