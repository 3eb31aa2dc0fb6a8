/**
 * Which code has run, from V8's own block coverage of this thread. A block that a run leaves out is
 * listed with a count of 0, so what matters is which of those are still left.
 */
import { type Profiler, Session } from 'node:inspector';

/** Our own code and the parser of TOML; what the platform and the framework do is theirs. */
const watched = /\/packages\/(model|server|client)\/dist\/src\/|\/smol-toml\//;

type Ranges = ReadonlySet<string>;

export class BlockCoverage {
  readonly #session = new Session();
  /** Blocks that no run has reached, of each function that has run. */
  readonly #missed = new Map<string, Ranges>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  get functions(): number {
    return this.#missed.size;
  }

  /** Whether anything has run since the last look that never ran before; `learn` remembers it. */
  look(learn: boolean): boolean {
    let isNew = false;
    for (const { url, functions } of this.#taken()) {
      if (!watched.test(url)) continue;
      for (const { ranges } of functions) {
        const [whole, ...inner] = ranges;
        if (whole === undefined || whole.count === 0) continue;
        const name = `${url}:${whole.startOffset}`;
        const missed = inner
          .filter(({ count }) => count === 0)
          .map(({ startOffset: at }) => `${at}`);
        const before = this.#missed.get(name);
        const left = before === undefined ? missed : missed.filter((range) => before.has(range));
        if (before !== undefined && left.length === before.size) continue;
        isNew = true;
        if (learn) this.#missed.set(name, new Set(left));
      }
    }
    return isNew;
  }

  close(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  #taken(): readonly Profiler.ScriptCoverage[] {
    let result: readonly Profiler.ScriptCoverage[] = [];
    // Answers before it returns: the session is one with its own thread.
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error === null) result = taken.result;
    });
    return result;
  }
}
