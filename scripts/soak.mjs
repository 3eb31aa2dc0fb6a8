// npm run soak [-- FILTER...]: the same tests as npm test, at their long counts.

import { runTests } from './lib/run_tests.mjs';
import { setUp } from './lib/workspace.mjs';

const fileTimeoutMs = 6 * 3_600_000;

setUp();
process.env.STEMEDB_SOAK = '1';
runTests({ filters: process.argv.slice(2), fileTimeoutMs });
