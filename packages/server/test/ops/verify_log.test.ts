import assert from 'node:assert/strict';
import { readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { systemDisk } from '../../src/io/system_disk.js';
import { decodeSegmentHeader, frameHeaderBytes, segmentHeaderBytes } from '../../src/log/format.js';
import { type Verified, verified } from '../log/verified.js';
import { filledDirectories } from './directories.js';

const flips = process.env.STEMEDB_SOAK === '1' ? 20_000 : 300;

const verify = (directory: string): Promise<Verified> => verified(systemDisk, { directory });

const segmentsOf = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory)).filter((name) => name.endsWith('.wal')).sort();

test('a sound log has no findings, and everything in it is counted', async (context) => {
  const { walDir } = await filledDirectories(context, 120);
  const { findings, end } = await verify(walDir);
  assert.deepEqual(findings, []);
  assert.ok(end.segments > 2);
  // A policy, 120 claims and a signature for each third of them.
  assert.equal(end.records, 1 + 120 + 40);
  assert.equal(end.attestations, 40);
  assert.equal(end.lastSequence, end.records);
});

test(`a flipped bit anywhere is found (${flips} flips)`, async (context) => {
  const { walDir } = await filledDirectories(context, 120);
  const names = await segmentsOf(walDir);
  const whole = new Map<string, Buffer>();
  for (const name of names) whole.set(name, await readFile(join(walDir, name)));
  const total = [...whole.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  for (let flip = 0; flip < flips; flip += 1) {
    let at = Math.floor((flip * total) / flips);
    const name = names.find((candidate) => {
      const size = whole.get(candidate)?.length ?? 0;
      if (at < size) return true;
      at -= size;
      return false;
    });
    assert.ok(name !== undefined);
    const sound = whole.get(name) ?? Buffer.alloc(0);
    const damaged = Buffer.from(sound);
    damaged.writeUInt8((sound[at] ?? 0) ^ (1 << (flip % 8)), at);
    await writeFile(join(walDir, name), damaged);
    const { findings } = await verify(walDir);
    assert.ok(findings.length > 0, `bit ${flip % 8} of byte ${at} in ${name} went unnoticed`);
    await writeFile(join(walDir, name), sound);
  }
  assert.deepEqual((await verify(walDir)).findings, []);
});

test('damage is named by its byte, and what follows is still checked', async (context) => {
  const { walDir } = await filledDirectories(context, 120);
  const [first = '', second = ''] = await segmentsOf(walDir);
  for (const name of [first, second]) {
    const bytes = await readFile(join(walDir, name));
    bytes.writeUInt8((bytes[segmentHeaderBytes + 40] ?? 0) ^ 1, segmentHeaderBytes + 40);
    await writeFile(join(walDir, name), bytes);
  }
  const { findings } = await verify(walDir);
  assert.deepEqual(
    findings.map(({ severity, segment, byte }) => ({ severity, segment, byte })),
    [first, second].map((segment) => ({ severity: 'damage', segment, byte: segmentHeaderBytes })),
  );
});

test('a cut-off end that was never durable is a torn tail, not damage', async (context) => {
  const { walDir } = await filledDirectories(context, 30);
  const last = (await segmentsOf(walDir)).at(-1) ?? '';
  const size = (await readFile(join(walDir, last))).length;
  await truncate(join(walDir, last), size - 3);
  const { findings } = await verify(walDir);
  assert.deepEqual(
    findings.map(({ severity }) => severity),
    ['torn_tail'],
  );
});

test('a sealed segment that is cut, missing, swapped or doubled is damage', async (context) => {
  const { walDir } = await filledDirectories(context, 120);
  const [first = '', second = '', third = ''] = await segmentsOf(walDir);
  const at = (name: string): string => join(walDir, name);
  const [one, two] = [await readFile(at(first)), await readFile(at(second))];
  const damages: Readonly<Record<string, () => Promise<void>>> = {
    cut: () => truncate(at(second), two.length - 40),
    missing: () => rm(at(second)),
    swapped: async () => {
      await writeFile(at(first), two);
      await writeFile(at(second), one);
    },
    doubled: () => writeFile(at(second), one),
    'of a lost first': () => rename(at(first), `${at(first)}.away`),
  };
  assert.notEqual(third, '');
  for (const [name, damage] of Object.entries(damages)) {
    await damage();
    const { findings } = await verify(walDir);
    assert.ok(
      findings.some(({ severity }) => severity === 'damage'),
      `${name}: ${JSON.stringify(findings)}`,
    );
    await rm(`${at(first)}.away`, { force: true });
    await writeFile(at(first), one);
    await writeFile(at(second), two);
  }
  assert.deepEqual((await verify(walDir)).findings, []);
});

/** Frames of a segment file: where each begins. */
const framesOf = (bytes: Buffer): readonly number[] => {
  const starts: number[] = [];
  for (let at = segmentHeaderBytes; at < bytes.length; ) {
    starts.push(at);
    at += frameHeaderBytes + bytes.readUInt32BE(at + 4);
  }
  return starts;
};

/** Changes a byte of a frame and gives it a CRC that fits: what a forger would do. */
const forge = (bytes: Buffer, start: number, at: number, value: number): void => {
  const header = decodeSegmentHeader(bytes.subarray(0, segmentHeaderBytes));
  assert.ok(header.type === 'header');
  bytes.writeUInt8(value, at);
  const end = start + frameHeaderBytes + bytes.readUInt32BE(start + 4);
  bytes.writeUInt32BE(header.header.number, start + 28);
  bytes.writeUInt32BE(crc32c(bytes.subarray(start, end)), start + 28);
};

test('a forged signature with a fitting CRC is found', async (context) => {
  const { walDir } = await filledDirectories(context, 60);
  for (const name of await segmentsOf(walDir)) {
    const bytes = await readFile(join(walDir, name));
    const marker = bytes.indexOf('"signature":"');
    const start = framesOf(bytes).findLast((at) => at < marker);
    if (start === undefined || marker < 0) continue;
    const digit = marker + '"signature":"'.length;
    forge(bytes, start, digit, bytes.readUInt8(digit) === 0x30 ? 0x31 : 0x30);
    await writeFile(join(walDir, name), bytes);
    const { findings } = await verify(walDir);
    assert.ok(findings.some(({ detail }) => /signature does not verify/.test(detail)));
    return;
  }
  assert.fail('There is no attestation in the log.');
});

test('a last frame other than the one that the next segment names is found', async (context) => {
  const { walDir } = await filledDirectories(context, 120);
  const [, second = ''] = await segmentsOf(walDir);
  const bytes = await readFile(join(walDir, second));
  const start = framesOf(bytes).at(-1) ?? 0;
  // The shard: nothing else in the frame says what it was.
  forge(bytes, start, start + 27, bytes.readUInt8(start + 27) ^ 1);
  await writeFile(join(walDir, second), bytes);
  const { findings } = await verify(walDir);
  assert.deepEqual(
    findings.map(({ byte, detail }) => `${byte}: ${detail}`),
    ['72: the header names another last frame of the segment before'],
  );
});

test('a segment of a newer format is that alone, not damage as well', async (context) => {
  const { walDir } = await filledDirectories(context, 120);
  const [, second = ''] = await segmentsOf(walDir);
  const bytes = await readFile(join(walDir, second));
  bytes.writeUInt32BE(2, 8);
  const crcAt = segmentHeaderBytes - 4;
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, crcAt)), crcAt);
  await writeFile(join(walDir, second), bytes);
  const { findings } = await verify(walDir);
  assert.deepEqual(
    findings.map(({ severity, segment }) => ({ severity, segment })),
    [{ severity: 'too_new', segment: second }],
  );
});
