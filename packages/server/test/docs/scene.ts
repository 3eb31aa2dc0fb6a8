/**
 * The machine of a runbook, in a scratch directory: the paths that the documents name, a real
 * server that the service manager's commands start and stop, and the shell of the reader.
 */
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cliBinary, freePort, ServerProcess, serverBinary } from '../support/server_process.js';
import { type BlockEnd, Shell } from './shell.js';

/** A start on a busy machine. */
const startMs = 120_000;
/** Read by the service manager and by the commands of an installed server. */
const settingsFile = '/etc/stemedb/stemedb.env';
const documentedPort = /(?<=127\.0\.0\.1|localhost|[sd]port = ):18180\b/g;
/** Directories of an installed server, below which everything of a scene lies. */
const documentedPath = /(?<![\w.-])\/(?=(?:var\/lib|etc|etc\/ssl|var\/backups|srv)\/stemedb\b)/g;

export class Scene {
  readonly directory: string;
  /** Where the server listens, in each of its lives. */
  readonly port: number;
  readonly walDir: string;
  readonly dbDir: string;
  /** Text of the documents that is another here, such as an address. */
  readonly replaced = new Map<string, string>();
  /** Services beside the server, by name: what `systemctl reload` and the like do to them. */
  readonly services = new Map<string, (verb: string) => Promise<void>>();
  server: ServerProcess | undefined;
  /** Put before the server's command, such as `strace`. */
  wrapper: readonly string[] = [];
  #shell: Shell | undefined;
  #printed = '';
  readonly #endings: (() => Promise<void>)[] = [];

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.port = port;
    this.walDir = this.path('/var/lib/stemedb/wal');
    this.dbDir = this.path('/var/lib/stemedb/db');
  }

  static async make(): Promise<Scene> {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-runbook-'));
    const scene = new Scene(directory, await freePort());
    for (const path of ['/var/lib/stemedb', '/etc/stemedb', '/var/backups/stemedb']) {
      await mkdir(scene.path(path), { recursive: true });
    }
    const { walDir, dbDir } = scene;
    const place = scene.path('/var/backups/stemedb');
    const directories = { STEMEDB_WAL_DIR: walDir, STEMEDB_DB_DIR: dbDir };
    await scene.set({ ...directories, STEMEDB_BACKUP_URL: place });
    await mkdir(scene.path('/programs'));
    await scene.#makeProgram('stemedb', cliBinary);
    await scene.#makeProgram('stemedb-api', serverBinary);
    await scene.#makeSudo();
    return scene;
  }

  /** Where a path of an installed server is here. */
  path(documented: string): string {
    return join(this.directory, documented);
  }

  /** What the server and the commands have printed. */
  get printed(): string {
    return this.#printed + (this.server?.output ?? '');
  }

  /** Done at the end, the last first. */
  atEnd(ending: () => Promise<void>): void {
    this.#endings.unshift(ending);
  }

  /** Adds lines to the file of settings, of which the last of a name counts. */
  async set(settings: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    await appendFile(this.path(settingsFile), lines.join(''));
  }

  /** The file of settings, as the service manager reads it. */
  async #settings(): Promise<Record<string, string>> {
    const lines = (await readFile(this.path(settingsFile), 'utf8')).split('\n');
    const pairs = lines.flatMap((line) => {
      const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
      return name === '' ? [] : [[name, value] as const];
    });
    return Object.fromEntries(pairs);
  }

  /** Starts the server and waits until it is ready. */
  async start(): Promise<ServerProcess> {
    const server = await this.spawn();
    await server.ready(startMs);
    return server;
  }

  /** Starts the server, which may not come up. */
  async spawn(): Promise<ServerProcess> {
    this.#printed = this.printed;
    const { directory, wrapper, port } = this;
    const env = await this.#settings();
    this.server = await ServerProcess.spawn({ directory, wrapper, port, env });
    return this.server;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    return (await this.server?.stop(signal)) ?? null;
  }

  /** A command of the service manager, on the services that a scene has. */
  async serviceCommand(verb: string, unit: string): Promise<void> {
    const service = this.services.get(unit);
    if (service !== undefined) return service(verb);
    if (unit !== 'stemedb') return;
    if (verb === 'stop' || verb === 'restart') await this.stop();
    if (verb === 'start' || verb === 'restart') await this.start();
  }

  /** Runs the commands of a block, with the paths and addresses of this scene. */
  async run(script: string, isJudged = true): Promise<BlockEnd> {
    this.#shell ??= new Shell(this.directory, {
      PATH: `${this.path('/programs')}:${process.env.PATH ?? ''}`,
      HOME: this.directory,
      STEMEDB_URL: `http://127.0.0.1:${this.port}`,
      NO_COLOR: '1',
    });
    let text = script
      .replaceAll(documentedPath, `${this.directory}/`)
      .replaceAll(documentedPort, `:${this.port}`);
    for (const [documented, here] of this.replaced) text = text.replaceAll(documented, here);
    const end = await this.#shell.run(text, isJudged);
    this.#printed += end.output;
    return end;
  }

  async remove(): Promise<void> {
    await this.#shell?.close();
    await this.stop('SIGKILL');
    for (const ending of this.#endings) await ending();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** The administrator is the one who runs the tests. */
  async #makeSudo(): Promise<void> {
    const path = this.path('/programs/sudo');
    await writeFile(path, '#!/bin/sh\nexec "$@"\n');
    await chmod(path, 0o755);
  }

  async #makeProgram(name: string, file: string): Promise<void> {
    const path = this.path(`/programs/${name}`);
    const settings = `set -a\n. "${this.path(settingsFile)}"\nset +a`;
    await writeFile(path, `#!/bin/sh\n${settings}\nexec "${process.execPath}" "${file}" "$@"\n`);
    await chmod(path, 0o755);
  }
}
