/** Runs whole commands in this process, with the terminal, the clock and chance under control. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CliIo, TextSink } from '../../src/cli/cli_io.js';
import { runCli } from '../../src/cli/run.js';
import type { CliServices } from '../../src/cli/services.js';
import { systemFiles } from '../../src/cli/system_io.js';
import { systemClock } from '../../src/io/system_clock.js';
import { systemDisk } from '../../src/io/system_disk.js';
import { systemRandom } from '../../src/io/system_random.js';

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
  readonly input?: string;
  readonly io?: Partial<CliIo>;
}

/** For commands that only talk to a server. */
export const noServices: CliServices = {
  openDatabase: () => assert.fail('no database here'),
  engine: {
    open: () => assert.fail('no store here'),
    remove: () => assert.fail('no store here'),
  },
  memoryBytesMax: () => assert.fail('no limits here'),
  serve: () => assert.fail('no server here'),
  readConfig: () => assert.fail('no configuration here'),
};

const sink = (terminal: boolean): TextSink & { readonly text: () => string } => {
  const parts: string[] = [];
  return {
    write: (text) => {
      parts.push(text);
      return Promise.resolve();
    },
    isTerminal: terminal,
    columns: 100,
    text: () => parts.join(''),
  };
};

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

export const run = async (argv: readonly string[], options: RunOptions = {}): Promise<Ran> => {
  const terminal = options.terminal ?? false;
  const stdout = sink(terminal);
  const stderr = sink(terminal);
  const { input } = options;
  const files = {
    ...systemFiles,
    ...(input !== undefined && {
      readChunks: (path: string) => (path === '-' ? once(input) : systemFiles.readChunks(path)),
    }),
  };
  const io: CliIo = {
    env: options.env ?? {},
    stdout,
    stderr,
    progressStream: undefined,
    files,
    fetch: (url, init) => fetch(url, init),
    clock: systemClock,
    random: systemRandom,
    disk: systemDisk,
    services: noServices,
    nodeVersion: process.versions.node,
    processes: {
      kill: () => assert.fail('no processes here'),
      shell: () => assert.fail('no shell here'),
      start: () => assert.fail('no shell here'),
    },
    sleep: () => Promise.resolve(),
    ...options.io,
  };
  const exit = await runCli(argv, io, '1.2.3');
  return { exit, out: stdout.text(), err: stderr.text() };
};

/** A directory of its own for one test. */
export const scratch = async (context: TestContext): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'stemedb-cli-'));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
};

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

export type Reply = (asked: Asked) => { readonly status: number; readonly text: string };

/** A server that answers each request with what `reply` says. */
export const answering = async (
  context: TestContext,
  reply: Reply,
): Promise<{ readonly url: string; readonly asked: readonly Asked[] }> => {
  const asked: Asked[] = [];
  const readAll = async (request: IncomingMessage): Promise<string> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    return Buffer.concat(parts).toString('utf8');
  };
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const one = { method: request.method ?? '', url: request.url ?? '', body };
      asked.push(one);
      const { status, text } = reply(one);
      response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked };
};
