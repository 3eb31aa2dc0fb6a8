/**
 * Fault 14: every reader of bytes from outside, on inputs that follow from a seed and on all that
 * ever failed. `npm run fuzz` looks further, led by coverage, for as long as it is told.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countOf, seeded, seedsOf } from '../support/seeded.js';
import { failureOf } from './explore.js';
import { mutated } from './mutate.js';
import type { OpenTarget, Target } from './target.js';
import { keptInputs, poolOf, targets } from './targets.js';

const inOpen = async (target: Target, use: (opened: OpenTarget) => Promise<void>) => {
  const opened = await target.open();
  try {
    await use(opened);
  } finally {
    await opened.close().catch(() => undefined);
  }
};

/** Inputs made from one seed: the pool is the same for each, so that one seed replays alone. */
const inputsOfSeed = 500;

for (const target of targets) {
  describe(`the reader of ${target.name}`, () => {
    it('takes what it is made for, and holds on all that ever failed', () =>
      inOpen(target, async (opened) => {
        for (const input of poolOf(target)) await opened.run(input);
        for (const [file, input] of keptInputs(target.name)) {
          const why = await failureOf(opened, input);
          assert.equal(why, undefined, `npm run fuzz -- --target ${target.name}: corpus ${file}`);
        }
      }));

    it('holds on inputs made from it', () =>
      inOpen(target, async (opened) => {
        const seeds = seedsOf(countOf(target.runs, 100 * target.runs) / inputsOfSeed);
        for (const seed of seeds) {
          const random = seeded(seed);
          const material = { ...target, pool: poolOf(target) };
          for (let at = 0; at < inputsOfSeed; at += 1) {
            const input = mutated(random, material);
            const why = await failureOf(opened, input);
            if (why === undefined) continue;
            const shown = JSON.stringify(Buffer.from(input).toString('latin1'));
            const again = `STEMEDB_SEED=${seed} npm test -- fuzz/fuzz`;
            assert.fail(`${target.name}, input ${at}; again: ${again}\n${shown}\n${why}`);
          }
        }
      }));
  });
}
