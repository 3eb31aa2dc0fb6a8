/** The Dockerfile, by a linter, and what it puts into the image. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { validate } from 'dockerfile-utils';
import { runProgram } from '../support/cli_process.js';
import { ServerProcess } from '../support/server_process.js';
import { root } from './release.js';

const folder = join(root, 'deploy/docker');
const dockerfile = readFileSync(join(folder, 'Dockerfile'), 'utf8');

test('the Dockerfile has no faults that a linter finds', () => {
  assert.deepEqual(validate(dockerfile), []);
  assert.notDeepEqual(validate(dockerfile.replace('WORKDIR', 'WORKDIRS')), []);
});

test('the image has fixed versions, a user of its own and a way to say how it is', () => {
  assert.doesNotMatch(dockerfile, /:latest|^FROM [^:]+$/m);
  assert.match(dockerfile, /^ARG NODE_VERSION=\d+\.\d+\.\d+$/m);
  assert.match(dockerfile, /^USER 10001:10001$/m);
  assert.match(dockerfile, /^HEALTHCHECK --interval=5s --timeout=3s .*--retries=3/m);
});

test('the image installs the packages of every workspace', () => {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const copied = [...dockerfile.matchAll(/^COPY (\S+)\/package\.json \1\/$/gm)];
  assert.deepEqual(copied.map(([, path]) => path).sort(), [...workspaces].sort());
});

test('the health check of the image tells a ready server from none', async () => {
  const check = join(folder, 'healthcheck.mjs');
  const server = await ServerProcess.start();
  const env = { STEMEDB_BIND_ADDR: `0.0.0.0:${new URL(server.url).port}` };
  try {
    assert.equal((await runProgram(check, [], env)).exit, 0);
    await server.stop();
    const { exit, err } = await runProgram(check, [], env);
    assert.equal(exit, 1);
    assert.match(err, /^not ready: /);
  } finally {
    await server.remove();
  }
});
