// Every process that the benchmark starts. None outlives it: they end with the run, with Ctrl-C
// and with an error alike.

import { spawn } from 'node:child_process';

/** More than any answer of a program that is waited for. */
const outputCharactersMax = 64 * 1024 * 1024;
const errorCharactersKept = 4_000;

export class Children {
  #running = new Set();
  #stopping;

  /** `stopping` is an AbortSignal: once it is set, everything ends at once. */
  constructor(stopping) {
    this.#stopping = stopping;
    // The last resort, when the process ends without having stopped what it started.
    process.once('exit', () => this.#killAll());
  }

  #killAll() {
    for (const child of this.#running) child.kill('SIGKILL');
  }

  #add(child) {
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    child.once('error', () => this.#running.delete(child));
    return child;
  }

  /** Starts a program that goes on; what it says on standard error is kept, at the end of it. */
  start(program, args, options) {
    this.#stopping.throwIfAborted();
    const stdio = ['ignore', 'ignore', 'pipe'];
    const child = this.#add(spawn(program, args, { stdio, ...options }));
    child.said = '';
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      child.said = `${child.said}${text}`.slice(-errorCharactersKept);
    });
    return child;
  }

  /** Runs a program to its end and returns what it printed; refuses when it fails or takes long. */
  run(program, args, { input, secondsMax = 60, ...options } = {}) {
    this.#stopping.throwIfAborted();
    return new Promise((resolve, reject) => {
      const limits = { signal: this.#stopping, killSignal: 'SIGKILL', timeout: secondsMax * 1000 };
      const child = this.#add(spawn(program, args, { ...options, ...limits }));
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text) => {
        stdout += text;
        if (stdout.length > outputCharactersMax) child.kill('SIGKILL');
      });
      child.stderr.setEncoding('utf8').on('data', (text) => {
        stderr = `${stderr}${text}`.slice(-errorCharactersKept);
      });
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (code === 0) resolve(stdout);
        else reject(new Error(`${program} ended with ${signal ?? code}: ${stderr.trim()}`));
      });
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
  }
}

/** Whether a started program has ended, by itself or by a signal. */
export function hasEnded(child) {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Ends a started program with a signal and waits for it; a deaf one is killed. */
export async function endChild(child, signal, msMax = 20_000) {
  if (hasEnded(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), msMax);
  await ended;
  clearTimeout(timer);
}
