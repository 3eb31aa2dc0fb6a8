// An HTTP server under measurement, as a process of its own on a free port.

import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { endChild, hasEnded } from './children.mjs';
import { loadHttp } from './http_load.mjs';
import { privateMemoryMib } from './machine.mjs';

const stepMs = 10;
/** A stream of many lines is the longest. */
const answerMsMax = 300_000;

/** A port that nobody listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export class HttpServer {
  #run;
  #child;

  /** `run` holds what a run has in common: its folder, its children, its load. */
  constructor(run, child, port) {
    this.#run = run;
    this.#child = child;
    this.port = port;
  }

  get pid() {
    return this.#child.pid;
  }

  memoryMib() {
    return privateMemoryMib(this.#child.pid);
  }

  /** Sends a request; it ends with the run, and when no answer comes. */
  request(path, options) {
    const signal = AbortSignal.any([this.#run.stopping, AbortSignal.timeout(answerMsMax)]);
    return fetch(`http://127.0.0.1:${this.port}${path}`, { ...options, signal });
  }

  /** Asks for a path and reads the JSON of the answer. */
  async get(path) {
    const answer = await this.request(path);
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}`);
    return answer.json();
  }

  /** Waits until a path is answered; a server that does not come up is killed. */
  async answers(path, secondsMax = 30) {
    const deadline = performance.now() + secondsMax * 1000;
    while (performance.now() < deadline) {
      this.#run.stopping.throwIfAborted();
      if (hasEnded(this.#child)) break;
      const isThere = await this.get(path).then(
        () => true,
        () => false,
      );
      if (isThere) return;
      await sleep(stepMs);
    }
    await this.kill();
    throw new Error(`the server does not answer ${path}: ${this.#child.said}`);
  }

  load(settings) {
    return loadHttp(this.#run.children, { wrk: this.#run.wrk, port: this.port, ...settings });
  }

  stop() {
    return endChild(this.#child, this.#run.stopping.aborted ? 'SIGKILL' : 'SIGTERM');
  }

  /** Ends it as a power cut would. */
  kill() {
    return endChild(this.#child, 'SIGKILL');
  }
}
