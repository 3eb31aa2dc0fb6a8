/**
 * Faults 11 and 9 on real processes: what a start refuses, with which exit code and sentence; and a
 * store that was deleted or spoilt, which the start makes anew with the same answers.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cp, open, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { directoriesOf, runCli } from '../support/cli_process.js';
import { seeded } from '../support/seeded.js';
import { ServerProcess } from '../support/server_process.js';
import { smallAnswers } from '../support/small_database.js';
import {
  assertRefused,
  refusedStart,
  type StoppedDatabase,
  stoppedDatabase,
  withCopy,
} from '../support/stopped_database.js';

const seed = Number(process.env.STEMEDB_SEED ?? 11);
const firstSegment = '0000000000000000.wal';

type Subtest = (name: string, work: () => Promise<void>) => Promise<void>;

const refusals = (given: StoppedDatabase, subtest: Subtest): readonly Promise<void>[] => {
  const refuses = (
    name: string,
    spoil: (copy: string) => Promise<void>,
    exit: number,
    says: RegExp,
  ): Promise<void> =>
    subtest(name, () =>
      withCopy(given.directory, async (copy) => {
        await spoil(copy);
        assertRefused(await refusedStart({ directory: copy }), exit, says);
      }),
    );
  return [
    refuses('a newer log format', (copy) => stateVersion(copy, 2), 76, /format 2.*newer/s),
    refuses(
      'a log without its identity',
      (copy) => rm(join(copy, 'wal', 'identity')),
      65,
      /identity/,
    ),
    refuses(
      'a log that was copied half, beside its whole store',
      async (copy) => {
        const path = join(copy, 'wal', firstSegment);
        await truncate(path, Math.floor((await stat(path)).size / 2));
      },
      65,
      new RegExp(`${firstSegment}.*records to \\d+ were durable`, 's'),
    ),
    refuses(
      'a store whose log was not copied',
      (copy) => rm(join(copy, 'wal', firstSegment)),
      65,
      /there is no log, but records to/,
    ),
    refuses(
      'a file in place of the log directory',
      async (copy) => {
        await rm(join(copy, 'wal'), { recursive: true });
        await writeFile(join(copy, 'wal'), 'no directory');
      },
      73,
      /cannot be made or written/,
    ),
    refuses(
      'a file in place of the store directory',
      async (copy) => {
        await rm(join(copy, 'db'), { recursive: true });
        await writeFile(join(copy, 'db'), 'no directory');
      },
      73,
      /cannot be made or written/,
    ),
  ];
};

/** Writes another format version into the header, with the CRC that belongs to it. */
const stateVersion = async (copy: string, version: number): Promise<void> => {
  const file = await open(join(copy, 'wal', firstSegment), 'r+');
  const header = Buffer.alloc(160);
  await file.read(header, 0, header.length, 0);
  header.writeUInt32BE(version, 8);
  header.writeUInt32BE(crc32c(header.subarray(0, 156)), 156);
  await file.write(header, 0, header.length, 0);
  await file.close();
};

test('a start refuses what it must not touch', { timeout: 300_000 }, async (t) => {
  const given = await stoppedDatabase(seeded(seed), 40);
  t.after(() => given.remove());
  for (const subtest of refusals(given, (name, work) => t.test(name, work))) await subtest;

  await t.test('a newer log format, by the offline commands', () =>
    withCopy(given.directory, async (copy) => {
      await stateVersion(copy, 9);
      for (const command of ['verify', 'export', 'rebuild']) {
        const ran = await runCli(command, ...directoriesOf(copy));
        assert.equal(ran.exit, 76, `${command}: ${ran.out}${ran.err}`);
        assert.match(ran.out + ran.err, /format 9/, command);
      }
    }),
  );
  await t.test('the store of another database', async () => {
    const other = await stoppedDatabase(seeded(seed + 1), 10);
    await withCopy(given.directory, async (copy) => {
      await rm(join(copy, 'db'), { recursive: true });
      await cp(join(other.directory, 'db'), join(copy, 'db'), { recursive: true });
      const refusal = await refusedStart({ directory: copy });
      assertRefused(refusal, 78, /The store belongs to database [0-9a-f]{32}, not [0-9a-f]{32}/);
    }).finally(() => other.remove());
  });
  await t.test('a directory that another process uses', () => withSecond(t, given));
  await t.test('a directory that nobody may write', async (unwritable) => {
    if (process.platform !== 'linux') {
      unwritable.skip('needs a directory that even root cannot write');
      return;
    }
    for (const walDir of ['/sys/kernel', '/sys/kernel/stemedb', '/proc/a/b']) {
      const env = { STEMEDB_WAL_DIR: walDir };
      const refusal = await withCopy(given.directory, (directory) =>
        refusedStart({ directory, env }),
      );
      assertRefused(refusal, 73, new RegExp(`${walDir} cannot be made or written`));
    }
  });
});

const withSecond = (t: TestContext, given: StoppedDatabase): Promise<void> =>
  withCopy(given.directory, async (directory) => {
    const first = await ServerProcess.start({ directory });
    t.after(() => first.stop('SIGKILL'));
    assertRefused(await refusedStart({ directory }), 75, /Another process uses .*wal/);
    const ran = await runCli('rebuild', ...directoriesOf(directory));
    assert.equal(ran.exit, 75, ran.err);
    assert.deepEqual(await smallAnswers(first, given.stamp), given.answers);
    assert.equal(await first.stop(), 0);
  });

/** Ways to lose or spoil the store that a start notices by itself. */
const spoilers: readonly (readonly [string, (db: string) => Promise<void>])[] = [
  ['the directory deleted', (db) => rm(db, { recursive: true })],
  ['the file deleted', (db) => rm(join(db, 'data.mdb'))],
  ['the file empty', (db) => truncate(join(db, 'data.mdb'), 0)],
  ['the file cut to 100 bytes', (db) => truncate(join(db, 'data.mdb'), 100)],
  ['the file cut to a page', (db) => truncate(join(db, 'data.mdb'), 4096)],
  [
    'the file cut to its half',
    async (db) => truncate(join(db, 'data.mdb'), (await stat(join(db, 'data.mdb'))).size >> 1),
  ],
  ['the head zeroed', (db) => overwrite(db, 0, Buffer.alloc(4096))],
  ['both heads zeroed', (db) => overwrite(db, 0, Buffer.alloc(65_536))],
  ['the head random', (db) => overwrite(db, 0, randomBytes(4096))],
  ['a text file', (db) => writeFile(join(db, 'data.mdb'), 'This is no store.\n'.repeat(1000))],
];

const overwrite = async (db: string, at: number, bytes: Buffer): Promise<void> => {
  const path = join(db, 'data.mdb');
  const file = await open(path, 'r+');
  const length = Math.min(bytes.length, (await file.stat()).size - at);
  await file.write(bytes, 0, length, at);
  await file.close();
};

test('a lost store is made anew with the same answers', { timeout: 300_000 }, async (t) => {
  const given = await stoppedDatabase(seeded(seed + 2), 120);
  t.after(() => given.remove());
  for (const [name, spoil] of spoilers) {
    await t.test(name, () =>
      withCopy(given.directory, async (directory) => {
        await spoil(join(directory, 'db'));
        const server = await ServerProcess.start({ directory });
        try {
          const answers = await smallAnswers(server, given.stamp);
          for (const [at, text] of given.answers.entries()) assert.ok(answers[at] === text, text);
        } finally {
          await server.stop('SIGKILL');
        }
      }),
    );
  }
});
