/** Fault 14, the frame decoder: any bytes at all give an answer, and never a record made up. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeSegmentHeader, frameHeaderBytes } from '../../src/log/format.js';
import { checkFrame, frameBytes, readEntry, writeRecordFrame } from '../../src/log/frame.js';
import { collect, entries, entryOf } from '../conformance/log.js';
import { SeededRandom } from '../simulation/seeded_random.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import * as world from './script.js';

const segmentNumber = 7;

function frameOf(number: number): Buffer {
  const entry = entryOf(number);
  const bytes = Buffer.alloc(frameBytes(entry));
  writeRecordFrame(bytes, 0, entry, { sequence: number, durable: number - 1, segmentNumber });
  return bytes;
}

describe('the frame decoder', () => {
  it('reads back every frame that can be written, in its own segment only', () => {
    for (let number = 1; number < 500; number += 1) {
      const bytes = frameOf(number);
      const frame = checkFrame(bytes, 0, segmentNumber);
      assert.ok(typeof frame !== 'string');
      assert.deepEqual([frame.sequence, frame.durable], [number, number - 1]);
      const entry = readEntry(bytes, 0, frame);
      assert.deepEqual({ ...entry, bytes: undefined }, { ...entryOf(number), bytes: undefined });
      assert.equal(checkFrame(bytes, 0, segmentNumber + 1), 'CRC mismatch');
    }
  });

  it('refuses any bytes that were not written as a frame', () => {
    const anything = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(anything, fc.nat(), (bytes, start) => {
        const buffer = Buffer.from(bytes);
        assert.equal(
          typeof checkFrame(buffer, start % (bytes.length + 1), segmentNumber),
          'string',
        );
        assert.equal(decodeSegmentHeader(buffer).type, 'bad');
      }),
      { numRuns: world.runs(3000, 1_000_000) },
    );
  });

  it('refuses every frame with a bit or a length changed, and leaves its bytes alone', () => {
    const flip = fc.record({ number: fc.integer({ min: 1, max: 300 }), bit: fc.nat() });
    fc.assert(
      fc.property(flip, ({ number, bit }) => {
        const bytes = frameOf(number);
        const at = bit % (bytes.length * 8);
        bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7));
        const before = Buffer.from(bytes);
        assert.equal(typeof checkFrame(bytes, 0, segmentNumber), 'string');
        assert.ok(bytes.equals(before));
        assert.equal(checkFrame(frameOf(number).subarray(0, bytes.length - 1), 0, 7), 'cut short');
      }),
      { numRuns: world.runs(3000, 1_000_000) },
    );
  });

  it('believes no length: four gigabytes are refused from a header alone', () => {
    const bytes = frameOf(1);
    bytes.writeUInt32BE(0xffff_ffff, 4);
    assert.equal(checkFrame(bytes, 0, segmentNumber), 'impossible length');
    assert.equal(checkFrame(bytes.subarray(0, frameHeaderBytes - 1), 0, 7), 'cut short');
  });
});

describe('a segment of noise', () => {
  it('opens or is refused, but never throws and never invents', async () => {
    const whole = new SimulatedDisk();
    await whole.makeDirectory(world.directory);
    const { log } = await world.open(whole);
    await log.append(entries(1, 20));
    await log.append(entries(21, 20));
    const path = `${world.directory}/0000000000000000.wal`;
    for (let seed = 1; seed <= world.runs(300, 20_000); seed += 1) {
      const random = new SeededRandom(seed);
      const disk = whole.clone();
      const bytes = disk.peek(path);
      for (let edits = 1 + random.below(4); edits > 0; edits -= 1) {
        const at = random.below(bytes.length);
        const noise = random.bytes(random.below(200));
        bytes.set(noise.subarray(0, bytes.length - at), at);
      }
      disk.put(path, bytes.subarray(0, random.below(bytes.length + 1)));
      const opened = await world.open(disk).catch((error: unknown) => String(error));
      if (typeof opened === 'string') assert.match(opened, /is damaged/, `seed ${seed}`);
      else {
        const records = await collect(opened.log.iterate({ sequence: 1 }));
        for (const record of records) {
          const expected = entryOf(record.sequence).bytes;
          assert.equal(Buffer.compare(record.bytes, expected), 0, `seed ${seed}`);
        }
        await opened.log.close();
      }
    }
  });
});
