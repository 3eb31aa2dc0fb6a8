// Our server as a process of its own on a free port, with its data in a temporary directory.

import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askedConcept, candidatesPerConcept, claimText, predicate } from './work.mjs';

const startTriesMax = 300;
const batchClaimsMax = 1_000;
const here = fileURLToPath(new URL('.', import.meta.url));
const serverPath = join(here, '../packages/server/dist/src/bin/stemedb-api.js');

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** A server process under load by another process. */
class ServerProcess {
  #child;
  #log = '';

  constructor(child, port) {
    this.#child = child;
    this.port = port;
    child.stderr.on('data', (text) => {
      this.#log = `${this.#log}${text}`.slice(-4000);
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Waits until a path is answered. */
  async answers(path) {
    for (let tries = 0; tries < startTriesMax; tries += 1) {
      if (this.#child.exitCode !== null) throw new Error(`the server ended: ${this.#log}`);
      const ok = await fetch(`http://127.0.0.1:${this.port}${path}`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (ok) return;
      await sleep(100);
    }
    throw new Error(`the server does not answer ${path}: ${this.#log}`);
  }

  /** Runs the load process to its end. */
  load(settings) {
    const text = JSON.stringify({ port: this.port, ...settings });
    const args = [join(here, 'load.mjs'), text];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the load failed: ${stderr}`);
    const result = JSON.parse(stdout);
    if (result.failed > 0) throw new Error(`${result.failed} requests failed: ${result.example}`);
    return result;
  }

  assert(connections, seconds) {
    return this.load({ work: 'assert', connections, seconds });
  }

  assertSigned(connections, seconds) {
    return this.load({ work: 'assert-signed', connections, seconds });
  }

  ask(connections, seconds, concepts, lens) {
    return this.load({ work: 'ask', connections, seconds, concepts, lens });
  }

  /** The claims that questions are about, twenty for each concept. */
  async fill(concepts) {
    const claims = [];
    for (let concept = 0; concept < concepts; concept += 1) {
      for (let number = 0; number < candidatesPerConcept; number += 1) {
        const concept_path = askedConcept(concept);
        claims.push({ concept_path, predicate, value: claimText(number) });
      }
    }
    for (let at = 0; at < claims.length; at += batchClaimsMax) {
      const answer = await fetch(`http://127.0.0.1:${this.port}/v1/assert/batch`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(claims.slice(at, at + batchClaimsMax)),
      });
      const text = await answer.text();
      if (!answer.ok || JSON.parse(text).refused !== 0) throw new Error(text.slice(0, 600));
    }
  }

  async stop() {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }
}

/** Starts StemeDB on empty directories. */
export async function startStemedb(folder) {
  const port = await freePort();
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    STEMEDB_BIND_ADDR: `127.0.0.1:${port}`,
    STEMEDB_WAL_DIR: join(folder, 'wal'),
    STEMEDB_DB_DIR: join(folder, 'db'),
    STEMEDB_LOG_LEVEL: 'warn',
  };
  const stdio = ['ignore', 'ignore', 'pipe'];
  const child = spawn(process.execPath, [serverPath], { env, cwd: folder, stdio });
  const server = new ServerProcess(child, port);
  await server.answers('/v1/health');
  return server;
}

/** Starts the server that does nothing. */
export async function startEmpty(folder) {
  const port = await freePort();
  const args = [join(here, 'empty_server.mjs'), `${port}`];
  const env = { ...process.env, NODE_ENV: 'production' };
  const child = spawn(process.execPath, args, {
    env,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const server = new ServerProcess(child, port);
  await server.answers('/empty');
  return server;
}
