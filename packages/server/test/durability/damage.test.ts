/**
 * Bits that flip on the disk, seen by real processes: a synced frame refuses the start, a tail that
 * was never synced is cut and reported, `verify` finds a flip anywhere, and no answer is ever made
 * from damaged bytes of the log.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseStamp } from '@stemedb/model';
import { readCount } from '../../src/log/format.js';
import { writeRecordFrame } from '../../src/log/frame.js';
import { pairKey } from '../../src/store/keys.js';
import { filledDirectories } from '../ops/directories.js';
import { spoilLength, spoilNode } from '../store/spoilt_pages.js';
import { type Asked, askAll, type RawAnswer, resultsOf } from '../support/asker.js';
import { directoriesOf, type Ended, runCli } from '../support/cli_process.js';
import { countOf, type Seeded, seeded } from '../support/seeded.js';
import { ServerProcess } from '../support/server_process.js';
import { smallAnswers, smallQuestions } from '../support/small_database.js';
import {
  assertRefused,
  refusedStart,
  stoppedDatabase,
  withCopy,
} from '../support/stopped_database.js';

const seed = Number(process.env.STEMEDB_SEED ?? 5);
const firstSegment = '0000000000000000.wal';
const headerBytes = 160;
const frameHeaderBytes = 32;

interface Extent {
  readonly position: number;
  readonly bytes: number;
  readonly sequence: number;
  readonly kind: number;
}

/** Where the frames of a whole segment stand, by their lengths alone. */
const framesOf = (segment: Buffer): readonly Extent[] => {
  const frames: Extent[] = [];
  for (let position = headerBytes; position < segment.length; ) {
    const bytes = frameHeaderBytes + segment.readUInt32BE(position + 4);
    const sequence = readCount(segment, position + 8);
    frames.push({ position, bytes, sequence, kind: segment.readUInt8(position + 24) });
    position += bytes;
  }
  return frames;
};

const flipBit = async (path: string, byte: number, bit: number): Promise<void> => {
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(byte) ^ (1 << bit), byte);
  await writeFile(path, bytes);
};

/** Flips a random bit of a file; gives the byte. */
const flipIn = async (path: string, random: Seeded): Promise<number> => {
  const byte = random.below((await stat(path)).size);
  await flipBit(path, byte, random.below(8));
  return byte;
};

