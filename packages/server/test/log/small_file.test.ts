/** What small files take: of memory no more than they have, of their bytes no more than allowed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSmallFile, replaceSmallFile } from '../../src/log/small_file.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';

test('a small file takes the memory of its bytes, whatever it may have', async () => {
  const disk = new SimulatedDisk();
  await disk.makeDirectory('/wal');
  const written = Buffer.from('so much and no more');
  await replaceSmallFile(disk, '/wal', 'small', written);
  const read = await readSmallFile(disk, '/wal/small', 64 * 1024 * 1024);
  assert.deepEqual(Buffer.from(read), written);
  assert.equal(read.buffer.byteLength, written.length);
  assert.equal(Buffer.from(await readSmallFile(disk, '/wal/small', 7)).toString(), 'so much');
});
