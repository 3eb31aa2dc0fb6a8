/** The simulation can fail: each planted fault breaks an invariant within its seeds. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { environmentOf } from '../properties/planted/child.js';
import type { PlantedFault } from '../properties/planted/faults.js';
import { simulatedFaults } from './planted/faults.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Processes at once. */
const concurrency = 2;

/** Runs the fault's seeds in a process of their own, up to the first that fails. */
const runPlanted = (fault: PlantedFault): Promise<string> => {
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const child = spawn(process.execPath, [here('main.js'), '--count', String(fault.seeds)], {
    env: { ...env, ...environmentOf(fault) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
};

test('faults planted for the simulation are found', { concurrency }, async (context) => {
  const runs = simulatedFaults.map((fault) =>
    context.test(fault.name, async (one) => {
      const output = await runPlanted(fault);
      const found = /seed (\d+) broke an invariant: (.*)/.exec(output);
      assert.ok(found, `not found within ${fault.seeds} seeds: ${output.slice(-2000)}`);
      one.diagnostic(`seed ${found[1]} of ${fault.seeds}: ${found[2]}`);
    }),
  );
  await Promise.all(runs);
});
