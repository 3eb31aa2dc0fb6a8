/** Leaves steps out of a plan that fails, as long as what is left fails too. */
import { type Run, simulate } from './simulate.js';
import type { Plan } from './workload.js';

/** The plan without the part of one list, or undefined when there is no such part. */
type Cut = (plan: Plan, from: number, count: number) => Plan | undefined;

const without = <T>(list: readonly T[], from: number, count: number): readonly T[] | undefined =>
  from >= list.length ? undefined : [...list.slice(0, from), ...list.slice(from + count)];

const cutMishaps: Cut = (plan, from, count) => {
  const mishaps = without(plan.mishaps, from, count);
  return mishaps && { ...plan, mishaps };
};

const cutClient =
  (client: number): Cut =>
  (plan, from, count) => {
    const steps = without(plan.clients[client] ?? [], from, count);
    const clients = plan.clients.map((one, at) => (at === client ? (steps ?? one) : one));
    return steps && { ...plan, clients };
  };

const tries = async (plan: Plan, seed: number, cut: Cut): Promise<Plan> => {
  let left = plan;
  for (const count of [16, 8, 4, 2, 1]) {
    for (let from = 0; ; ) {
      const smaller = cut(left, from, count);
      if (smaller === undefined) break;
      const { failure } = await simulate(smaller, seed);
      if (failure === undefined) from += count;
      else left = smaller;
    }
  }
  return left;
};

/** A smaller plan that fails under the same seed, though perhaps in another way. */
export const shrink = async (
  plan: Plan,
  seed: number,
): Promise<{ readonly plan: Plan; readonly failure: Run['failure'] }> => {
  let left = await tries({ ...plan, rot: 'nothing' }, seed, cutMishaps);
  if ((await simulate(left, seed)).failure === undefined) left = plan;
  for (let client = 0; client < plan.clients.length; client += 1) {
    left = await tries(left, seed, cutClient(client));
  }
  left = await tries(left, seed, cutMishaps);
  return { plan: left, failure: (await simulate(left, seed)).failure };
};
