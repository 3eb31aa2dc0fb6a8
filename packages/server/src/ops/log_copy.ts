/**
 * A copy of a log, whether a backup or an archive: the one shape through which copies are
 * verified, restored and drilled.
 */
import type { StemeError } from '@stemedb/model';
import type { ReadDisk } from '../io/disk.js';

/** What a copy says of itself; verify and restore hold the records against it. */
export interface LogCopyFacts {
  readonly what: 'backup' | 'archive';
  /** For people. */
  readonly name: string;
  /** 32 hex digits. */
  readonly databaseId: string;
  /** 32 hex digits. */
  readonly logId: string;
  /** 16 hex digits. */
  readonly nodeId: string;
  /** The key that signs checkpoints of this log, as C2SP writes it; empty when it is lost. */
  readonly vkey: string;
  /** Also the size of the tree and the last sequence. */
  readonly records: number;
  /** How many of them are assertions. */
  readonly assertions: number;
  /** Base64, of the RFC 9162 tree of all records. */
  readonly root: string;
  /** 32 hex digits. */
  readonly newestStamp: string;
  readonly writtenAtMs: number;
}

export interface LogCopy {
  readonly facts: LogCopyFacts;
  /** The signed note over exactly these records, when the copy could be signed. */
  readonly checkpoint: string | undefined;
  /**
   * Read only. A file is checked against its length and hash before a byte of it is handed out;
   * rejects with `CopyDamagedError`.
   */
  readonly disk: ReadDisk;
  /** Holds the segments in `disk`, and nothing else. */
  readonly directory: string;
  /** Bytes of the segments. */
  readonly bytes: number;
  /** The bytes of the file `identity`, checked, when the copy has it. */
  identity(): Promise<Uint8Array | undefined>;
  /** What stands beside the segments, the file `identity` included. */
  readonly beside: readonly CopiedFile[];
  /** Faults of what stands beside the segments: damaged and missing files, and added ones. */
  faultsBeside(): AsyncIterable<CopyDamagedError>;
}

/** A file of a copy, as it was when the copy was made. */
export interface CopiedFile {
  /** In the copy's directory. */
  readonly name: string;
  /** To name it by when it is damaged: where it really is. */
  readonly place: string;
  /** Where in the file its bytes begin, of one that is kept in pieces; else 0. */
  readonly offset?: number;
  readonly bytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  /** The file as it is now; undefined when there is none. */
  load(): Promise<Uint8Array | undefined>;
}

const restoreAnother =
  'Restore another copy; "stemedb verify" with this one names all that is wrong. When there ' +
  'is no other, "stemedb restore --salvage" brings back what stands in front of the damage.';

/** A file of a copy is not what the copy says it is. */
export class CopyDamagedError extends Error {
  /** As in the copy: a name, or several joined by `/`. */
  readonly file: string;
  readonly what: string;
  readonly #todo: string;

  constructor(file: string, what: string, todo: string = restoreAnother) {
    super(`The file ${file} of the copy is damaged: ${what}.`);
    this.name = 'CopyDamagedError';
    this.file = file;
    this.what = what;
    this.#todo = todo;
  }

  get error(): StemeError {
    return { code: 'copy_damaged', detail: `${this.message} ${this.#todo}`, cause: this };
  }
}
