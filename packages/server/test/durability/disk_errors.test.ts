/**
 * Faults 7 and 8 on the real process: what the system answers to a write or a sync of the log, by
 * system call; a full, limited or read-only file system. No acknowledgement after a failure, reads
 * go on, and either writes resume by themselves or the node ends so that a restart recovers.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../support/seeded.js';
import { type ServerOptions, ServerProcess } from '../support/server_process.js';
import { assertRefused, refusedStart } from '../support/stopped_database.js';
import { Strace, straceMissing, straceWrapper } from '../support/strace.js';
import type { Said } from '../support/wire.js';
import { Ledger } from './mixed/ledger.js';
import type { MixedLoad } from './mixed/load.js';
import { holdsLedger, loadOn, type Running, startRunning } from './mixed/running.js';

const seed = Number(process.env.STEMEDB_SEED ?? 7);
const segment = 'wal/0000000000000000.wal';
const mebibyte = 1024 * 1024;

interface Given {
  readonly running: Running;
  readonly load: MixedLoad;
  readonly ledger: Ledger;
  readonly trace: string;
}

const write = async ({ load }: Given): Promise<Said> =>
  (await load.claim()) ?? assert.fail('no answer');

/** Writes until an answer has this status: what decides it may be looked at once a second. */
const writeUntil = async (given: Given, status: number): Promise<Said> => {
  for (;;) {
    const said = await write(given);
    if (said.status === status) return said;
    await sleep(50);
  }
};

const assertRefusal = ({ status, text }: Said, expected: number, code: string): void => {
  assert.equal(status, expected, text);
  assert.equal((JSON.parse(text) as { code: string }).code, code, text);
};