test('a flip in a synced frame refuses to start', { timeout: 300_000 }, async (t) => {
  t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed}`);
  const random = seeded(seed);
  const given = await stoppedDatabase(random, 40);
  t.after(() => given.remove());
  const records = framesOf(await readFile(join(given.directory, 'wal', firstSegment))).filter(
    ({ kind }) => kind !== 0,
  );
  for (let count = 0; count < countOf(5, 200); count += 1) {
    const frame = random.pick(records.slice(0, -1));
    const byte = frame.position + random.below(frame.bytes);
    const bit = random.below(8);
    await t.test(`bit ${bit} of byte ${byte}, frame ${frame.sequence}`, () =>
      withCopy(given.directory, async (directory) => {
        await flipBit(join(directory, 'wal', firstSegment), byte, bit);
        const says = `Segment ${firstSegment} is damaged at offset ${frame.position} `;
        assertRefused(await refusedStart({ directory }), 65, new RegExp(says));
      }),
    );
  }
});

/** The frame of a claim that the log does not have yet. */
const nextFrame = (sequence: number): Buffer => {
  const stamp = parseStamp('f'.repeat(32));
  if (stamp === undefined) throw new Error('It is a stamp.');
  const bytes = Buffer.from('{"kind":"assertion"}');
  const frame = Buffer.alloc(frameHeaderBytes + 17 + bytes.length);
  const entry = { bytes, kind: 1, proof: 'node', shard: 0, stamp } as const;
  writeRecordFrame(frame, 0, entry, { sequence, durable: sequence - 1, segmentNumber: 1 });
  return frame;
};

test('what was never synced is cut and reported', { timeout: 300_000 }, async (t) => {
  const random = seeded(seed + 1);
  const given = await stoppedDatabase(random, 40);
  t.after(() => given.remove());
  const path = join(given.directory, 'wal', firstSegment);
  const last = Math.max(...framesOf(await readFile(path)).map(({ sequence }) => sequence));
  const frame = nextFrame(last + 1);
  const flipped = Buffer.from(frame);
  flipped.writeUInt8(flipped.readUInt8(60) ^ 4, 60);
  const tails: readonly (readonly [string, Buffer])[] = [
    ['a frame with a flipped bit', flipped],
    ['half a frame', frame.subarray(0, frame.length >> 1)],
    ['garbage', randomBytes(777)],
    ['zeros', Buffer.alloc(5000)],
  ];
  for (const [name, tail] of tails) {
    await t.test(name, () =>
      withCopy(given.directory, async (directory) => {
        await appendFile(join(directory, 'wal', firstSegment), tail);
        const verified = await runCli('verify', ...directoriesOf(directory));
        assert.equal(verified.exit, 1, verified.out + verified.err);
        assert.match(verified.out, /torn_tail/);
        const server = await ServerProcess.start({ directory });
        try {
          assert.match(server.output, new RegExp(`"cutBytes":${tail.length}.*torn tail`));
          assert.match(server.output, new RegExp(`"segment":"${firstSegment}"`));
          assert.deepEqual(await smallAnswers(server, given.stamp), given.answers);
          assert.equal(await server.stop(), 0);
        } finally {
          await server.stop('SIGKILL');
        }
        assert.equal((await runCli('verify', ...directoriesOf(directory))).exit, 0);
      }),
    );
  }
});

interface Verified {
  readonly ran: Ended;
  readonly list: readonly { readonly where: string; readonly severity: string }[];
}

const verify = async (...directories: readonly string[]): Promise<Verified> => {
  const ran = await runCli('verify', '--json', ...directories);
  const list = ran.out === '' ? [] : (JSON.parse(ran.out) as Pick<Verified, 'list'>).list;
  return { ran, list };
};

test('verify finds a flip anywhere in the log', { timeout: 600_000 }, async (t) => {
  const random = seeded(seed + 2);
  const { walDir, dbDir } = await filledDirectories(t);
  const where = ['--wal-dir', walDir, '--db-dir', dbDir];
  assert.equal((await verify(...where)).ran.exit, 0);
  const segments = (await readdir(walDir)).filter((name) => name.endsWith('.wal'));
  assert.ok(segments.length > 2);
  for (let count = 0; count < countOf(40, 1000); count += 1) {
    const segment = random.pick(segments);
    const whole = await readFile(join(walDir, segment));
    const byte = await flipIn(join(walDir, segment), random);
    const { ran, list } = await verify(...where);
    const name = `${segment}, byte ${byte} (seed ${seed}): ${ran.out}${ran.err}`;
    const frame = framesOf(whole).find((one) => byte < one.position + one.bytes);
    const start = byte < headerBytes ? 0 : frame?.position;
    // Only the very last frame may be one that was never synced.
    const isLast =
      segment === segments.at(-1) && frame?.position === framesOf(whole).at(-1)?.position;
    assert.equal(ran.exit, isLast ? 1 : 65, name);
    assert.ok(
      list.some((finding) => finding.where === `${segment}:${start}`),
      name,
    );
    await writeFile(join(walDir, segment), whole);
  }
  assert.equal((await verify(...where)).ran.exit, 0);
});

/** Answers that are not the ones they were: errors that say so, and results that differ. */
const compared = (
  answers: readonly RawAnswer[],
  before: readonly string[],
  name: string,
): { readonly errors: number; readonly different: readonly string[] } => {
  const different: string[] = [];
  let errors = 0;
  for (const [at, answer] of answers.entries()) {
    if (answer.status === 200) {
      if (resultsOf(answer) !== before[at]) different.push(`${answer.text}\n${before[at]}`);
      continue;
    }
    assert.equal(answer.status, 500, `${name}: ${answer.text}`);
    assert.match(answer.text, /"code":"(log|store)_corrupt"/, name);
    errors += 1;
  }
  return { errors, different };
};

test('a flip in an older segment is never served', { timeout: 600_000 }, async (t) => {
  const random = seeded(seed + 3);
  const { walDir, dbDir } = await filledDirectories(t);
  const env = { STEMEDB_WAL_DIR: walDir, STEMEDB_DB_DIR: dbDir };
  const questions = Array.from({ length: 7 }, (_, at) => ({ concept_path: `thing/${at}` })).flatMap(
    (asked) => ['recency', 'confidence', 'skeptic', 'layered'].map((lens) => ({ ...asked, lens })),
  );
  /** Undefined when the server refuses to start, naming the damage: nothing is served then. */
  const askThem = async (): Promise<readonly RawAnswer[] | undefined> => {
    const server = await ServerProcess.spawn({ env });
    try {
      await server.ready();
      return await askAll(server.url, questions);
    } catch (error) {
      if (!/is damaged at offset/.test(server.output)) throw error;
      return undefined;
    } finally {
      await server.remove();
    }
  };
  const sound = await askThem();
  assert.ok(sound !== undefined);
  const before = sound.map(resultsOf);
  const older = (await readdir(walDir)).filter((name) => name.endsWith('.wal')).slice(0, -1);
  let errors = 0;
  for (let count = 0; count < countOf(4, 200); count += 1) {
    const segment = random.pick(older);
    const whole = await readFile(join(walDir, segment));
    const frames = framesOf(whole);
    for (const { position, bytes } of frames) {
      if (random.chance(0.3))
        await flipBit(join(walDir, segment), position + random.below(bytes), 3);
    }
    const answers = await askThem();
    // The policy is read at the start, so a flip there refuses the start itself.
    if (answers === undefined) errors += 1;
    else {
      const found = compared(answers, before, `${segment} (seed ${seed})`);
      assert.deepEqual(found.different, []);
      errors += found.errors;
    }
    await writeFile(join(walDir, segment), whole);
  }
  assert.ok(errors > 0, 'no flip was met by a question');
});

/** How a spoilt store answers; undefined when the server does not come up with it. */
const askSpoilt = async (
  directory: string,
  questions: readonly Asked[],
): Promise<readonly RawAnswer[] | undefined> => {
  const server = await ServerProcess.spawn({ directory });
  try {
    await server.ready();
    return await askAll(server.url, questions);
  } catch {
    return undefined;
  } finally {
    await server.stop('SIGKILL');
  }
};

/**
 * The store's entries are sealed one by one, so a damaged entry is an error when it is read. A flip
 * in the engine's own pages can hide an entry: that reading cannot see, and `verify` must.
 */
test('a flip in the store is found, and mended', { timeout: 600_000 }, async (t) => {
  t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed}`);
  const random = seeded(seed + 4);
  const given = await stoppedDatabase(random, 120);
  t.after(() => given.remove());
  const questions = smallQuestions(given.stamp);
  for (let count = 0; count < countOf(10, 400); count += 1) {
    await withCopy(given.directory, async (directory) => {
      const byte = await flipIn(join(directory, 'db', 'data.mdb'), random);
      const name = `byte ${byte} of the store (seed ${seed})`;
      const { ran } = await verify(...directoriesOf(directory));
      assert.notEqual(ran.exit, null, `${name}: verify ended by ${ran.signal}`);
      const answers = await askSpoilt(directory, questions);
      const found = answers && compared(answers, given.answers, name);
      const isHarmless = found?.errors === 0 && found.different.length === 0;
      assert.ok(isHarmless || ran.exit !== 0, `${name}: verify did not find it`);
      const said = found ? `${found.errors} errors, ${found.different.length} differ` : 'no start';
      t.diagnostic(`${name}: verify ${ran.exit ?? ran.signal}; ${said}`);
      if (isHarmless) return;
      const rebuilt = await runCli('rebuild', ...directoriesOf(directory));
      assert.equal(rebuilt.exit, 0, `${name}: ${rebuilt.err}`);
      const mended = (await askSpoilt(directory, questions)) ?? [];
      assert.deepEqual(mended.map(resultsOf), given.answers, name);
    });
  }
});

