/** A log with its identity on a simulated disk, copies of it, and ways to damage it. */
import { join } from 'node:path';
import {
  formatVkey,
  keyPairFromSeed,
  noteKeyOf,
  originOf,
  pureNoteSigner,
  signCheckpoint,
} from '@stemedb/model';
import type { ReadDisk } from '../../../src/io/disk.js';
import { encodeIdentity, type Identity } from '../../../src/log/identity.js';
import { checkpointFileName } from '../../../src/log/merkle/checkpoint_file.js';
import type { LogCopy } from '../../../src/ops/log_copy.js';
import { examine } from '../../../src/ops/repair/examine.js';
import * as world from '../../log/script.js';
import type { SeededRandom } from '../../simulation/seeded_random.js';
import { SimulatedDisk } from '../../simulation/simulated_disk.js';

export const walDir = world.directory;
export const records = 200;

export const identity: Identity = {
  nodeKeySeed: new Uint8Array(32).fill(5),
  nodeId: '0e'.repeat(8),
  databaseId: world.options.databaseId,
  logId: world.options.logId,
};

const origin = originOf(identity.databaseId, identity.logId);

export interface WholeLog {
  readonly disk: SimulatedDisk;
  /** The same log when it had about half of its records. */
  readonly half: SimulatedDisk;
  /** Paths of the segments, in order. */
  readonly paths: readonly string[];
}

export const segmentsOf = (disk: SimulatedDisk): readonly string[] =>
  disk.pathsIn(walDir).filter((path) => path.endsWith('.wal'));

/** A closed log over several segments, with identity and a checkpoint over all of it. */
export const wholeLog = async (seed = 11): Promise<WholeLog> => {
  const disk = new SimulatedDisk();
  await disk.makeDirectory(walDir);
  disk.put(join(walDir, 'identity'), encodeIdentity(identity));
  const { log } = await world.open(disk);
  const ledger = world.newLedger();
  let half: SimulatedDisk | undefined;
  await world.runScript(log, ledger, {
    records,
    seed,
    onAcknowledged: ({ acknowledged }) => {
      if (acknowledged >= records / 2) half ??= disk.clone();
    },
  });
  await log.close();
  const { survey } = await examine({ disk, directory: walDir, knownSequence: records });
  const root = Buffer.from(survey.root ?? '', 'base64');
  const checkpoint = { origin, size: records, root };
  const note = signCheckpoint(checkpoint, pureNoteSigner(identity.nodeKeySeed));
  disk.put(join(walDir, checkpointFileName), Buffer.from(note));
  return { disk, half: half ?? disk, paths: segmentsOf(disk).toSorted() };
};

/** What stands on the other disk, as a copy of a log. */
export const copyOf = async (
  disk: SimulatedDisk,
  facts: Partial<LogCopy['facts']> = {},
): Promise<LogCopy> => {
  const files: ReadDisk = disk;
  const { survey } = await examine({ disk, directory: walDir, knownSequence: 0 });
  const checkpoint = disk.peek(join(walDir, checkpointFileName)).toString();
  return {
    facts: {
      what: 'backup',
      name: 'a copy',
      databaseId: identity.databaseId,
      logId: identity.logId,
      nodeId: identity.nodeId,
      vkey: formatVkey(noteKeyOf(origin, keyPairFromSeed(identity.nodeKeySeed).agentId)),
      records: survey.kept,
      assertions: survey.keptAssertions,
      root: survey.root ?? '',
      newestStamp: survey.newestStamp,
      writtenAtMs: 0,
      ...facts,
    },
    checkpoint: checkpoint === '' ? undefined : checkpoint,
    disk: files,
    directory: walDir,
    bytes: survey.bytes,
    identity: async () => disk.peek(join(walDir, 'identity')),
    beside: [],
    async *faultsBeside() {},
  };
};

export type Damage = (disk: SimulatedDisk, path: string, random: SeededRandom) => void;

/** What may happen to a segment. */
export const damages: Readonly<Record<string, Damage>> = {
  'a flipped bit': (disk, path, random) => {
    disk.flipBit(path, random.below(8 * disk.peek(path).length));
  },
  'a zeroed sector': (disk, path, random) => {
    const at = 512 * random.below(Math.floor(disk.peek(path).length / 512));
    disk.damage(path, at, new Uint8Array(512));
  },
  'a lost header': (disk, path) => disk.damage(path, 0, new Uint8Array(160)),
  'a lost end': (disk, path, random) => {
    const bytes = disk.peek(path);
    disk.put(path, bytes.subarray(0, random.below(bytes.length)));
  },
  'a missing file': (disk, path) => disk.take(path),
  'another file in its place': (disk, path, random) => {
    disk.put(path, disk.peek(random.pick(segmentsOf(disk))));
  },
};
