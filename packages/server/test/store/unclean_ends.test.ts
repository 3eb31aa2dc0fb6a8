/** Lives that did not close their store are counted, and the count never keeps one from opening. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemDisk } from '../../src/io/system_disk.js';
import { storeEngine, storeFaultAtStart } from '../../src/store/store_engine.js';
import { uncleanEnds, uncleanEndsFileName } from '../../src/store/unclean_ends.js';
import { lmdbHome } from './homes.js';

test('lives are counted until one closes the store', async (t) => {
  const home = lmdbHome();
  t.after(() => home.remove());
  const ends = (): Promise<number> => uncleanEnds(systemDisk, home.path);
  assert.equal(await ends(), 0);
  await storeEngine(systemDisk, home.path).close();
  for (const count of [1, 2, 3]) {
    assert.equal(await storeFaultAtStart(systemDisk, home.path), undefined);
    assert.equal(await ends(), count);
  }
  // The fourth looked at all pages, so the count begins anew with its own life.
  assert.equal(await storeFaultAtStart(systemDisk, home.path), undefined);
  assert.equal(await ends(), 1);
  await storeEngine(systemDisk, home.path).close();
  assert.equal(await ends(), 0);
  assert.ok(!readdirSync(home.path).includes(uncleanEndsFileName));
});

test('a count that cannot be read or written is none', async (t) => {
  const home = lmdbHome();
  t.after(() => home.remove());
  const path = join(home.path, uncleanEndsFileName);
  await storeEngine(systemDisk, home.path).close();
  for (const text of ['', 'three', '-1', '3\n']) {
    writeFileSync(path, text);
    assert.equal(await uncleanEnds(systemDisk, home.path), 0, text);
    assert.equal(await storeFaultAtStart(systemDisk, home.path), undefined);
    assert.equal(await uncleanEnds(systemDisk, home.path), 1);
  }
  rmSync(path);
  mkdirSync(path);
  assert.equal(await storeFaultAtStart(systemDisk, home.path), undefined);
  assert.equal(await uncleanEnds(systemDisk, home.path), 0);
  await storeEngine(systemDisk, home.path).close();
});
