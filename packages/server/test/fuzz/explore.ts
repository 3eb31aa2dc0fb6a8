/**
 * Runs a target on inputs of its own making and keeps those that reach new code. Coverage is looked
 * at once a batch, since a look costs as much as many inputs; only a batch that reached something
 * is run again, half by half, to find which of its inputs did.
 */
import { performance } from 'node:perf_hooks';
import { type Seeded, seeded } from '../support/seeded.js';
import { BlockCoverage } from './coverage.js';
import { mutated } from './mutate.js';
import type { OpenTarget, Target } from './target.js';
import { poolOf } from './targets.js';

/** The bar of an input, wall-clock milliseconds; the best of some runs counts. */
const slowMs = 1000;
const slowRuns = 4;
const batchInputs = 100;
/** Memory outside the heap that a target may hold after a batch; the heap has its own bound. */
const outsideBytesMax = 256 * 1024 * 1024;

export interface Found {
  readonly input: Uint8Array;
  readonly why: string;
}

export interface Progress {
  readonly inputs: number;
  /** Inputs that the next ones are made from. */
  readonly kept: number;
  /** Functions of ours that have run. */
  readonly functions: number;
}

/** Why this input fails, or undefined. */
export const failureOf = async (
  opened: OpenTarget,
  input: Uint8Array,
): Promise<string | undefined> => {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < slowRuns && best > slowMs; run += 1) {
    const begin = performance.now();
    try {
      await opened.run(input);
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    best = Math.min(best, performance.now() - begin);
  }
  return best > slowMs ? `it takes ${Math.round(best)} ms` : undefined;
};

/** The same failure from less, found by leaving pieces out. */
const smallest = async (opened: OpenTarget, found: Found): Promise<Found> => {
  const kind = found.why.split('\n')[0]?.replaceAll(/\d+/g, '');
  let input = found.input;
  for (let piece = Math.ceil(input.length / 2); piece >= 1; piece = Math.floor(piece / 2)) {
    for (let at = 0; at < input.length && input.length > 1; ) {
      const shorter = Buffer.concat([input.subarray(0, at), input.subarray(at + piece)]);
      const why = await failureOf(opened, shorter);
      if (why?.split('\n')[0]?.replaceAll(/\d+/g, '') === kind) input = shorter;
      else at += piece;
    }
    if (input.length > 4096) break;
  }
  return { input, why: found.why };
};

export interface Exploration {
  readonly target: Target;
  readonly seed: number;
  readonly untilMs: number;
  /** Told of each input before it runs. */
  readonly announce: (input: Uint8Array) => void;
  readonly progress: (progress: Progress) => void;
}

class Explorer {
  readonly #options: Exploration;
  readonly #opened: OpenTarget;
  readonly #coverage = new BlockCoverage();
  readonly #random: Seeded;
  readonly #pool: Uint8Array[];
  #inputs = 0;

  constructor(options: Exploration, opened: OpenTarget) {
    this.#options = options;
    this.#opened = opened;
    this.#random = seeded(options.seed);
    this.#pool = poolOf(options.target);
  }

  async run(): Promise<Found | undefined> {
    const { target, untilMs, progress } = this.#options;
    let batch: readonly Uint8Array[] = this.#pool;
    for (let isFirst = true; ; isFirst = false) {
      // What the pool itself reaches is where this begins.
      const failed = isFirst ? await this.#runAll(batch) : await this.#keepNew(batch);
      if (isFirst) this.#coverage.look(true);
      if (failed !== undefined) return smallest(this.#opened, failed);
      const { arrayBuffers } = process.memoryUsage();
      const input = batch.at(-1) ?? new Uint8Array();
      if (arrayBuffers > outsideBytesMax) return { input, why: `${arrayBuffers} bytes are held` };
      const { functions } = this.#coverage;
      progress({ inputs: this.#inputs, kept: this.#pool.length, functions });
      if (performance.timeOrigin + performance.now() > untilMs) break;
      const material = { ...target, pool: this.#pool };
      batch = Array.from({ length: batchInputs }, () => mutated(this.#random, material));
    }
    this.#coverage.close();
    return undefined;
  }

  /** Keeps the inputs of a batch that has reached something: halves of it are run again. */
  async #keepNew(batch: readonly Uint8Array[]): Promise<Found | undefined> {
    const failed = await this.#runAll(batch);
    const [only] = batch;
    const isOne = batch.length === 1 && only !== undefined;
    if (failed !== undefined || !this.#coverage.look(isOne)) return failed;
    if (isOne) {
      this.#pool.push(only);
      return undefined;
    }
    const half = Math.ceil(batch.length / 2);
    return (await this.#keepNew(batch.slice(0, half))) ?? (await this.#keepNew(batch.slice(half)));
  }

  async #runAll(batch: readonly Uint8Array[]): Promise<Found | undefined> {
    for (const input of batch) {
      const failed = await this.#runOne(input);
      if (failed !== undefined) return failed;
    }
    return undefined;
  }

  async #runOne(input: Uint8Array): Promise<Found | undefined> {
    this.#inputs += 1;
    this.#options.announce(input);
    const why = await failureOf(this.#opened, input);
    return why === undefined ? undefined : { input, why };
  }
}

/** The first input that fails, or undefined when none does in time. */
export const explore = async (options: Exploration): Promise<Found | undefined> => {
  const opened = await options.target.open();
  try {
    return await new Explorer(options, opened).run();
  } finally {
    await opened.close().catch(() => undefined);
  }
};
