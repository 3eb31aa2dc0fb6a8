/** Thousands of seeds, and for ever those that once failed. See docs/simulation.md. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { countOf, seedsOf } from '../support/seeded.js';
import { planOf, simulate } from './simulate.js';

interface KeptSeed {
  readonly seed: number;
  /** What it found. */
  readonly found: string;
}

const keptFile = fileURLToPath(new URL('../../../test/simulation/seeds.json', import.meta.url));
const kept: readonly KeptSeed[] = JSON.parse(readFileSync(keptFile, 'utf8'));

const happened = new Map<string, number>();

/** Fails with the seed, the invariant and the command that shows it again. */
const holds = async (seed: number): Promise<void> => {
  const run = await simulate(planOf(seed), seed);
  for (const [what, times] of run.happened) {
    happened.set(what, (happened.get(what) ?? 0) + times);
  }
  const { failure } = run;
  if (failure === undefined) return;
  const replay = `npm run simulate -- --seed ${seed} --trace`;
  assert.fail(`seed ${seed}: ${failure.message}\nreplay: ${replay}\n${failure.stack}`);
};

for (const { seed, found } of kept) {
  test(`seed ${seed}, which found: ${found}`, () => holds(seed));
}

/** A run differs from every other of the same length: what failed can be told from the name. */
const perTest = 250;
const seeds = seedsOf(countOf(2000, 200_000));

for (let at = 0; at < seeds.length; at += perTest) {
  const some = seeds.slice(at, at + perTest);
  test(`all invariants hold, seeds ${some[0]} to ${some.at(-1)}`, async () => {
    for (const seed of some) await holds(seed);
  });
}

test('a seed makes the same steps each time', async () => {
  const traceOf = async (seed: number): Promise<string> => {
    const hash = createHash('sha256');
    await simulate(planOf(seed), seed, (line) => void hash.update(`${line}\n`));
    return hash.digest('hex');
  };
  for (const seed of seeds.slice(0, 40)) assert.equal(await traceOf(seed), await traceOf(seed));
});

/** What some thousand runs must have met, or they show little. */
const mustHappen = [
  'created',
  'duplicate',
  'power loss',
  'kill',
  'restart',
  'store lost',
  'clock',
  'disk error',
  'short writes',
  'engine error',
  'full',
  'space',
  'cut off within a call',
  'torn tail cut',
  'replayed',
  'segment made',
  'start refused',
  'writing ended',
  'disk_full',
  'log_failed',
  'behind',
  'checkpoint',
  'repeated',
  'repeated in another life',
  'rot refused at the start',
  'rot refused on reading',
  'rot had the store rebuilt',
];

test('everything happened', { skip: seeds.length < 1000 }, (context) => {
  for (const [what, times] of [...happened].sort()) context.diagnostic(`${what}: ${times}`);
  assert.deepEqual(
    mustHappen.filter((what) => !happened.has(what)),
    [],
  );
});
