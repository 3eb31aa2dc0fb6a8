// Runs compiled tests with node:test: one process a file, two at a time.

import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { filesBelow, root, say, workspaces } from './workspace.mjs';

const filesAtOnce = 2;

/** Compiled test files of all workspaces whose path contains every one of the filters. */
function testFiles(filters) {
  const found = [];
  for (const workspace of workspaces()) {
    for (const path of filesBelow(join(root, workspace, 'dist', 'test'))) {
      const shown = relative(root, path).replaceAll('\\', '/');
      if (!path.endsWith('.test.js')) continue;
      if (filters.every((text) => shown.includes(text))) found.push(path);
    }
  }
  return found;
}

/**
 * Runs the files and prints node's report; the process exits non-zero when one fails.
 * A file that takes longer than `fileTimeoutMs` fails instead of hanging the run.
 */
export function runTests({ filters, fileTimeoutMs }) {
  const files = testFiles(filters);
  if (files.length === 0) {
    say(`no test file matches ${filters.join(' ')}`);
    process.exitCode = 1;
    return;
  }
  say(`running ${files.length} test files ...`);
  // Set when a test runs us: the reports would then be meant for that parent.
  delete process.env.NODE_TEST_CONTEXT;
  const events = run({ files, concurrency: filesAtOnce, timeout: fileTimeoutMs });
  events.on('test:fail', (event) => {
    if (event.todo === undefined || event.todo === false) process.exitCode = 1;
  });
  events.compose(new spec()).pipe(process.stdout);
}
