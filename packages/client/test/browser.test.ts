/** The main entry must run in a browser: bundled for one, it may ask for nothing of Node.js. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const entry = fileURLToPath(new URL('../src/index.js', import.meta.url));

test('the main entry bundles for a browser', async () => {
  const bundled = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  const [file] = bundled.outputFiles;
  assert.ok(file !== undefined);
  assert.doesNotMatch(file.text, /["']node:/);
  assert.doesNotMatch(file.text, /\bBuffer\.|\bprocess\./);
});
