/** Randomness that a seed replays: every random test prints its seed. */

export interface Seeded {
  /** In [0, 1). */
  fraction(): number;
  /** A whole number in [0, below). */
  below(below: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  shuffled<T>(items: readonly T[]): T[];
}

/** Mulberry32 (Ettinger 2017): 32 bits of state, enough to vary tests. */
export const seeded = (seed: number): Seeded => {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(fraction() * limit);
  const pick = <T>(items: readonly T[]): T => {
    const item = items[below(items.length)];
    if (item === undefined) throw new RangeError('There is nothing to pick from.');
    return item;
  };
  const shuffled = <T>(items: readonly T[]): T[] => {
    const left = [...items];
    const taken: T[] = [];
    while (left.length > 0) taken.push(...left.splice(below(left.length), 1));
    return taken;
  };
  return { fraction, below, chance: (probability) => fraction() < probability, pick, shuffled };
};

/** One of some things that happen more or less often, each with its share in a hundred. */
export const someOf = <T>(random: Seeded, shares: readonly (readonly [number, T])[]): T => {
  let left = random.below(100);
  for (const [share, item] of shares) {
    left -= share;
    if (left < 0) return item;
  }
  throw new RangeError('The shares are less than a hundred.');
};

/** The seeds of a random test: one named by `STEMEDB_SEED`, else this many from the first on, or
 * as many as `STEMEDB_SEED_COUNT` says. */
export const seedsOf = (count: number, first = 1): readonly number[] => {
  const { STEMEDB_SEED: named, STEMEDB_SEED_COUNT: wanted } = process.env;
  if (named !== undefined) return [Number(named)];
  const length = wanted === undefined ? count : Number(wanted);
  return Array.from({ length }, (_, at) => first + at);
};

/** How often a random test runs: the long count under `npm run soak`. */
export const countOf = (ci: number, long: number): number =>
  process.env.STEMEDB_SOAK === '1' ? long : ci;
