/**
 * Fault 2: SIGKILL at named points. The process dies in the very system call that a point names,
 * which the trace shows; then it starts again and must hold all that it acknowledged. Points of
 * trimming the log do not exist: the node deletes no segment.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { countOf, type Seeded, seeded } from '../support/seeded.js';
import { ServerProcess } from '../support/server_process.js';
import {
  type Injection,
  killedIn,
  Strace,
  straceMissing,
  straceWrapper,
} from '../support/strace.js';
import { filesVerify, logAgrees } from './mixed/checks.js';
import { Ledger } from './mixed/ledger.js';
import type { MixedLoad } from './mixed/load.js';
import { holdsLedger, loadOn, type Running, startRunning } from './mixed/running.js';

const times = countOf(1, 100);
const seed = Number(process.env.STEMEDB_SEED ?? 2);
const segment = 'wal/0000000000000000.wal';
const mebibyte = 1024 * 1024;
const segmentBytesMax = 64 * mebibyte;

interface Point {
  readonly name: string;
  readonly call: string;
  /** Below the data directory; left out where the call touches no file. */
  readonly path?: string;
  readonly when?: string;
  /** What else the trace must say of the call. */
  readonly says?: RegExp;
}

type Provoked = 'writing' | 'checkpoint' | 'stopping';

const runtimePoints: readonly (Point & { readonly provoked: Provoked })[] = [
  { name: 'before a batch is written', call: 'pwrite64', path: segment, provoked: 'writing' },
  { name: 'after it, before its sync', call: 'fdatasync', path: segment, provoked: 'writing' },
  {
    name: 'after its sync, before the answer',
    call: 'writev',
    says: /HTTP\/1\.1 20[01] /,
    provoked: 'writing',
  },
  ...(
    [
      ['before the file of a checkpoint is made', 'openat', 'wal/checkpoint.new'],
      ['before a checkpoint is written', 'pwrite64', 'wal/checkpoint.new'],
      ['after it, before its sync', 'fdatasync', 'wal/checkpoint.new'],
      ['after its sync, before its rename', 'rename', 'wal/checkpoint.new'],
      ['after its rename, before the directory sync', 'fsync', 'wal'],
    ] as const
  ).map(([name, call, path]) => ({ name, call, path, provoked: 'checkpoint' as const })),
  ...(
    [
      ['before the index is written', 'pwrite64,pwritev', 'db/data.mdb', undefined],
      ['between two writes of the index', 'pwrite64,pwritev', 'db/data.mdb', '2'],
      ['before the sync of the index', 'fdatasync', 'db/data.mdb', undefined],
      ['before the file of the tree is written', 'pwrite64', 'db/tree.new', undefined],
      ['after it, before its sync', 'fdatasync', 'db/tree.new', undefined],
      ['after its sync, before its rename', 'rename', 'db/tree.new', undefined],
      ['before the last mark of the log', 'pwrite64', segment, undefined],
      ['before the sync of the last mark', 'fdatasync', segment, undefined],
    ] as const
  ).map(([name, call, path, when]) => {
    const point = { name, call, path, provoked: 'stopping' as const };
    return when === undefined ? point : { ...point, when };
  }),
];

/** What a start after a kill does before it serves: it writes the open segment anew. */
const uncleanStartPoints: readonly Point[] = [
  { name: 'before the copy is made', call: 'openat', path: `${segment}.copy`, says: /O_CREAT/ },
  { name: 'before the copy is written', call: 'pwrite64', path: `${segment}.copy` },
  { name: 'after it, before its sync', call: 'fdatasync', path: `${segment}.copy` },
  { name: 'after its sync, before its rename', call: 'rename', path: `${segment}.copy` },
  { name: 'after its rename, before the directory sync', call: 'fsync', path: 'wal' },
];

