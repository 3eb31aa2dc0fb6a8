// npm start: sets the clone up when needed, then becomes the server.
// The server runs in this very process, so signals, exit code and memory are its own.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setUp } from './lib/workspace.mjs';

setUp();
const server = join(root, 'packages', 'server', 'dist', 'src', 'bin', 'stemedb-api.js');
process.argv[1] = server;
await import(pathToFileURL(server).href);
