/** The command line on a real system: the one file of this room that touches Node's files. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, lstat, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { WriteStream } from 'node:tty';
import { systemClock as systemClientClock } from '@stemedb/client';
import { diskErrorCode } from '../io/disk.js';
import { systemClock } from '../io/system_clock.js';
import { systemDisk } from '../io/system_disk.js';
import { systemRandom } from '../io/system_random.js';
import type { CliIo, EndOfProgram, FileSink, Processes, TextSink, UserFiles } from './cli_io.js';
import type { CliServices } from './services.js';

const columnsDefault = 100;

/** Standard output or error. A reader that has gone away ends the program, as it does `cat`. */
const systemSink = (stream: NodeJS.WriteStream): TextSink => {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    isTerminal: stream.isTTY === true,
    columns: (stream as Partial<WriteStream>).columns ?? columnsDefault,
  };
};

/** A link does not replace what came meanwhile; not every file system has them. */
const takeName = async (from: string, path: string): Promise<void> => {
  try {
    await link(from, path);
  } catch (error) {
    if (diskErrorCode(error) === 'EEXIST') throw error;
    return rename(from, path);
  }
  await rm(from);
};

/** Under another name until it is whole, so that nobody takes a part for all of it. */
const createFile = async (path: string, mode: number): Promise<FileSink> => {
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw Object.assign(new Error('it is there already'), { code: 'EEXIST' });
  const partial = `${path}.${randomUUID()}.partial`;
  const file = await open(partial, 'wx', mode);
  const discard = async (): Promise<void> => {
    await file.close().catch(() => undefined);
    await rm(partial, { force: true });
  };
  return {
    write: (text) => file.writeFile(text),
    close: async () => {
      await file.datasync();
      await file.close();
      await takeName(partial, path);
      await syncDirectory(dirname(path));
    },
    discard,
  };
};

/** Beside the file first, so that no moment and no failure leaves half a text or none. */
const replaceFile = async (path: string, text: string): Promise<void> => {
  const beside = `${path}.${randomUUID()}`;
  try {
    const file = await open(beside, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
};

const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};

export const systemFiles: UserFiles = {
  readText: (path) => readFile(path, 'utf8'),
  readChunks: (path) => (path === '-' ? process.stdin : createReadStream(path)),
  sizeOf: async (path) => {
    if (path === '-') return undefined;
    const found = await stat(path);
    if (found.isDirectory())
      throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' });
    return found.isFile() ? found.size : undefined;
  },
  replace: replaceFile,
  create: createFile,
  remove: (path) => rm(path, { force: true }),
  removeTree: (path) => rm(path, { force: true, recursive: true }),
};

/** The same program again, with its errors where ours go. */
const runApart = (
  words: readonly string[],
  onLine: (line: string) => void,
): Promise<EndOfProgram> => {
  const child = spawn(process.execPath, [process.argv[1] ?? '', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', onLine);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit, signal) => resolve({ exit, signal }));
  });
};

const endOf = (child: ChildProcess): Promise<EndOfProgram> =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exit, signal) => resolve({ exit, signal }));
  });

const systemProcesses: Processes = {
  kill: (pid) => {
    process.kill(pid, 'SIGKILL');
  },
  shell: (line) => endOf(spawn('sh', ['-c', line], { stdio: ['ignore', 2, 2] })),
  start: (line) => {
    // In a group of its own, holding nothing of ours: whoever reads our output sees its end.
    const child = spawn('sh', ['-c', line], { stdio: 'ignore', detached: true });
    child.unref();
    return endOf(child);
  },
};

/** From now on the first signal asks for an end in order, the second one does not ask. */
const stopSignal = (): AbortSignal => {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(128 + constants.signals[signal]);
      stop.abort();
    });
  }
  return stop.signal;
};

/** What `runCli` needs, from this process. */
export const systemCliIo = (services: CliServices): CliIo => ({
  env: process.env,
  stdout: systemSink(process.stdout),
  stderr: systemSink(process.stderr),
  progressStream: process.stderr.isTTY ? process.stderr : undefined,
  files: systemFiles,
  fetch: (url, init) => globalThis.fetch(url, init),
  clock: systemClock,
  random: systemRandom,
  disk: systemDisk,
  services,
  nodeVersion: process.versions.node,
  runApart,
  processes: systemProcesses,
  stopSignal,
  sleep: (delayMs, signal) => systemClientClock.sleep(delayMs, signal),
});
