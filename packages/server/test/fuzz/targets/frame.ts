/** Frames and headers of the log: as they come, and with a checksum that fits. */
import assert from 'node:assert/strict';
import { crc32c } from '@node-rs/crc32';
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  framePayloadBytesMax,
  segmentHeaderBytes,
} from '../../../src/log/format.js';
import {
  checkFrame,
  claimedFrameBytes,
  encodeMark,
  frameBytes,
  readEntry,
  writeRecordFrame,
} from '../../../src/log/frame.js';
import { entryOf } from '../../conformance/log.js';
import { pure } from '../target.js';

const segmentNumber = 7;

const recordFrame = (number: number): Buffer => {
  const entry = entryOf(number);
  const bytes = Buffer.alloc(frameBytes(entry));
  writeRecordFrame(bytes, 0, entry, { sequence: number, durable: number - 1, segmentNumber });
  return bytes;
};

const checkOneFrame = (bytes: Buffer): void => {
  const before = Buffer.from(bytes);
  const frame = checkFrame(bytes, 0, segmentNumber);
  assert.ok(bytes.equals(before), 'the check has changed its bytes');
  if (typeof frame === 'string' || !Number.isSafeInteger(frame.sequence)) return;
  assert.ok(frame.payloadBytes <= framePayloadBytesMax);
  assert.equal(claimedFrameBytes(bytes, 0), 32 + frame.payloadBytes);
  const entry = frame.kind === 0 ? undefined : readEntry(bytes, 0, frame);
  if (entry === undefined) return;
  const again = Buffer.alloc(frameBytes(entry));
  writeRecordFrame(again, 0, entry, { ...frame, segmentNumber });
  // Flags that no version has set are read over, and not written.
  if (frame.flags === 0) assert.ok(again.equals(bytes.subarray(0, again.length)));
};

/** The checksum a writer would have put there, so that what is behind it is read. */
const withFrameChecksum = (input: Uint8Array): Buffer => {
  const bytes = Buffer.from(input);
  if (bytes.length < 32) return bytes;
  bytes.writeUInt32BE(0xfe53_464d, 0);
  bytes.writeUInt32BE(bytes.length - 32, 4);
  bytes.writeUInt32BE(segmentNumber, 28);
  bytes.writeUInt32BE(crc32c(bytes), 28);
  return bytes;
};

const checkHeader = (bytes: Buffer): void => {
  const decoded = decodeSegmentHeader(bytes);
  if (decoded.type !== 'header') return;
  const { number, firstOffset, firstSequence, previous } = decoded.header;
  const counts = [number, firstOffset, firstSequence, previous?.offset ?? 0];
  if (!counts.every((count) => Number.isSafeInteger(count))) return;
  const again = decodeSegmentHeader(encodeSegmentHeader(decoded.header));
  assert.deepEqual(again, decoded);
};

const withHeaderChecksum = (input: Uint8Array): Buffer => {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  bytes.set(input.subarray(0, segmentHeaderBytes));
  bytes.set(Buffer.from('ff5354454d45574c', 'hex'));
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, 156)), 156);
  return bytes;
};

export const frame = pure(
  {
    name: 'frame',
    seeds: [
      recordFrame(1),
      recordFrame(20),
      encodeMark(9, 2, segmentNumber),
      encodeSegmentHeader({
        databaseId: 'a'.repeat(32),
        logId: 'b'.repeat(32),
        number: 2,
        firstOffset: 4096,
        firstSequence: 10,
        previous: { offset: 4000, hash: new Uint8Array(32).fill(5) },
        newestStamp: '0'.repeat(32),
      }),
    ],
    words: ['\0\0\0\0', '\xff\xff\xff\xff', '\x7f\xff\xff\xff', '\0\0\0\x01'],
  },
  (input) => {
    checkOneFrame(Buffer.from(input));
    checkOneFrame(withFrameChecksum(input));
    checkHeader(Buffer.from(input));
    checkHeader(withHeaderChecksum(input));
  },
);
