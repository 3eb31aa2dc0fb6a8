/**
 * The engine behind the overlay, with what LMDB promises in the mode that the server uses and no
 * more: a commit is visible when it is done and whole or absent after a crash; after a power loss
 * the file is as after some commit at or behind the last flush, after a kill it has all of them.
 */
import type { Change, Engine } from '../../src/store/engine.js';
import { type MemoryFiles, memoryEngine, newMemoryFiles } from '../../src/store/engine_memory.js';
import type { Scheduler } from './scheduler.js';
import type { SeededRandom } from './seeded_random.js';

type State = MemoryFiles['entries'];

/** What outlives a node. */
export class EngineFiles {
  files: MemoryFiles = newMemoryFiles();
  /** The states that a power loss may leave: the one last flushed and all since. */
  #possible: State[] = [[]];
  /** Calls that will be refused, as by a full or failing disk. */
  failures = 0;

  committed(): void {
    this.#possible.push(this.files.entries);
  }

  flushed(state: State): void {
    this.#possible = this.#possible.slice(this.#possible.lastIndexOf(state));
  }

  powerLoss(random: SeededRandom): void {
    const entries = random.pick(this.#possible);
    this.files = { entries };
    this.#possible = [entries];
  }

  /** The open engine of the life before is cut off from the files. */
  kill(): void {
    this.files = { entries: this.files.entries };
  }

  lose(): void {
    this.files = newMemoryFiles();
    this.#possible = [[]];
  }

  /** Turns one bit of one entry, as a bad medium does; false when there is none. */
  rot(random: SeededRandom): boolean {
    const { entries } = this.files;
    if (entries.length === 0) return false;
    const at = random.below(entries.length);
    const entry = entries[at];
    if (entry === undefined || entry.value.length === 0) return false;
    const value = Uint8Array.from(entry.value);
    const byte = random.below(value.length);
    value[byte] = (value[byte] ?? 0) ^ (1 << random.below(8));
    this.files = { entries: entries.map((one, index) => (index === at ? { ...one, value } : one)) };
    this.#possible = [this.files.entries];
    return true;
  }
}

class EngineError extends Error {
  readonly code = 'EIO';
}

export const simulatedEngine = (home: EngineFiles, scheduler: Scheduler): Engine => {
  const { files } = home;
  const engine = memoryEngine(files);
  const effect = <T>(label: string, work: () => Promise<T>): Promise<T> =>
    scheduler.effect('node', label, label, async () => {
      if (home.failures > 0) {
        home.failures -= 1;
        throw new EngineError('EIO: simulated, the engine');
      }
      return work();
    });
  return {
    get: (key) => engine.get(key),
    look: (key, read) => engine.look(key, read),
    range: (range) => engine.range(range),
    snapshot: () => engine.snapshot(),
    commit: (changes: readonly Change[]) =>
      effect('engine commit', () => {
        const done = engine.commit(changes);
        if (files === home.files) home.committed();
        return done;
      }),
    flush: () => {
      const state = files.entries;
      return effect('engine flush', async () => {
        if (files === home.files) home.flushed(state);
      });
    },
    diskBytes: () => engine.diskBytes(),
    close: () => scheduler.effect('node', 'engine close', 'engine close', () => engine.close()),
  };
};
