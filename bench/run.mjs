// What all parts of one run share: its folder, its processes, its time, and what went wrong.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Children } from './children.mjs';
import { findWrk } from './http_load.mjs';

export class Run {
  #stop = new AbortController();
  #begin = performance.now();
  #made = 0;
  /** Sentences for the report: what failed, what was left out, and why. */
  notes = [];
  /** How many parts failed. */
  failures = 0;

  constructor(plan) {
    this.plan = plan;
    this.stopping = this.#stop.signal;
    this.children = new Children(this.stopping);
    this.wrk = findWrk();
    this.folder = mkdtempSync(join(plan.dir, 'stemedb-bench-'));
    // PostgreSQL's own user must be able to enter.
    chmodSync(this.folder, 0o755);
    const remove = () => rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    process.once('exit', remove);
    // Once ends everything in order; a second time ends at once, by way of `exit` as well.
    const stop = () => {
      if (this.stopping.aborted) process.exit(130);
      this.say('stopping');
      this.#stop.abort();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  }

  say(text) {
    process.stderr.write(`${text}\n`);
  }

  note(text) {
    this.say(text);
    this.notes.push(text);
  }

  get elapsedSeconds() {
    return (performance.now() - this.#begin) / 1000;
  }

  /** Seconds left of a share of the time that the whole run may take. */
  secondsLeft(share = 1) {
    return this.plan.budgetSeconds * share - this.elapsedSeconds;
  }

  /** Whether a part with this name was asked for. */
  wants(name) {
    const { only } = this.plan;
    return only === undefined || name.includes(only);
  }

  /** A path for requests that are prepared. */
  requestsPath() {
    return join(this.folder, 'requests');
  }

  /** A number that no other claim of this run has. */
  nextNumber() {
    this.#made += 1;
    return this.#made;
  }

  /** Does a part; when it fails the report says so, and the rest goes on. */
  async attempt(name, part) {
    try {
      return await part();
    } catch (error) {
      this.stopping.throwIfAborted();
      this.failures += 1;
      this.note(`${name} failed: ${error.message}`);
      return undefined;
    }
  }
}
