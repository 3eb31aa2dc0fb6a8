/**
 * A node that is lost: a server takes writes while an archiver follows, the object store fails for
 * a while, the data directory is deleted under load, the server is killed. From the archive alone
 * a new node is made, and everything that was acknowledged before the archived position is there,
 * by id and by answer. What was acknowledged is kept here, outside of every process.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { parsePosition } from '../../src/log/position.js';
import { type Ceph, storeAt } from '../support/ceph.js';
import { directoriesOf, runProgram } from '../support/cli_process.js';
import { FaultyProxy } from '../support/faulty_proxy.js';
import { cliBinary, ServerProcess } from '../support/server_process.js';

interface Acknowledged {
  readonly id: string;
  readonly path: string;
  readonly value: string;
  readonly sequence: number;
}

/** More than a segment, so that one seals while it is written. */
const loadBytes = 72 * 1024 * 1024;
const valueBytes = 48 * 1024;
const writers = 8;

class Load {
  readonly acknowledged: Acknowledged[] = [];
  #isStopped = false;
  #count = 0;

  bytes = 0;

  async write(server: ServerProcess): Promise<void> {
    await Promise.all(Array.from({ length: writers }, () => this.#writer(server)));
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #writer(server: ServerProcess): Promise<void> {
    while (!this.#isStopped) {
      this.#count += 1;
      const path = `load/c${this.#count}`;
      const value = randomBytes(valueBytes / 2).toString('hex');
      const claim = { concept_path: path, predicate: 'is', value };
      const answer = await server.post('/v1/assert', claim).catch(() => undefined);
      if (answer?.status !== 201) continue;
      const { id, position } = answer.body as { readonly id: string; readonly position: string };
      const sequence = parsePosition(position)?.sequence;
      assert.ok(sequence !== undefined);
      this.bytes += value.length;
      this.acknowledged.push({ id, path, value, sequence });
      // Enough is written; what follows only keeps the node busy.
      if (this.bytes > loadBytes) await sleep(50);
    }
  }
}

/** `stemedb archive --follow` as its own process. */
class Archiving {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  output = '';

  constructor(words: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [cliBinary, 'archive', '--follow', ...words], {
      cwd: tmpdir(),
      env: { PATH: process.env.PATH ?? '', NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer): void => {
      this.output += chunk.toString('utf8');
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    this.#ended = once(this.#child, 'exit');
  }

  /** Records that it has said to be archived. */
  get position(): number {
    return Number([...this.output.matchAll(/: (\d+) records; /g)].at(-1)?.[1] ?? 0);
  }

  async stop(signal: NodeJS.Signals): Promise<unknown> {
    this.#child.kill(signal);
    const [code] = await this.#ended;
    return code;
  }
}

const until = async (what: string, isSo: () => boolean, withinMs = 120_000): Promise<void> => {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
};

interface Lost {
  readonly load: Load;
  /** The archiver had said so when the directory was deleted. */
  readonly archived: number;
  readonly lostAtMs: number;
}

/** Writes until there is enough, with a fault of the store in between; then all is lost. */
const loseNode = async (
  archive: { readonly place: string; readonly recipient: string },
  env: Readonly<Record<string, string>>,
  proxy: FaultyProxy,
): Promise<Lost> => {
  const server = await ServerProcess.spawn();
  let archiving: Archiving | undefined;
  const load = new Load();
  try {
    await server.ready(120_000);
    const { place, recipient } = archive;
    const words = ['--to', place, '--recipient', recipient, '--interval', '1'];
    archiving = new Archiving([...words, ...directoriesOf(server.directory)], env);
    const writing = load.write(server);
    await until('a third is written', () => load.bytes > loadBytes / 3);
    proxy.treatment = () => ({ kind: 'status', status: 503 });
    const { output } = archiving;
    await until('the archiver says that it fails', () => /not_ready/.test(archiving?.output ?? ''));
    proxy.treatment = () => ({ kind: 'pass' });
    await until('it is well again', () =>
      (archiving?.output.slice(output.length) ?? '').includes('up to date again'),
    );
    await until('all is written', () => load.bytes > loadBytes);
    const written = Math.max(...load.acknowledged.map(({ sequence }) => sequence));
    await until('all that is archived', () => (archiving?.position ?? 0) >= written);
    const archived = archiving.position;
    const lostAtMs = Date.now();
    await rm(server.directory, { recursive: true, force: true });
    await sleep(500);
    await server.stop('SIGKILL');
    load.stop();
    await writing;
    await sleep(1_500);
    assert.equal(await archiving.stop('SIGTERM'), 0, archiving.output);
    return { load, archived, lostAtMs };
  } catch (error) {
    throw new Error(`${archiving?.output}\n${server.output}`, { cause: error });
  } finally {
    load.stop();
    await archiving?.stop('SIGKILL');
    await server.remove();
  }
};

const checkThere = async (
  server: ServerProcess,
  claims: readonly Acknowledged[],
): Promise<void> => {
  const waiting = [...claims];
  const check = async (): Promise<void> => {
    for (let claim = waiting.pop(); claim !== undefined; claim = waiting.pop()) {
      const found = await server.get(`/v1/assertions/${claim.id}`);
      assert.equal(found.status, 200, `${claim.id}, record ${claim.sequence}, is missing`);
      const query = await server.get(`/v1/query?concept_path=${claim.path}&predicate=is`);
      const { results } = query.body as { readonly results: readonly { readonly value: string }[] };
      assert.equal(results[0]?.value, claim.value, `the answer for ${claim.path}`);
    }
  };
  await Promise.all(Array.from({ length: writers }, check));
};

/** What was lost is measured by a drill: gives a sentence of it. */
const drill = async (
  copy: readonly string[],
  lostAtMs: number,
  scratch: string,
  env: Readonly<Record<string, string>>,
): Promise<string> => {
  const words = ['drill', ...copy, '--lost-at', String(lostAtMs), '--claims', '100', '--no-live'];
  const drilled = await runProgram(cliBinary, [...words, '--scratch', scratch, '--json'], env);
  assert.equal(drilled.exit, 0, drilled.out + drilled.err);
  const report = JSON.parse(drilled.out) as {
    readonly recovery_time_seconds: number;
    readonly recovery_point: { readonly age_seconds: number; readonly measured_to: string };
    readonly questions: { readonly claims: number; readonly missing: number };
  };
  const { recovery_time_seconds: time, recovery_point: point, questions } = report;
  assert.ok(time > 0);
  assert.equal(point.measured_to, 'loss');
  assert.deepEqual([questions.claims, questions.missing], [100, 0]);
  const [age, seconds] = [point.age_seconds.toFixed(1), time.toFixed(1)];
  return `recovery point ${age} s before the loss, recovery time ${seconds} s`;
};

/** The program of that name must open an object, and gunzip what it gives. */
const checkWithAge = async (
  place: string,
  env: Readonly<Record<string, string>>,
  key: string,
): Promise<string> => {
  const store = storeAt(place, env);
  for await (const { key: name } of store.list('')) {
    if (!/\/segments\/.*\.wal\.gz\.age$/.test(name)) continue;
    const input = await store.get(name);
    const maxBuffer = 256 * 1024 * 1024;
    const opened = spawnSync('age', ['--decrypt', '--identity', key], { input, maxBuffer });
    assert.equal(opened.status, 0, opened.stderr.toString());
    assert.equal(gunzipSync(opened.stdout).subarray(1, 8).toString(), 'STEMEWL');
    return name;
  }
  throw new Error('no segment was sealed');
};

/** Registers the test; the object store is there when it runs. */
export const lostNode = (skip: string | false, ceph: () => Ceph, bucket: () => string): void => {
  describe('a node that is lost', { skip }, () => {
    it('comes back from the archive alone', { timeout: 600_000 }, async (context) => {
      const scratch = await mkdtemp(join(tmpdir(), 'stemedb-lost-'));
      const proxy = await FaultyProxy.start(ceph().endpoint);
      try {
        const key = join(scratch, 'key.txt');
        const secret = await generateIdentity();
        await writeFile(key, `${secret}\n`);
        const archive = {
          place: `s3://${bucket()}/lost/node`,
          recipient: await identityToRecipient(secret),
        };
        const env = { ...ceph().env, AWS_ENDPOINT_URL_S3: proxy.url };
        const lost = await loseNode(archive, env, proxy);
        const { load, archived } = lost;
        const copy = [archive.place, '--identity', key];
        const verified = await runProgram(cliBinary, ['verify', ...copy, '--json'], env);
        assert.equal(verified.exit, 0, verified.out + verified.err);
        const { records } = (JSON.parse(verified.out) as { copy: { records: number } }).copy;
        const covered = load.acknowledged.filter(({ sequence }) => sequence <= records);
        assert.ok(records >= archived, `${archived} were archived, ${records} are there`);
        context.diagnostic(await drill(copy, lost.lostAtMs, scratch, env));
        const directory = join(scratch, 'new');
        const words = ['restore', ...copy, ...directoriesOf(directory)];
        const restored = await runProgram(cliBinary, words, env);
        assert.equal(restored.exit, 0, restored.out + restored.err);
        const server = await ServerProcess.spawn({ directory });
        try {
          await server.ready(120_000);
          await checkThere(server, covered);
        } finally {
          await server.remove();
        }
        const all = load.acknowledged.length;
        context.diagnostic(`${all} acknowledged, ${covered.length} archived and all of them there`);
        if (spawnSync('age', ['--version']).status === 0)
          await checkWithAge(archive.place, env, key);
        else context.diagnostic('age is not installed: no object was opened with it');
      } finally {
        await proxy.stop();
        await rm(scratch, { recursive: true, force: true });
      }
    });
  });
};
