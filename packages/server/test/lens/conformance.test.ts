/** Our own lenses pass the suite that a user's lens must pass. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recency } from '../../src/lens/recency.js';
import { builtInLenses, LensRegistry } from '../../src/lens/registry.js';
import { lensConformance } from '../conformance/lens.js';

for (const lens of builtInLenses) lensConformance(lens);

test('a registry knows the built-in lenses, takes a new one and refuses a taken name', () => {
  const registry = new LensRegistry();
  assert.deepEqual(
    registry.names(),
    builtInLenses.map((lens) => lens.name),
  );
  registry.register({ ...recency, name: 'house-rule' });
  assert.equal(registry.get('house-rule')?.name, 'house-rule');
  assert.equal(registry.get('unknown'), undefined);
  assert.throws(() => registry.register(recency), /already/);
  assert.throws(() => registry.register({ ...recency, name: 'No Name' }), /must match/);
});
