/**
 * A real object store for tests: Ceph with its S3 gateway, one monitor, one storage daemon on a
 * sparse file and one gateway, all on loopback. Ready in about fifteen seconds.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsClient } from 'aws4fetch';
import type { ObjectStore } from '../../src/io/object_store.js';
import { openObjectStore } from '../../src/io/open_object_store.js';
import { freePort } from './server_process.js';

const programs = ['ceph', 'ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin'];
const readyWithinMs = 180_000;

/** Why there is no Ceph on this machine; undefined when there is. */
export const noCeph = ((): string | undefined => {
  const missing = programs.filter((name) => spawnSync('which', [name]).status !== 0);
  if (missing.length === 0) return undefined;
  return `${missing.join(', ')} not installed (Debian packages ceph-mon, ceph-osd, radosgw)`;
})();

const configuration = (directory: string, port: { mon: number; gateway: number }): string =>
  `
[global]
fsid = ${randomUUID()}
mon host = v2:127.0.0.1:${port.mon}
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd memory target = 939524096
bluestore block size = 4294967296
mon allow pool size one = true
mon data avail crit = 1
mon data avail warn = 2
ms bind ipv6 = false
keyring = ${directory}/keyring
run dir = ${directory}/run
admin socket =
crash dir = ${directory}/run
log file = ${directory}/$name.log
mon cluster log file = ${directory}/cluster.log
mon data = ${directory}/mon
osd data = ${directory}/osd
rgw data = ${directory}/gateway
rgw frontends = beast endpoint=127.0.0.1:${port.gateway}
`.trimStart();

/** Runs a daemon that ends when this process closes the pipe, or ends itself, however it does. */
const tied = '(cat <&3 >/dev/null; kill -9 $$) & exec "$@" 3<&-';

const capabilities: readonly (readonly [string, readonly string[]])[] = [
  ['mon.', ['--cap', 'mon', 'allow *']],
  ['client.admin', ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *']],
  ['osd.0', ['--cap', 'mon', 'allow profile osd', '--cap', 'osd', 'allow *']],
  ['client.gateway', ['--cap', 'mon', 'allow rw', '--cap', 'osd', 'allow rwx']],
];

/** A running gateway; `stop` ends it and removes everything. */
export class Ceph {
  readonly #directory: string;
  readonly #children: ChildProcess[] = [];
  readonly endpoint: string;
  readonly accessKeyId = 'TESTACCESSKEYID';
  readonly secretAccessKey = randomBytes(20).toString('hex');

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.endpoint = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Ceph> {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-ceph-'));
    const port = { mon: await freePort(), gateway: await freePort() };
    const ceph = new Ceph(directory, port.gateway);
    try {
      for (const name of ['mon', 'osd', 'gateway', 'run']) await mkdir(join(directory, name));
      await writeFile(ceph.#path('ceph.conf'), configuration(directory, port));
      await ceph.#startMonitor(port.mon);
      await ceph.#startStorage();
      ceph.#launch('radosgw', '-n', 'client.gateway', '-f');
      await ceph.#gatewayReady();
      const account = ['--uid', 'stemedb', '--display-name', 'stemedb'];
      const keys = ['--access-key', ceph.accessKeyId, '--secret-key', ceph.secretAccessKey];
      const admin = ['-n', 'client.gateway', 'user', 'create', ...account, ...keys];
      await ceph.#run('radosgw-admin', ...admin);
      return ceph;
    } catch (error) {
      await ceph.stop();
      throw error;
    }
  }

  /** What a program that uses the store finds in its environment. */
  get env(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL_S3: this.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: this.accessKeyId,
      AWS_SECRET_ACCESS_KEY: this.secretAccessKey,
    };
  }

  /** Makes a bucket of a new name. */
  async bucket(): Promise<string> {
    const name = `bucket-${randomBytes(6).toString('hex')}`;
    const { accessKeyId, secretAccessKey } = this;
    const client = new AwsClient({ accessKeyId, secretAccessKey, service: 's3' });
    const made = await client.fetch(`${this.endpoint}/${name}`, { method: 'PUT' });
    if (made.status !== 200) throw new Error(`no bucket: ${made.status} ${await made.text()}`);
    return name;
  }

  /** Ends what was started here, and removes its files. */
  async stop(): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.stdio[3]?.destroy();
      await exited;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #startMonitor(port: number): Promise<void> {
    const keyring = this.#path('keyring');
    await this.#run('ceph-authtool', '--create-keyring', keyring);
    for (const [name, caps] of capabilities) {
      await this.#run('ceph-authtool', keyring, '--gen-key', '-n', name, ...caps);
    }
    const map = this.#path('monmap');
    const fsid = /^fsid = (.*)$/m.exec(await readFile(this.#path('ceph.conf'), 'utf8'))?.[1] ?? '';
    const address = `v2:127.0.0.1:${port}`;
    await this.#run('monmaptool', '--create', '--addv', 'a', `[${address}]`, '--fsid', fsid, map);
    const make = ['--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyring];
    await this.#run('ceph-mon', ...make);
    this.#launch('ceph-mon', '-i', 'a', '-f');
  }

  async #startStorage(): Promise<void> {
    const id = randomUUID();
    await this.#run('ceph', '--connect-timeout', '60', 'osd', 'new', id);
    await this.#run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', id);
    this.#launch('ceph-osd', '-i', '0', '-f');
  }

  async #gatewayReady(): Promise<void> {
    const deadline = performance.now() + readyWithinMs;
    while (performance.now() < deadline) {
      const answer = await fetch(this.endpoint).catch(() => undefined);
      if (answer?.status === 200) return;
      const ended = this.#children.find(({ exitCode }) => exitCode !== null);
      if (ended !== undefined) break;
      await sleep(100);
    }
    const log = await readFile(this.#path('output'), 'utf8');
    throw new Error(`The gateway of Ceph is not ready:\n${log.slice(-4000)}`);
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  #launch(program: string, ...words: readonly string[]): void {
    const output = openSync(this.#path('output'), 'a');
    const all = ['-c', tied, 'sh', program, '-c', this.#path('ceph.conf'), ...words];
    this.#children.push(spawn('sh', all, { stdio: ['ignore', output, output, 'pipe'] }));
    closeSync(output);
  }

  async #run(program: string, ...words: readonly string[]): Promise<void> {
    const isCluster = !['ceph-authtool', 'monmaptool'].includes(program);
    const all = isCluster ? ['-c', this.#path('ceph.conf'), ...words] : words;
    const child = spawn(program, all, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const keep = (chunk: Buffer): void => {
      said += chunk.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${program} ended with ${code}:\n${said}`);
  }
}

/** The store at a place, as a program with this environment opens it; short pauses. */
export const storeAt = (
  place: string,
  env: Readonly<Record<string, string>>,
  silenceMs = 30_000,
): ObjectStore => {
  const opened = openObjectStore(place, env, { limits: { silenceMs, pauseMs: 20 } });
  if (!opened.ok) throw new Error(opened.error.detail);
  return opened.value;
};
