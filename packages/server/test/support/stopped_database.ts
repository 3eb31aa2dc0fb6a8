/** A small database whose server has stopped in order, and copies of it to spoil. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Seeded } from './seeded.js';
import { type ServerOptions, ServerProcess } from './server_process.js';
import { playOverHttp, smallAnswers, visibleStamp } from './small_database.js';

export interface StoppedDatabase {
  readonly directory: string;
  /** The newest stamp that was visible, and the answers as of it. */
  readonly stamp: string;
  readonly answers: readonly string[];
  remove(): Promise<void>;
}

export const stoppedDatabase = async (random: Seeded, length: number): Promise<StoppedDatabase> => {
  const server = await ServerProcess.start();
  try {
    await playOverHttp(server, random, length);
    const stamp = await visibleStamp(server);
    const answers = await smallAnswers(server, stamp);
    assert.equal(await server.stop(), 0, server.output);
    return { directory: server.directory, stamp, answers, remove: () => server.remove() };
  } catch (error) {
    await server.remove();
    throw error;
  }
};

/** Runs the work on a copy of the directory, which is removed after. */
export const withCopy = async <T>(
  directory: string,
  work: (copy: string) => Promise<T>,
): Promise<T> => {
  const copy = await mkdtemp(join(tmpdir(), 'stemedb-copy-'));
  try {
    await cp(directory, copy, { recursive: true });
    return await work(copy);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
};

export interface Refusal {
  readonly exit: number | null;
  readonly output: string;
}

/** Starts a server that must not come up; gives its exit code and what it said. */
export const refusedStart = async (options: ServerOptions): Promise<Refusal> => {
  const server = await ServerProcess.spawn(options);
  const isReady = server.ready().then(
    () => true,
    () => false,
  );
  if (await isReady) {
    await server.stop('SIGKILL');
    assert.fail(`the server came up:\n${server.output}`);
  }
  const exit = await server.exited;
  // What a process said last may arrive after its end.
  for (let turn = 0; turn < 50 && server.output === ''; turn += 1) await sleep(20);
  return { exit, output: server.output };
};

/** Refused for one reason: the code, one sentence on it, no stack. */
export const assertRefused = (refusal: Refusal, exit: number, says: RegExp): void => {
  assert.equal(refusal.exit, exit, refusal.output);
  assert.match(refusal.output, says);
  assert.doesNotMatch(refusal.output, /^\s+at .*\.js:\d+/m, 'a stack is no sentence');
};
