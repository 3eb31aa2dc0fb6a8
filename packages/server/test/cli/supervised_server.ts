/** A server that a tiny supervisor starts again when it ends, always on the same port and data. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, serverBinary } from '../support/server_process.js';
import { scratch } from './harness.js';

const restartMs = 100;
const readyMs = 120_000;

export interface SupervisedServer {
  readonly url: string;
  /** Holds `wal` and `db`. */
  readonly directory: string;
  /** The process that runs now. */
  readonly pid: () => number;
}

export const startSupervised = async (
  context: TestContext,
  { restarts }: { readonly restarts: boolean },
): Promise<SupervisedServer> => {
  const directory = await scratch(context);
  const port = await freePort();
  let child: ChildProcess | undefined;
  let isStopping = false;
  const start = (): void => {
    child = spawn(process.execPath, [serverBinary], {
      cwd: directory,
      env: {
        PATH: process.env.PATH ?? '',
        STEMEDB_BIND_ADDR: `127.0.0.1:${port}`,
        STEMEDB_WAL_DIR: join(directory, 'wal'),
        STEMEDB_DB_DIR: join(directory, 'db'),
      },
      stdio: 'ignore',
    });
    child.once('exit', () => {
      if (!isStopping && restarts) setTimeout(() => isStopping || start(), restartMs);
    });
  };
  context.after(async () => {
    isStopping = true;
    const last = child;
    if (last === undefined || last.exitCode !== null || last.signalCode !== null) return;
    last.kill('SIGKILL');
    await once(last, 'exit');
  });
  start();
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + readyMs;
  while (performance.now() < deadline) {
    const answer = await fetch(`${url}/v1/health/ready`).catch(() => undefined);
    if (answer?.status === 200) return { url, directory, pid: () => child?.pid ?? 0 };
    await sleep(20);
  }
  throw new Error('The supervised server is not ready.');
};
