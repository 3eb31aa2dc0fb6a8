/** A property test in a process of its own, with a fault planted and as many seeds as it gets. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PlantedFault } from './faults.js';

type Snippet = Pick<PlantedFault, 'file' | 'from' | 'to'>;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** How property tests say what they found; a crash says something else. */
const found = 'answered otherwise';

/** A run that takes longer is ended, milliseconds. */
const runTimeoutMs = 300_000;

export interface Run {
  /** True when an assertion of the test found the fault; the run ends at once. */
  readonly isFound: boolean;
  readonly output: string;
}

/** What `plant.js` is told by the environment. */
const plantOf = ({ file, from, to }: Snippet): Readonly<Record<string, string>> => ({
  PLANTED_FILE: here(`../../../src/${file}`),
  PLANTED_FROM: from,
  PLANTED_TO: to,
});

/** The environment of a Node.js process that is to have this fault. */
export const environmentOf = (fault: Snippet): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import ${here('./plant.js')}`,
  ...plantOf(fault),
});

/** Runs a file of property tests on the fault's seeds, with the fault in its process alone. */
export const runPlanted = (test: string, fault: PlantedFault): Promise<Run> => {
  const { STEMEDB_SEED: _seed, NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const child = spawn(process.execPath, ['--import', here('./plant.js'), here(`../${test}`)], {
    env: { ...env, ...plantOf(fault), STEMEDB_SEED_COUNT: String(fault.seeds) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: runTimeoutMs,
  });
  return new Promise((resolve, reject) => {
    let output = '';
    let isFound = false;
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      if (isFound || !output.includes(found)) return;
      isFound = true;
      child.kill();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('close', () => resolve({ isFound, output }));
  });
};
