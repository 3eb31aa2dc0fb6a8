/** The command line as its own process, as a user runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { cliBinary } from './server_process.js';

export interface Ended {
  /** Exit code; null when a signal ended it. */
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a Node program with these words to its end. */
export const runProgram = async (
  file: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> => {
  const child = spawn(process.execPath, [file, ...words], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const [out, err, [exit, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ]);
  return { exit, signal, out, err };
};

/** Runs `stemedb` with these words to its end. */
export const runCli = (...words: readonly string[]): Promise<Ended> => runProgram(cliBinary, words);

/** The words that name the directories of a `ServerProcess`. */
export const directoriesOf = (directory: string): readonly string[] => [
  ...['--wal-dir', join(directory, 'wal')],
  ...['--db-dir', join(directory, 'db')],
];
