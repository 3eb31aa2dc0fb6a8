/**
 * Runs seeds and says what failed, and how to see it again:
 *
 *     main.js --seed N [--trace] [--shrink]    one seed
 *     main.js --first N --count M              M seeds from N on, up to the first that fails
 */
import { parseArgs } from 'node:util';
import { shrink } from './shrink.js';
import { planOf, simulate } from './simulate.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    first: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed ?? values.first);
const count = values.seed === undefined ? Number(values.count) : 1;

const report = async (seed: number, failure: Error): Promise<void> => {
  say(`seed ${seed} broke an invariant: ${failure.stack ?? failure.message}`);
  say(`replay: npm run simulate -- --seed ${seed} --trace`);
  process.exitCode = 1;
  if (!values.shrink) return;
  const { plan, failure: last } = await shrink(planOf(seed), seed);
  say(`left of the plan, which fails by ${last?.message}:\n${JSON.stringify(plan, undefined, 1)}`);
  await simulate(plan, seed, say);
};

const startedMs = performance.now();
let steps = 0;
const happened = new Map<string, number>();
for (let seed = first; seed < first + count; seed += 1) {
  const run = await simulate(planOf(seed), seed, values.trace ? say : undefined);
  steps += run.steps;
  for (const [what, times] of run.happened) {
    happened.set(what, (happened.get(what) ?? 0) + times);
  }
  if (run.failure === undefined) continue;
  await report(seed, run.failure);
  break;
}
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
say(`${steps} steps, ${seconds} s`);
for (const [what, times] of [...happened].sort()) say(`${what}: ${times}`);
