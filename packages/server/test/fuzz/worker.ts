/** One target in a thread of its own, which can be ended when it hangs or takes too much memory. */
import { parentPort, workerData } from 'node:worker_threads';
import { explore } from './explore.js';
import { type Order, sharedHeadBytes } from './order.js';
import { targets } from './targets.js';

const { name, seed, untilMs, shared } = workerData as Order;
const target = targets.find((candidate) => candidate.name === name);
if (target === undefined) throw new Error(`There is no target ${name}.`);
const counts = new Int32Array(shared, 0, 2);
const bytes = new Uint8Array(shared, sharedHeadBytes);

const found = await explore({
  target,
  seed,
  untilMs,
  announce: (input) => {
    bytes.set(input.subarray(0, bytes.length));
    Atomics.store(counts, 1, Math.min(input.length, bytes.length));
    Atomics.add(counts, 0, 1);
  },
  progress: (progress) => parentPort?.postMessage({ progress }),
});
parentPort?.postMessage({ found });