/** In the order of a first start, so that one directory meets them all, one after the other. */
const firstStartPoints: readonly Point[] = [
  { name: 'before the log directory is made', call: 'mkdir', path: 'wal' },
  { name: 'before the sync of the one above', call: 'fsync', path: '' },
  { name: 'before the lock is made', call: 'openat', path: 'wal/lock' },
  { name: 'before the store directory is made', call: 'mkdir', path: 'db' },
  { name: 'before the file of the identity', call: 'openat', path: 'wal/identity.new' },
  { name: 'before the identity is written', call: 'pwrite64', path: 'wal/identity.new' },
  { name: 'before its sync', call: 'fdatasync', path: 'wal/identity.new' },
  { name: 'before its rename', call: 'rename', path: 'wal/identity.new' },
  { name: 'before the store is made', call: 'openat', path: 'db/data.mdb' },
  { name: 'before the store is written', call: 'pwrite64', path: 'db/data.mdb' },
  { name: 'before the first segment is made', call: 'openat', path: segment, says: /O_CREAT/ },
  { name: 'before its header is written', call: 'pwrite64', path: segment },
  { name: 'before the sync of its header', call: 'fdatasync', path: segment },
  { name: 'before the first record is written', call: 'pwrite64', path: segment },
];

/** Checks that the process died where it should have. */
const assertHit = async (point: Point, directory: string, trace: string): Promise<void> => {
  const call = await killedIn(trace);
  const name = call.slice(0, call.indexOf('('));
  assert.ok(point.call.split(',').includes(name), `${point.name}: ${call}`);
  if (point.path !== undefined) assert.ok(call.includes(join(directory, point.path)), call);
  if (point.says !== undefined) assert.match(call, point.says);
};

const killAt = ({ call, path, when }: Point, directory: string): Injection => ({
  call,
  what: 'signal=SIGKILL',
  ...(path === undefined ? {} : { paths: [join(directory, path)] }),
  ...(when === undefined ? {} : { when }),
});

/** One directory on its way through the points. */
interface Chain {
  running: Running;
  load: MixedLoad;
  readonly ledger: Ledger;
  readonly random: Seeded;
  readonly trace: string;
}

/** Runs the work with the fault in the server's way, until the server is dead. */
const dieAt = async (
  chain: Chain,
  point: Point,
  provoke: (chain: Chain) => Promise<void>,
): Promise<void> => {
  const { server, wire } = chain.running;
  const injection = killAt(point, server.directory);
  const strace = await Strace.attach(server.pid ?? 0, injection, chain.trace);
  await provoke(chain);
  assert.equal(await server.exited, null, `${point.name}: it was never met`);
  await strace.ended();
  wire.close();
  await assertHit(point, server.directory, chain.trace);
};

const restart = async (chain: Chain): Promise<void> => {
  chain.running = await startRunning({ directory: chain.running.server.directory });
  await holdsLedger(chain.running, chain.ledger, chain.random);
  chain.load = await loadOn(chain.running, chain.ledger, chain.random);
};

/** Writes for a while; enough for a group of the tree. */
const someWrites = async ({ load, ledger }: Chain): Promise<void> => {
  const before = ledger.acknowledged.length;
  const isEnough = (): boolean => ledger.acknowledged.length >= before + 300;
  await load.run(4, isEnough);
  assert.ok(isEnough(), 'the server went away');
};

const provoking: Readonly<Record<Provoked, (chain: Chain) => Promise<void>>> = {
  writing: ({ load }) => load.run(1),
  checkpoint: async (chain) => {
    await someWrites(chain);
    await chain.running.wire.get('/v1/log/checkpoint');
  },
  stopping: async ({ running }) => {
    await running.server.stop('SIGTERM');
  },
};

const begin = async (directory: string, trace: string, ledger = new Ledger()): Promise<Chain> => {
  const random = seeded(seed);
  const running = await startRunning({ directory });
  const load = await loadOn(running, ledger, random);
  return { running, load, ledger, random, trace };
};

