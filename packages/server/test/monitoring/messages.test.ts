/** What the server says in its log is documented, level and words. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { documentOf } from './programs.js';

const source = fileURLToPath(new URL('../../../src/', import.meta.url));

/** Levels and messages of all calls of a logger. */
const messagesOf = (text: string): readonly string[] =>
  [
    ...text.matchAll(/\blog(?:ger)?\.(fatal|error|warn|info)\(\s*(?:[^;']*,\s*)?'([^']+)',?\s*\)/g),
  ].map(([, level, message]) => `${level}: ${message}`);

const callsOf = (text: string): number =>
  text.match(/\blog(?:ger)?\.(?:fatal|error|warn|info)\(/g)?.length ?? 0;

test('docs/monitoring.md has every message of the log, and no other', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' });
  const said = new Set<string>();
  for (const name of files.filter((path) => path.endsWith('.ts'))) {
    const text = readFileSync(join(source, name), 'utf8');
    const messages = messagesOf(text);
    assert.equal(messages.length, callsOf(text), `${name} says what this test cannot read`);
    for (const message of messages) said.add(message);
  }
  const rows = documentOf('monitoring.md').matchAll(
    /^\| (fatal|error|warn|info) \| `([^`]+)` \|/gm,
  );
  const documented = [...rows].map(([, level, message]) => `${level}: ${message}`);
  assert.deepEqual([...documented].sort(), [...said].sort());
});
