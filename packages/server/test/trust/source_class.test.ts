/** Which class counts where classes share a tier. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AgentId, defaultPolicyTable, type PolicyClass } from '@stemedb/model';
import { ClassTable } from '../../src/trust/source_class.js';

const agent = 'a'.repeat(64) as AgentId;
const classes: readonly PolicyClass[] = [
  { name: 'record', tier: 0, weight: 1 },
  { name: 'rumour', tier: 1, weight: 0.1 },
  { name: 'witness', tier: 1, weight: 0.4 },
  { name: 'diary', tier: 1, weight: 0.4 },
];

const tableOf = (listed: readonly PolicyClass[]): ClassTable =>
  new ClassTable({
    id: null,
    effectiveMs: 0,
    table: { ...defaultPolicyTable, classes: [...listed], class_mode: 'self-declared' },
  });

const counted = (listed: readonly PolicyClass[], ...names: readonly string[]): string =>
  tableOf(listed).count(names.map((name) => ({ name, agents: [agent] }))).name;

test('of classes that share the lowest tier, the one that was asked for counts', () => {
  for (const { name } of classes) assert.equal(counted(classes, name), name);
});

test('among equal tiers the weight decides, then the name, in any order', () => {
  for (const listed of [classes, [...classes].reverse()]) {
    assert.equal(counted(listed, 'rumour', 'witness'), 'witness');
    assert.equal(counted(listed, 'witness', 'rumour'), 'witness');
    assert.equal(counted(listed, 'witness', 'diary'), 'diary');
    assert.equal(counted(listed, 'diary', 'witness'), 'diary');
  }
});

test('without a request, or with one that is not known, the least class counts', () => {
  for (const listed of [classes, [...classes].reverse()]) {
    assert.equal(counted(listed), 'rumour');
    assert.equal(counted(listed, 'invented'), 'rumour');
  }
});
