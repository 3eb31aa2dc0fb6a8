/**
 * What the benchmark measured of one node of this software, as it was measured: points, no lines
 * through them. `npm run bench -- --coefficients --write` fills `measured.ts` with it.
 */

/** What something cost a process, for each one done. */
interface Cost {
  /** As many were done in a second at full load. */
  readonly perSecond: number;
  /** Processor time of all threads. */
  readonly microseconds: number;
  /** Of it, that of the thread that does nearly everything and is one. */
  readonly mainThreadMicroseconds: number;
}

interface ClaimKind {
  /** Bytes of the claim's canonical form. */
  readonly claimBytes: number;
  /** With one Ed25519 signature, which is a record of its own. */
  readonly signed: boolean;
}

/** Claims as streams of lines into a database that was empty. Bytes are those of one claim. */
export interface BulkPoint extends ClaimKind, Cost {
  readonly claims: number;
  readonly logBytes: number;
  readonly storeBytes: number;
  /** What the process had the disk write. */
  readonly writtenBytes: number;
  readonly memoryEmptyMib: number;
  readonly memoryMib: number;
  /** The whole of each command over these claims, without the start of the program. */
  readonly rebuildSeconds: number;
  readonly verifySeconds: number;
  /** A full backup, and its restore without the store, on one disk. */
  readonly backupSeconds: number;
  readonly restoreSeconds: number;
}

/** One claim a request. */
export interface SinglePoint extends ClaimKind, Cost {
  readonly connections: number;
  readonly writtenBytes: number;
  /** Syncs of the log for one claim: writes that arrive together share one. */
  readonly syncs: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
}

/**
 * `kept`: the answer itself was in memory. `new`: nobody asked this before, but what it is about
 * was in memory. `read`: nothing was, all came from the store and the log (in the page cache).
 */
export type AnswerKind = 'kept' | 'new' | 'read';

/** One question about one pair with so many candidates, under `consensus`. */
interface QuestionPoint extends Cost {
  readonly kind: AnswerKind;
  readonly candidates: number;
  readonly connections: number;
  readonly writtenBytes: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
}

/** Private memory (RssAnon) of a server that has answered many questions. */
interface MemoryPoint {
  readonly cacheMib: number;
  readonly emptyMib: number;
  readonly memoryMib: number;
}

/** A row of the table of sizes in bench/RESULTS.md: a database that grew, killed and asked. */
interface SizePoint {
  readonly date: string;
  readonly claims: number;
  readonly loadedPerSecond: number;
  readonly questionsPerSecond: number;
  readonly memoryMib: number;
  /** Until ready after SIGKILL under writes. */
  readonly readySeconds: number;
  /** Log and store together. */
  readonly bytesPerClaim: number;
}

export interface Measurements {
  readonly date: string;
  readonly command: string;
  readonly machine: string;
  /** Of the machine when the run ended, the run itself included. */
  readonly loadAverage: number;
  readonly loadProgram: string;
  /** Appending 1 KiB and syncing it. */
  readonly syncMs: { readonly p50: number; readonly p99: number };
  readonly bulk: readonly BulkPoint[];
  readonly single: readonly SinglePoint[];
  readonly questions: readonly QuestionPoint[];
  readonly memory: readonly MemoryPoint[];
  readonly sizes: readonly SizePoint[];
}
