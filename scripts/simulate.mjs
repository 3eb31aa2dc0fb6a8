// npm run simulate -- --seed N [--trace] [--shrink], or --first N --count M: runs the simulation
// of the whole node for these seeds, see docs/simulation.md.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setUp } from './lib/workspace.mjs';

setUp();
const main = join(root, 'packages', 'server', 'dist', 'test', 'simulation', 'main.js');
const { status } = spawnSync(process.execPath, [main, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
