/** A real server as its own process on a free loopback port, with its own directories. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The built server binary. */
export const serverBinary = fileURLToPath(new URL('../../src/bin/stemedb-api.js', import.meta.url));

/** The built command line. */
export const cliBinary = fileURLToPath(new URL('../../src/bin/stemedb.js', import.meta.url));

/** A port on which nobody listens at the moment. */
export const freePort = async (): Promise<number> => {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return address.port;
};

export interface ServerOptions {
  readonly directory?: string;
  /** Words put before the command, such as `strace -f -o FILE`. */
  readonly wrapper?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Where it listens; a free port without it. */
  readonly port?: number;
}

/** A running server; `directory` outlives it until `remove`. */
export class ServerProcess {
  readonly directory: string;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #isWrapped: boolean;
  #output = '';
  readonly exited: Promise<number | null>;

  private constructor(child: ChildProcess, directory: string, port: number, wrapped: boolean) {
    this.#isWrapped = wrapped;
    this.#child = child;
    this.directory = directory;
    this.url = `http://127.0.0.1:${port}`;
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString('utf8')).slice(-20_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    this.exited = once(child, 'exit').then(([code]) => code as number | null);
  }

  /** Starts a server and resolves when it answers that it is ready, within 20 s. */
  static async start(options: ServerOptions = {}): Promise<ServerProcess> {
    const server = await ServerProcess.spawn(options);
    await server.ready();
    return server;
  }

  /** Starts a server without waiting for it. */
  static async spawn(options: ServerOptions = {}): Promise<ServerProcess> {
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'stemedb-server-')));
    const port = options.port ?? (await freePort());
    const words = [...(options.wrapper ?? []), process.execPath, serverBinary];
    const [command = '', ...rest] = words;
    const child = spawn(command, [...rest, ...(options.args ?? [])], {
      cwd: directory,
      env: {
        PATH: process.env.PATH ?? '',
        STEMEDB_BIND_ADDR: `127.0.0.1:${port}`,
        STEMEDB_WAL_DIR: join(directory, 'wal'),
        STEMEDB_DB_DIR: join(directory, 'db'),
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ServerProcess(child, directory, port, (options.wrapper ?? []).length > 0);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last of what the process has printed. */
  get output(): string {
    return this.#output;
  }

  async ready(withinMs = 20_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (performance.now() < deadline) {
      if (this.#child.exitCode !== null) break;
      const answer = await fetch(`${this.url}/v1/health/ready`).catch(() => undefined);
      if (answer?.status === 200) return;
      await sleep(20);
    }
    throw new Error(`The server is not ready (exit ${this.#child.exitCode}):\n${this.#output}`);
  }

  /** Ends the process and resolves when it is gone, and its wrapper with it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      for (const pid of await this.#serverPids()) process.kill(pid, signal);
    }
    return this.exited;
  }

  /** A wrapper such as strace keeps signals to itself, so they go to what it runs. */
  async #serverPids(): Promise<readonly number[]> {
    const { pid } = this.#child;
    if (pid === undefined) return [];
    if (!this.#isWrapped) return [pid];
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return children.trim().split(' ').map(Number);
  }

  /** Stops the process and removes its directory. */
  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    await rm(this.directory, { recursive: true, force: true });
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
    const answer = await fetch(this.url + path);
    return { status: answer.status, body: await answer.json() };
  }

  async post(
    path: string,
    body: unknown,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const answer = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  }
}
