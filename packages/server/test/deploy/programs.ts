/** Programs of the system that check our files: run to their end, or known to be missing. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface Ended {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. */
export const runToEnd = async (program: string, words: readonly string[]): Promise<Ended> => {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const [out, err, [exit]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { exit, out, err };
};

/** Why a test that uses the program is skipped; false when it is there. */
export const without = (program: string): string | false =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status === 0 ? false : `needs ${program}`;