const readsGoOn = async ({ running }: Given): Promise<void> => {
  const said = await running.wire.get('/v1/query?prefix=kill&limit=20');
  assert.equal(said?.status, 200, said?.text);
  assert.match(said?.text ?? '', /"concept_path":"kill\//);
};

const isReady = async ({ running }: Given): Promise<boolean> =>
  (await running.wire.get('/v1/health/ready'))?.status === 200;

const someWrites = async ({ load, ledger }: Given): Promise<void> => {
  const enough = ledger.acknowledged.length + 200;
  await load.run(4, () => ledger.acknowledged.length >= enough);
};

/** A server that has written something; stopped and looked at when the work is done. */
const withServer = async (
  work: (given: Given) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> => {
  const scratch = await mkdtemp(join(tmpdir(), 'stemedb-errors-'));
  const random = seeded(seed);
  let running = await startRunning({ directory: scratch, ...options });
  const { directory } = running.server;
  try {
    const ledger = new Ledger();
    const load = await loadOn(running, ledger, random);
    const given = { running, load, ledger, trace: join(scratch, 'trace') };
    await someWrites(given);
    await work(given);
    running.wire.close();
    await running.server.stop('SIGTERM');
    running = await startRunning({ directory, ...options });
    await holdsLedger({ ...running }, ledger, random);
    running.wire.close();
    assert.equal(await running.server.stop(), 0, running.server.output);
  } finally {
    await running.server.stop('SIGKILL');
    await rm(scratch, { recursive: true, force: true });
  }
};

/** From now on this call on the open segment answers so. */
const inject = ({ running, trace }: Given, call: string, what: string): Promise<Strace> => {
  const { pid = 0, directory } = running.server;
  return Strace.attach(pid, { call, what, paths: [join(directory, segment)] }, trace);
};

const needsStrace = { timeout: 600_000, skip: straceMissing() ?? false };

test('an error that passes refuses writes while it lasts', needsStrace, () =>
  withServer(async (given) => {
    const errors = [
      ['ENOSPC', 507, 'disk_full'],
      ['EDQUOT', 507, 'disk_full'],
      ['EFBIG', 507, 'disk_full'],
      ['EROFS', 503, 'not_ready'],
      ['EMFILE', 503, 'not_ready'],
    ] as const;
    for (const [error, status, code] of errors) {
      const strace = await inject(given, 'pwrite64', `error=${error}`);
      assertRefusal(await write(given), status, code);
      assertRefusal(await write(given), status, code);
      await readsGoOn(given);
      assert.ok(await isReady(given), error);
      await strace.detach();
      assert.equal((await write(given)).status, 201, error);
    }
  }),
);

test('an interrupted write or sync is tried again', needsStrace, () =>
  withServer(async (given) => {
    for (const call of ['pwrite64', 'fdatasync']) {
      const strace = await inject(given, call, 'error=EINTR:when=1+2');
      for (let count = 0; count < 5; count += 1) {
        const said = await write(given);
        assert.equal(said.status, 201, said.text);
      }
      await strace.detach();
    }
  }),
);

for (const call of ['fdatasync', 'pwrite64']) {
  test(`EIO from ${call} ends the node, and a restart recovers`, needsStrace, () =>
    withServer(async (given) => {
      const strace = await inject(given, call, 'error=EIO');
      assertRefusal(await write(given), 503, 'log_failed');
      assertRefusal(await write(given), 503, 'log_failed');
      await readsGoOn(given);
      assert.ok(!(await isReady(given)));
      assert.equal(await given.running.server.exited, 74);
      assert.equal(given.running.server.output.match(/the log has failed/g)?.length, 1);
      await strace.ended();
    }),
  );
}

const busyStart = `
  const busyUntilMs = performance.now() + 4000;
  const work = () => {
    const endMs = performance.now() + 100;
    while (performance.now() < endMs);
    if (performance.now() < busyUntilMs) setTimeout(work, 0);
  };
  setTimeout(work, 0);
`;

test('a log that fails before the server listens ends it too', needsStrace, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-errors-'));
  // Of the first three writes the last is the mark behind the policy, 100 ms later.
  const paths = [join(directory, segment)];
  const injection = { call: 'pwrite64', what: 'error=EIO', paths, when: '3' };
  const wrapper = straceWrapper(injection, join(directory, 'trace'));
  // With a machine so busy that nothing listens by then.
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(busyStart)}` };
  const server = await ServerProcess.spawn({ directory, wrapper, env });
  try {
    assert.equal(await server.exited, 74, server.output);
    assert.equal(server.output.match(/the log has failed/g)?.length, 1, server.output);
  } finally {
    await server.remove();
  }
});

test('a log that cannot be closed does not keep the node up', needsStrace, () =>
  withServer(async (given) => {
    const strace = await inject(given, 'close', 'error=EIO');
    assert.equal(await given.running.server.stop('SIGTERM'), 0, given.running.server.output);
    await strace.ended();
  }),
);

const limitFileSize = (pid: number, bytes: number | 'unlimited'): string | undefined => {
  const ran = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
  return ran.status === 0 ? undefined : 'prlimit (Debian package util-linux) is not there';
};

test('a limit on the size of files is a full disk', { timeout: 600_000 }, (t) =>
  withServer(async (given) => {
    const { pid = 0, directory } = given.running.server;
    const { size } = await stat(join(directory, segment));
    // Not at the end of a frame, so that the last write is a short one first.
    const missing = limitFileSize(pid, size + 1000);
    if (missing !== undefined) {
      t.skip(missing);
      return;
    }
    assertRefusal(await writeUntil(given, 507), 507, 'disk_full');
    await readsGoOn(given);
    assert.equal(limitFileSize(pid, 'unlimited'), undefined);
    assert.equal((await write(given)).status, 201);
  }),
);

interface Mounted {
  readonly path: string;
  remount(options: string): number | null;
}

/** Runs the work with a small file system of its own; gives the reason when that is not allowed. */
const withFileSystem = async (
  sizeMiB: number,
  work: (mounted: Mounted) => Promise<void>,
): Promise<string | undefined> => {
  const path = await mkdtemp(join(tmpdir(), 'stemedb-mount-'));
  try {
    const words = ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', path];
    if (spawnSync('mount', words).status !== 0) return 'a file system may not be mounted here';
    try {
      const remount = (options: string): number | null =>
        spawnSync('mount', ['-o', `remount,${options}`, path]).status;
      await work({ path, remount });
    } finally {
      spawnSync('umount', ['-l', path]);
    }
    return undefined;
  } finally {
    await rm(path, { recursive: true, force: true });
  }
};

const occupy = async (path: string, sizeMiB: number): Promise<void> => {
  const file = await open(path, 'w');
  for (let count = 0; count < sizeMiB; count += 1) await file.write(Buffer.alloc(mebibyte, 1));
  await file.close();
};

for (const [what, variable] of [
  ['log', 'STEMEDB_WAL_DIR'],
  ['store', 'STEMEDB_DB_DIR'],
] as const) {
  test(`a full file system of the ${what}, and room again`, { timeout: 600_000 }, async (t) => {
    const refused = await withFileSystem(320, async ({ path }) => {
      const env = { [variable]: join(path, 'data') };
      await withServer(
        async (given) => {
          await occupy(join(path, 'ballast'), 100);
          assertRefusal(await writeUntil(given, 507), 507, 'disk_full');
          await readsGoOn(given);
          assert.ok(await isReady(given));
          await rm(join(path, 'ballast'));
          assert.equal((await write(given)).status, 201);
          await someWrites(given);
        },
        { env },
      );
    });
    if (refused !== undefined) t.skip(refused);
  });
}

test('a start on a read-only file system', { timeout: 600_000 }, async (t) => {
  const refused = await withFileSystem(320, async ({ path, remount }) => {
    const directory = join(path, 'data');
    await mkdir(directory);
    const running = await startRunning({ directory });
    running.wire.close();
    const isBusy = remount('ro') !== 0;
    assert.ok(isBusy, 'the kernel lets nobody make a file system read-only under a writer');
    assert.equal(await running.server.stop(), 0);
    assert.equal(remount('ro'), 0);
    assertRefused(await refusedStart({ directory }), 73, /wal cannot be made or written \(EROFS\)/);
    assert.equal(remount('rw'), 0);
    const again = await startRunning({ directory });
    again.wire.close();
    assert.equal(await again.server.stop(), 0, again.server.output);
  });
  if (refused !== undefined) t.skip(refused);
});
