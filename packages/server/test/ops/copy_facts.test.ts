import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differencesFrom } from '../../src/ops/copy_facts.js';
import type { LogCopyFacts } from '../../src/ops/log_copy.js';

const facts: LogCopyFacts = {
  what: 'backup',
  name: 'stemedb-backup-20260101-000000',
  databaseId: 'a'.repeat(32),
  logId: 'b'.repeat(32),
  nodeId: 'c'.repeat(16),
  vkey: 'stemedb/a/b+00000000+AAAA',
  records: 3,
  assertions: 2,
  root: 'AAAA',
  newestStamp: '1'.repeat(32),
  writtenAtMs: 1,
};

test('every fact that the records show is held against them', () => {
  assert.deepEqual(differencesFrom({ facts }, facts), []);
  const others = {
    ...{ databaseId: 'd'.repeat(32), logId: 'e'.repeat(32), records: 4, assertions: 3 },
    ...{ root: 'BBBB', newestStamp: '2'.repeat(32) },
  };
  for (const [name, value] of Object.entries(others)) {
    const [difference, ...more] = differencesFrom({ facts }, { ...facts, [name]: value });
    assert.ok(difference?.includes(String(value)) && more.length === 0, name);
  }
});
