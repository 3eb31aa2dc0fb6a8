// npm test [-- FILTER...]: sets the clone up when needed, then runs every test at the
// counts of continuous integration. A filter is a part of a test file's path.

import { runTests } from './lib/run_tests.mjs';
import { setUp } from './lib/workspace.mjs';

// The demo loads its claims twice, which takes minutes on a machine that has other work.
const fileTimeoutMs = 30 * 60_000;

setUp();
delete process.env.STEMEDB_SOAK;
runTests({ filters: process.argv.slice(2), fileTimeoutMs });
