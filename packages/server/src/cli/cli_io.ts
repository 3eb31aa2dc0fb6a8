/** What the command line needs of the world: handed in, so that tests run whole commands. */
import type { Fetch } from '@stemedb/client';
import type { Clock } from '../io/clock.js';
import type { Disk } from '../io/disk.js';
import type { Random } from '../io/random.js';
import type { CliServices } from './services.js';

export interface TextSink {
  /** Resolves when more may be written. */
  write(text: string): Promise<void>;
  /** True when a person looks at it. */
  readonly isTerminal: boolean;
  readonly columns: number;
}

/** Files that a user names on the command line; failures carry a POSIX `code`. */
export interface UserFiles {
  readText(path: string): Promise<string>;
  /** The bytes of a file in chunks; `-` is standard input. */
  readChunks(path: string): AsyncIterable<Uint8Array>;
  /** Size in bytes; undefined when the path is not a regular file. */
  sizeOf(path: string): Promise<number | undefined>;
  /** Writes a file as a whole, durably: a reader sees the old or the new text, nothing else. */
  replace(path: string, text: string): Promise<void>;
  /** Makes a file that must not exist yet, and has its name when the sink is closed. */
  create(path: string, mode: number): Promise<FileSink>;
  remove(path: string): Promise<void>;
  /** Removes a directory with all that is in it; one that is not there is well. */
  removeTree(path: string): Promise<void>;
}

export interface FileSink {
  write(text: string): Promise<void>;
  /** Resolves when the content is on stable storage. */
  close(): Promise<void>;
  /** Leaves nothing of it. */
  discard(): Promise<void>;
}

/** How a program ended. */
export interface EndOfProgram {
  readonly exit: number | null;
  readonly signal: string | null;
}

/** Other programs of this machine, which only a user names. */
export interface Processes {
  /** Ends a process at once (SIGKILL); throws with a POSIX `code` when that is not possible. */
  kill(pid: number): void;
  /** Runs a line in a shell; what it prints goes to standard error. */
  shell(line: string): Promise<EndOfProgram>;
  /**
   * Runs a line in a shell that may stay when this program ends, so what it prints is not shown.
   * Resolves when it ends.
   */
  start(line: string): Promise<EndOfProgram>;
}

export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Where a progress bar is drawn; undefined when nobody would see it. */
  readonly progressStream: NodeJS.WritableStream | undefined;
  readonly files: UserFiles;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly services: CliServices;
  /** `process.versions.node`. */
  readonly nodeVersion: string;
  /**
   * Runs this program as a process of its own, for work that a damaged file may end by a signal.
   * Undefined where the work is done in this process.
   */
  readonly runApart?: (
    words: readonly string[],
    onLine: (line: string) => void,
  ) => Promise<EndOfProgram>;
  readonly processes: Processes;
  /** Aborted when the program is told to end; a second signal ends it at once. */
  readonly stopSignal?: () => AbortSignal;
  /** Resolves after so many milliseconds; rejects with the signal's reason when aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}
