/** One run: a plan is played on a node to its end, and all that is known is held against it. */
import { Client } from './client.js';
import { auditLog } from './invariants/log.js';
import { checkCheckpoints, checkProof } from './invariants/proofs.js';
import { checkRot } from './invariants/rot.js';
import { checkStore } from './invariants/store.js';
import { SeededRandom } from './seeded_random.js';
import { type Plan, somePlan } from './workload.js';
import { nodeAgent, startMs, World } from './world.js';

/** What a run came to. */
export interface Run {
  /** Why it failed; undefined when all invariants held. */
  readonly failure: Error | undefined;
  readonly steps: number;
  readonly happened: ReadonlyMap<string, number>;
}

export const planOf = (seed: number): Plan => somePlan(new SeededRandom(seed), startMs, nodeAgent);

/** Answers that are asked for once more in the end. */
const repeatedMax = 6;

const playPlan = async (plan: Plan, world: World): Promise<void> => {
  const { ledger } = world;
  world.begin();
  await Promise.all(
    plan.clients.map((steps, at) => new Client(world, `client ${at + 1}`).run(steps)),
  );
  world.calm();
  const last = new Client(world, 'the last');
  await last.settled('audit', (node) => auditLog(node, ledger));
  world.suffer(plan.lastDeed);
  await last.settled('audit after the last start', (node) => auditLog(node, ledger));
  for (const kept of world.random.shuffled(ledger.answers).slice(0, repeatedMax)) {
    await last.repeat(kept);
  }
  const ids = world.random.shuffled([...ledger.acknowledged.keys()]).slice(0, 3);
  await last.settled('proofs', async (node) => {
    for (const id of ids) await checkProof(node, ledger, id);
    await checkCheckpoints(node, ledger);
  });
  await last.settled('verify', async (node) => {
    if (world.engine !== undefined) await checkStore(node, world.engine);
  });
  if (plan.rot !== 'nothing') await checkRot(world, plan.rot);
};

/** Plays a plan under a seed; the same again makes the same steps. */
export const simulate = async (
  plan: Plan,
  seed: number,
  trace?: (line: string) => void,
): Promise<Run> => {
  const world = new World(plan, seed, trace);
  let failure: Error | undefined;
  try {
    await world.scheduler.run(playPlan(plan, world));
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  return { failure, steps: world.scheduler.steps, happened: world.happened };
};
