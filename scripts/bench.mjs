// npm run bench [-- OPTIONS]: sets the clone up when needed, then runs bench/.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setUp } from './lib/workspace.mjs';

setUp();
await import(pathToFileURL(join(root, 'bench', 'main.mjs')).href);
