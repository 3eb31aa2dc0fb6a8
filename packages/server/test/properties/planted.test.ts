/**
 * The property tests can fail: each planted fault is found within a few histories, and by what the
 * tests assert, not because something crashed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheFaults } from './planted/cache_faults.js';
import { runPlanted } from './planted/child.js';
import { type PlantedFault, plantedFaults } from './planted/faults.js';
import { feedFaults } from './planted/feed_faults.js';
import { impactFaults } from './planted/impact_faults.js';
import { traceFaults } from './planted/trace_faults.js';

const files: readonly (readonly [file: string, faults: readonly PlantedFault[]])[] = [
  ['moments.test.js', plantedFaults],
  ['caches.test.js', cacheFaults],
  ['impact.test.js', impactFaults],
  ['feed.test.js', feedFaults],
  ['trace.test.js', traceFaults],
];

/** Processes at once. */
const concurrency = 2;

for (const [file, faults] of files) {
  test(`faults planted for ${file} are found`, { concurrency }, async (context) => {
    const runs = faults.map((fault) =>
      context.test(fault.name, async () => {
        const { isFound, output } = await runPlanted(file, fault);
        assert.ok(isFound, `not found within ${fault.seeds} histories: ${output.slice(-2000)}`);
      }),
    );
    await Promise.all(runs);
  });
}
