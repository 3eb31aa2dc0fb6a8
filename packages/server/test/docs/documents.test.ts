/**
 * Every `sh` block of the README and of docs/ is run, in order, as a reader would: in one shell for
 * a document, in an empty directory, with a server that keeps its data there. Only the port
 * differs. A `json` block after a command is held against what the command prints.
 */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { cliBinary, ServerProcess } from '../support/server_process.js';
import {
  type Commands,
  commandsOf,
  differences,
  documents,
  readDocument,
  root,
} from './document.js';

const documentedAddress = /\b(?:127\.0\.0\.1|localhost):18180\b/g;

/** Ends each command block's output; no document prints this. */
const mark = '@@ end of block @@';

const programs = ['bash', 'curl'];
const missing = programs.filter((name) => spawnSync(name, ['--version']).status !== 0);

/** A folder for the PATH in which `stemedb` is the built command line. */
async function makeProgramFolder(directory: string): Promise<string> {
  const folder = join(directory, '.programs');
  await mkdir(folder);
  const program = join(folder, 'stemedb');
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${cliBinary}" "$@"\n`);
  await chmod(program, 0o755);
  return folder;
}

interface Ran {
  readonly outputs: readonly string[];
  readonly failure: string | undefined;
}

/** Runs all blocks in one shell that stops at the first failure; packages resolve as in a clone. */
async function runBlocks(blocks: readonly Commands[], server: ServerProcess): Promise<Ran> {
  const address = new URL(server.url).host;
  const lines = ['set -e -u -o pipefail'];
  for (const { script } of blocks) {
    lines.push(script.replaceAll(documentedAddress, address), `printf '%s\\n' '${mark}'`);
  }
  const folder = await makeProgramFolder(server.directory);
  await symlink(join(root, 'node_modules'), join(server.directory, 'node_modules'), 'dir');
  await symlink(root, join(server.directory, 'clone'), 'dir');
  const shell = spawn('bash', ['-c', lines.join('\n')], {
    cwd: server.directory,
    env: {
      PATH: `${folder}:${process.env.PATH ?? ''}`,
      HOME: server.directory,
      STEMEDB_URL: server.url,
      NO_COLOR: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  let complaints = '';
  shell.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  shell.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const [code] = await once(shell, 'close');
  const outputs = printed.split(`${mark}\n`);
  const failed = blocks[outputs.length - 1];
  const where = `the block at line ${failed?.line} ended with ${code}`;
  const failure = code === 0 ? undefined : `${where}:\n${outputs.at(-1)}\n${complaints}`;
  return { outputs, failure };
}

function checkOutputs(blocks: readonly Commands[], outputs: readonly string[]): void {
  for (const [at, { line, expected }] of blocks.entries()) {
    if (expected === undefined) continue;
    const printed: unknown = JSON.parse(outputs[at] ?? '');
    const found = differences(expected, printed);
    assert.equal(found.join('\n'), '', `what the block at line ${line} prints`);
  }
}

for (const path of documents()) {
  const blocks = commandsOf(readDocument(path));
  if (blocks.length === 0) continue;
  const skip = missing.length > 0 ? `needs ${missing.join(' and ')}` : false;
  test(`the commands of ${path} work`, { skip }, async () => {
    const server = await ServerProcess.start({
      env: { STEMEDB_WAL_DIR: 'data/wal', STEMEDB_DB_DIR: 'data/db' },
    });
    try {
      const { outputs, failure } = await runBlocks(blocks, server);
      assert.equal(failure, undefined);
      checkOutputs(blocks, outputs);
    } finally {
      await server.remove();
    }
  });
}

test('a document that promises something else is noticed', () => {
  const text = '# A\n\n```sh\necho 1\n```\n\nprints\n\n```json\n{"a": [1, "x…", "…"]}\n```\n';
  const [commands] = commandsOf(text);
  assert.equal(commands?.script, 'echo 1\n');
  assert.equal(commands?.line, 4);
  assert.deepEqual(differences(commands?.expected, { a: [1, 'xyz', { b: 2 }] }), []);
  const faults = [{}, { a: [2, 'x', 0] }, { a: [1, 'y', 0] }, { a: [1, 'x', 0], b: 1 }, [1]];
  for (const printed of faults) assert.notDeepEqual(differences(commands?.expected, printed), []);
  assert.deepEqual(commandsOf('```sh no-run\nrm -r .\n```\n'), []);
});

test('the two commands that the README begins with exist', async () => {
  const scripts = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).scripts;
  const beginning = readDocument('README.md').split('\n').slice(0, 16).join('\n');
  for (const name of ['start', 'test']) {
    assert.match(beginning, new RegExp(`^npm ${name}\\b`, 'm'));
    assert.equal(typeof scripts[name], 'string');
  }
});
