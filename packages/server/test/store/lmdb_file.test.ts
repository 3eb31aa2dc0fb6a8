import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemDisk } from '../../src/io/system_disk.js';
import { lmdbPagesFault } from '../../src/store/lmdb_pages.js';
import { storeFaultAtStart } from '../../src/store/store_engine.js';
import { lmdbHome } from './homes.js';

test('a damaged head and a cut file are found before the file is mapped', async () => {
  const home = lmdbHome();
  const disk = systemDisk;
  assert.equal(await storeFaultAtStart(disk, home.path), undefined);
  await home.open().close();
  assert.equal(await storeFaultAtStart(disk, home.path), undefined);
  const engine = home.open();
  const value = new Uint8Array(3000);
  for (let key = 0; key < 100; key += 1) {
    await engine.commit([{ type: 'put', key: Uint8Array.of(1, key), value }]);
  }
  await engine.close();
  const path = join(home.path, 'data.mdb');
  const whole = readFileSync(path);
  const faultOf = (bytes: Uint8Array): Promise<string | undefined> => {
    writeFileSync(path, bytes);
    return storeFaultAtStart(disk, home.path);
  };
  assert.equal(await faultOf(whole), undefined);
  for (const page of [0, 4096]) {
    const damaged = Buffer.from(whole);
    damaged.fill(0, page, page + 4096);
    assert.match((await faultOf(damaged)) ?? '', /damaged/);
  }
  assert.match((await faultOf(whole.subarray(0, 3 * 4096))) ?? '', /the file ends in it/);
  assert.match(
    (await faultOf(whole.subarray(0, whole.length - 4096))) ?? '',
    /the file ends in it/,
  );
  assert.equal(await lmdbPagesFault(disk, home.path), await storeFaultAtStart(disk, home.path));
  await home.remove();
});