const state = async (at: ServerProcess, concept: string, value: string): Promise<number> => {
  const claim = { concept_path: concept, predicate: 'colour', value };
  return (await at.post('/v1/assert', claim)).status;
};

/** `ok`, the code of the refusal, or `gone` when the server is. */
const ask = async (at: ServerProcess, concept: string): Promise<string> => {
  const answer = await at
    .get(`/v1/query?concept_path=${concept}&lens=recency`)
    .catch(() => undefined);
  if (answer === undefined) return 'gone';
  return answer.status === 200 ? 'ok' : (answer.body as { code: string }).code;
};

/** A stopped server's directory with two pairs, of which the first is spoilt. */
const spoiltDatabase = async (
  t: TestContext,
  spoil: (directory: string, key: Uint8Array) => number,
): Promise<string> => {
  const server = await ServerProcess.start();
  t.after(() => server.remove());
  assert.equal(await state(server, 'page/first', 'red'), 201);
  assert.equal(await state(server, 'page/second', 'red'), 201);
  assert.equal(await server.stop(), 0);
  assert.ok(spoil(join(server.directory, 'db'), pairKey('page/first\0colour')) > 0);
  return server.directory;
};

/** The library reads one entry behind a range, so it is the entry before it that is spoilt. */
test('a page that cannot be read refuses what it holds, and nothing else', async (t) => {
  const server = await ServerProcess.start({ directory: await spoiltDatabase(t, spoilNode) });
  try {
    for (let turn = 0; turn < 3; turn += 1) {
      assert.equal(await ask(server, 'page/first'), 'store_corrupt', server.output);
      assert.equal(await ask(server, 'page/second'), 'ok', server.output);
      assert.equal(await state(server, 'page/second', `red ${turn}`), 201, server.output);
    }
    const both = ['page/first', 'page/second', 'page/first', 'page/second'];
    const said = await Promise.all(both.map((concept) => ask(server, concept)));
    assert.deepEqual([said[0], said[2]], ['store_corrupt', 'store_corrupt']);
    assert.equal(await ask(server, 'page/second'), 'ok', server.output);
  } finally {
    await server.stop('SIGKILL');
  }
});

test('a page that ends the process is found after it did so three times', async (t) => {
  const directory = await spoiltDatabase(t, spoilLength);
  for (let life = 0; life < 3; life += 1) {
    const server = await ServerProcess.start({ directory });
    assert.equal(await ask(server, 'page/second'), 'ok', server.output);
    assert.equal(await ask(server, 'page/first'), 'gone', server.output);
    assert.equal(await server.exited, null, 'ended by a signal');
  }
  const server = await ServerProcess.start({ directory });
  try {
    assert.match(
      server.output,
      /"reason":"page \d+ of the store file is damaged.*the store was rebuilt/,
    );
    assert.equal(await ask(server, 'page/first'), 'ok', server.output);
    assert.equal(await ask(server, 'page/second'), 'ok', server.output);
    assert.equal(await server.stop(), 0);
    assert.ok(!(await readdir(join(directory, 'db'))).includes('unclean-ends'));
  } finally {
    await server.stop('SIGKILL');
  }
});
