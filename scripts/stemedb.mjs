// The command line from a clone; bin/stemedb calls it.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setUp } from './lib/workspace.mjs';

setUp();
const program = join(root, 'packages', 'server', 'dist', 'src', 'bin', 'stemedb.js');
process.argv[1] = program;
await import(pathToFileURL(program).href);
