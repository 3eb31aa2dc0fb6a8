/**
 * Faults at named system calls of a real process: `strace` kills it there, or has the call answer
 * with an error. A call is named by what it is and by the file that it touches.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

export interface Injection {
  /** System calls by name, separated by commas. */
  readonly call: string;
  /** Files or directories; without one any. */
  readonly paths?: readonly string[];
  /** What happens there, as strace writes it: `signal=SIGKILL`, `error=EIO`, `retval=1`. */
  readonly what: string;
  /** Which of a thread's calls, on whatever file: `1`, `2+`. Left out: each on the files. */
  readonly when?: string;
}

/** Why these tests cannot run here; undefined when they can. */
export const straceMissing = (): string | undefined =>
  spawnSync('strace', ['-V']).status === 0
    ? undefined
    : 'strace is not installed (Debian package strace)';

const wordsOf = ({ call, paths = [], what, when }: Injection): readonly string[] => [
  ...paths.flatMap((path) => ['-P', path]),
  ...['-e', `trace=${call}`],
  ...['-e', `inject=${call}:${what}${when === undefined ? '' : `:when=${when}`}`],
];

/** What to start a server with, so that the fault meets it while it starts. */
export const straceWrapper = (injection: Injection, file: string): readonly string[] => [
  'strace',
  ...['-f', '-y', '-s', '96', '-o', file],
  ...wordsOf(injection),
];

/** A fault in a process that runs already; it stays until `detach`. */
export class Strace {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'exit');
  }

  static async attach(pid: number, injection: Injection, file: string): Promise<Strace> {
    const words = ['-f', '-y', '-s', '96', '-o', file, ...wordsOf(injection), '-p', String(pid)];
    const child = spawn('strace', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    const strace = new Strace(child);
    let said = '';
    for await (const chunk of child.stderr ?? []) {
      said += String(chunk);
      if (said.includes('attached')) return strace;
    }
    throw new Error(`strace could not attach: ${said}`);
  }

  /** Leaves the process alone again. */
  async detach(): Promise<void> {
    this.#child.kill('SIGINT');
    await this.#ended;
  }

  /** Resolves when the process it looked at is gone. */
  async ended(): Promise<void> {
    await this.#ended;
  }
}

/** The last call that the trace has begun when SIGKILL came, from the call's name on. */
export const killedIn = async (file: string): Promise<string> => {
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  if (!lines.some((line) => line.endsWith('+++ killed by SIGKILL +++'))) return 'not killed';
  const begun = lines.map((line) => /^\d+ +(\w+\(.*)$/s.exec(line)?.[1]);
  return begun.filter((call) => call !== undefined).at(-1) ?? 'no call was seen';
};