const withScratch = async (work: (scratch: string) => Promise<void>): Promise<void> => {
  const scratch = await mkdtemp(join(tmpdir(), 'stemedb-points-'));
  try {
    await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

/** Ends a chain in order and looks at every byte. */
const finish = async ({ running, ledger }: Chain): Promise<void> => {
  running.wire.close();
  assert.equal(await running.server.stop(), 0, running.server.output);
  await filesVerify(running.server.directory, false);
  await logAgrees(running.server.directory, ledger);
};

const traced = (name: string, work: (t: TestContext) => Promise<void>): void => {
  test(name, { timeout: 6 * 3_600_000, skip: straceMissing() ?? false }, async (t) => {
    t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed} npm test -- durability/points`);
    await work(t);
  });
};

traced('kills between the steps of writing, signing and storing', (t) =>
  withScratch(async (scratch) => {
    const chain = await begin(scratch, join(scratch, 'trace'));
    try {
      for (let count = 0; count < times; count += 1) {
        for (const point of runtimePoints) {
          if (point.provoked === 'stopping') await someWrites(chain);
          await dieAt(chain, point, provoking[point.provoked]);
          await restart(chain);
        }
      }
      await finish(chain);
    } finally {
      await chain.running.server.stop('SIGKILL');
    }
    t.diagnostic(`${runtimePoints.length} points, each ${times} times`);
  }),
);

/** The name of the segment that the next large record begins. */
const nextSegment = async (directory: string): Promise<string> => {
  const { size } = await stat(join(directory, segment));
  return `wal/${size.toString(16).padStart(16, '0')}.wal`;
};

/** Large records until one more does not fit in the segment. */
const fillSegment = async (chain: Chain): Promise<void> => {
  const path = join(chain.running.server.directory, segment);
  while ((await stat(path)).size < segmentBytesMax - mebibyte)
    await chain.load.large(mebibyte - 1024);
  chain.ledger.takeRound();
};

traced('kills between the steps of a rotation', (t) =>
  withScratch(async (scratch) => {
    const full = join(scratch, 'full');
    await mkdir(full);
    const filled = await begin(full, join(scratch, 'trace'));
    await fillSegment(filled);
    filled.running.wire.close();
    assert.equal(await filled.running.server.stop(), 0, filled.running.server.output);
    const path = await nextSegment(full);
    const points: readonly Point[] = [
      { name: 'before the segment is made', call: 'openat', path, says: /O_CREAT/ },
      { name: 'before its header is written', call: 'pwrite64', path },
      { name: 'after it, before its sync', call: 'fdatasync', path },
      { name: 'after its sync, before the directory sync', call: 'fsync', path: 'wal' },
      { name: 'after that, before its first batch', call: 'pwrite64', path, when: '2' },
    ];
    for (let count = 0; count < times; count += 1) {
      for (const point of points) {
        const directory = join(scratch, 'copy');
        await cp(full, directory, { recursive: true });
        const chain = await begin(directory, filled.trace, filled.ledger.copy());
        try {
          await dieAt(chain, point, async ({ load }) => {
            await load.large(mebibyte - 1024);
          });
          await restart(chain);
          assert.ok(await chain.load.large(mebibyte - 1024));
          chain.running.wire.close();
          assert.equal(await chain.running.server.stop(), 0, chain.running.server.output);
          if (point === points.at(-1)) await filesVerify(directory, false);
        } finally {
          await chain.running.server.stop('SIGKILL');
        }
        await rm(directory, { recursive: true });
      }
    }
    t.diagnostic(`${points.length} points, each ${times} times`);
  }),
);

/** Starts a server that dies in the call that the point names. */
const dieStarting = async (directory: string, point: Point, trace: string): Promise<void> => {
  const wrapper = straceWrapper(killAt(point, directory), trace);
  const server = await ServerProcess.spawn({ directory, wrapper });
  const met = await Promise.race([server.exited, server.ready(120_000).then(() => 'ready')]);
  if (met === 'ready') await server.stop('SIGKILL');
  assert.equal(met, null, `${point.name}: it was never met: ${server.output}`);
  await assertHit(point, directory, trace);
};

traced('kills while the open segment is written anew after a kill', (t) =>
  withScratch(async (scratch) => {
    const chain = await begin(scratch, join(scratch, 'trace'));
    try {
      for (let count = 0; count < times; count += 1) {
        for (const point of uncleanStartPoints) {
          await someWrites(chain);
          chain.running.wire.close();
          await chain.running.server.stop('SIGKILL');
          await dieStarting(scratch, point, chain.trace);
          await restart(chain);
        }
      }
      await finish(chain);
    } finally {
      await chain.running.server.stop('SIGKILL');
    }
    t.diagnostic(`${uncleanStartPoints.length} points, each ${times} times`);
  }),
);

traced('kills during the first start', async (t) => {
  for (let count = 0; count < times; count += 1) {
    await withScratch(async (scratch) => {
      const trace = join(scratch, 'trace');
      const directory = join(scratch, 'data');
      await mkdir(directory);
      for (const point of firstStartPoints) await dieStarting(directory, point, trace);
      const chain = await begin(directory, trace);
      try {
        await someWrites(chain);
        await finish(chain);
      } finally {
        await chain.running.server.stop('SIGKILL');
      }
    });
  }
  t.diagnostic(`${firstStartPoints.length} points, each ${times} times`);
});
