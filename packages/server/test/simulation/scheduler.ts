/**
 * Decides what happens next. Whatever the node or a client waits for is an effect that is pending
 * until the scheduler picks it; between two picks every promise that can go on does. So a seed
 * fixes the whole run, and every await that rests on an effect is a place where anything may come
 * between.
 *
 * Kinds of effects have weights that a seed draws: in one run syncs are slow, in another turns are.
 */
import type { Clock } from '../../src/io/clock.js';
import type { SeededRandom } from './seeded_random.js';
import type { Owner, SimulatedTime } from './simulated_time.js';

interface Pending {
  readonly owner: Owner;
  readonly kind: string;
  readonly label: string;
  /** Does it and tells the one who waits. */
  readonly run: () => void;
  /** Does it while nobody is there any more to be told. */
  readonly runUnheard: () => void;
}

/** A run that goes on for longer waits in a circle. */
const stepsMax = 30_000;

const weights = [1, 1, 1, 1, 4, 0.2, 0.03];

/** Lets every promise that can go on do so. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Scheduler {
  readonly #random: SeededRandom;
  readonly #time: SimulatedTime;
  readonly #weights = new Map<string, number>();
  #pending: Pending[] = [];
  #steps = 0;
  /** Told each step. */
  trace: ((line: string) => void) | undefined;
  /** Asked between two steps: true when something else happened, as a crash does. */
  between: () => void = () => undefined;
  /** Asked when an effect has happened, before anybody hears of it: true when nobody shall. */
  isCutOff: (kind: string) => boolean = () => false;

  constructor(random: SeededRandom, time: SimulatedTime) {
    this.#random = random;
    this.#time = time;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Makes something happen at a moment that the scheduler chooses. */
  effect<T>(owner: Owner, kind: string, label: string, work: () => Promise<T> | T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const done = async (): Promise<T> => work();
      const run = (): void => {
        const outcome = done();
        if (this.isCutOff(kind)) outcome.catch(() => undefined);
        else outcome.then(resolve, reject);
      };
      const runUnheard = (): void => void done().catch(() => undefined);
      this.#pending.push({ owner, kind, label, run, runUnheard });
    });
  }

  /** The node is gone: of what it waited for some still happens, and nobody hears of it. */
  dropNode(): void {
    const mine = this.#pending.filter(({ owner }) => owner === 'node');
    this.#pending = this.#pending.filter(({ owner }) => owner !== 'node');
    for (const { runUnheard } of mine) if (this.#random.chance(0.5)) runUnheard();
  }

  /** Runs until the work is done. Throws what it throws, and when all wait for each other. */
  async run<T>(work: Promise<T>): Promise<T> {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    work.then(
      (value) => {
        outcome = { value };
      },
      (error: unknown) => {
        outcome = { error };
      },
    );
    for (;;) {
      await settle();
      if (outcome !== undefined) break;
      this.between();
      this.#step();
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  #step(): void {
    this.#steps += 1;
    if (this.#steps > stepsMax) throw new Error(`deadlock: no end after ${stepsMax} steps`);
    this.#time.pass(this.#random);
    const pending = this.#pending;
    const timers = this.#time.timerCount;
    if (pending.length === 0 && timers === 0) {
      throw new Error('deadlock: somebody waits, and nothing is left that could happen');
    }
    const timerWeight = timers === 0 ? 0 : pending.length === 0 ? 1 : this.#weightOf('timer') / 8;
    const total = pending.reduce((sum, { kind }) => sum + this.#weightOf(kind), timerWeight);
    let left = this.#random.fraction() * total;
    const at = pending.findIndex(({ kind }) => {
      left -= this.#weightOf(kind);
      return left < 0;
    });
    const [picked] = at < 0 ? [] : pending.splice(at, 1);
    if (picked === undefined) {
      const passedMs = this.#time.fireNext();
      this.trace?.(`${this.#steps} timer after ${passedMs} ms`);
      return;
    }
    this.trace?.(`${this.#steps} ${picked.label}`);
    picked.run();
  }

  #weightOf(kind: string): number {
    const known = this.#weights.get(kind);
    if (known !== undefined) return known;
    const drawn = this.#random.pick(weights);
    this.#weights.set(kind, drawn);
    return drawn;
  }
}

/** This time as the node is handed it. */
export const clockOf = (time: SimulatedTime, scheduler: Scheduler): Clock => ({
  wallMs: () => time.wallMs,
  monotonicMs: () => time.monotonicMs,
  after: (delayMs, run) => time.after('node', delayMs, run),
  turn: () => scheduler.effect('node', 'turn', 'turn', () => undefined),
});
