/**
 * Fault 9: the store is deleted or its file spoilt; the next start makes it anew from the log by
 * itself and says so, and every answer is, byte for byte, what it was.
 */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { askAll, resultsOf } from '../support/asker.js';
import { countOf, type Seeded, seeded } from '../support/seeded.js';
import { ServerProcess } from '../support/server_process.js';
import { smallQuestions } from '../support/small_database.js';
import { stoppedDatabase, withCopy } from '../support/stopped_database.js';

const seed = Number(process.env.STEMEDB_SEED ?? 9);
const pageBytes = 4096;

type Spoil = (bytes: Buffer, random: Seeded) => Buffer;

/** Page of the root of the main tree, by the newer of the two heads. */
const rootOf = (bytes: Buffer): number => {
  const heads = [0, pageBytes].map((at) => ({
    root: Number(bytes.readBigUInt64LE(at + 136)),
    transaction: bytes.readBigUInt64LE(at + 152),
  }));
  const [first, second] = heads;
  if (first === undefined || second === undefined) throw new Error('There are two heads.');
  return first.transaction > second.transaction ? first.root : second.root;
};

const filled = (bytes: Buffer, from: number, value: () => number): Buffer => {
  const spoilt = Buffer.from(bytes);
  for (let at = from; at < from + pageBytes; at += 1) spoilt.writeUInt8(value(), at);
  return spoilt;
};

const spoils: Readonly<Record<string, Spoil>> = {
  'the file cut': (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  'the head zeroed': (bytes, random) => filled(bytes, random.below(2) * pageBytes, () => 0),
  'the head overwritten': (bytes, random) =>
    filled(bytes, random.below(2) * pageBytes, () => random.below(256)),
  'the root page zeroed': (bytes) => filled(bytes, rootOf(bytes) * pageBytes, () => 0),
};

const spoil = async (directory: string, kind: string, random: Seeded): Promise<void> => {
  const path = join(directory, 'db', 'data.mdb');
  const change = spoils[kind];
  if (change === undefined) await rm(join(directory, 'db'), { recursive: true });
  else await writeFile(path, change(await readFile(path), random));
};

const times = countOf(10, 100);

test(`a store lost ${times} times is made anew`, { timeout: 3_600_000 }, async (t) => {
  t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed} npm test -- faults/store_lost`);
  const random = seeded(seed);
  const given = await stoppedDatabase(random, 150);
  t.after(() => given.remove());
  const questions = smallQuestions(given.stamp);
  const kinds = ['the directory deleted', ...Object.keys(spoils)];
  for (let count = 0; count < times; count += 1) {
    const kind = kinds[count % kinds.length] ?? '';
    await withCopy(given.directory, async (directory) => {
      await spoil(directory, kind, random);
      const server = await ServerProcess.spawn({ directory });
      try {
        await server.ready();
        const answers = await askAll(server.url, questions);
        assert.deepEqual(answers.map(resultsOf), given.answers, `${kind}, seed ${seed}`);
        if (kind in spoils) assert.match(server.output, /the store was rebuilt/, kind);
        assert.equal(await server.stop(), 0, server.output);
      } finally {
        await server.stop('SIGKILL');
      }
    });
  }
});
