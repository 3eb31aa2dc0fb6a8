// npm run fuzz [-- --seconds 60 --seed N --target NAME --replay FILE]: looks for inputs that a
// reader cannot take. `--target` may be given several times; all of them without.

import { setUp } from './lib/workspace.mjs';

setUp();
await import('../packages/server/dist/test/fuzz/main.js');
