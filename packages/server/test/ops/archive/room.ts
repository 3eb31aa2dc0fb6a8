/** A log on a simulated disk with an archive in memory beside it. */
import assert from 'node:assert/strict';
import {
  leafData,
  leafHash,
  type NoteKey,
  nodeHash,
  openCheckpoint,
  parseVkey,
  recordIdOf,
  toBase64,
} from '@stemedb/model';
import { sodiumVerify } from '../../../src/ingest/sodium.js';
import type { DiskLock } from '../../../src/io/disk.js';
import { lockDirectory } from '../../../src/log/directory.js';
import { openIdentity } from '../../../src/log/identity.js';
import type { Log, LogRecord } from '../../../src/log/log.js';
import { openLog } from '../../../src/log/open_log.js';
import { openArchiveCopy } from '../../../src/ops/archive/archive_copy.js';
import {
  Archiver,
  type ArchiverInput,
  type PassReport,
} from '../../../src/ops/archive/archiver.js';
import type { Seal, Unseal } from '../../../src/ops/archive/seals.js';
import type { LogCopy } from '../../../src/ops/log_copy.js';
import { openReadOnlyLog } from '../../../src/ops/read_only_log.js';
import { assertRecord, collect, entries } from '../../conformance/log.js';
import { SeededRandom } from '../../simulation/seeded_random.js';
import { SimulatedClock } from '../../simulation/simulated_clock.js';
import { SimulatedDisk } from '../../simulation/simulated_disk.js';
import { FaultyObjects, FaultyPlace } from '../../support/faulty_objects.js';
import { must } from '../directories.js';

export const walDir = '/wal';

export class ArchiveRoom {
  disk = new SimulatedDisk();
  readonly clock = new SimulatedClock();
  readonly place = new FaultyPlace();
  readonly segmentBytesMax: number;
  seal: Seal | undefined;
  archiver: Archiver;
  #log: Log | undefined;
  #lock: DiskLock | undefined;
  #seed: number;

  private constructor(seed: number, segmentBytesMax: number) {
    this.#seed = seed;
    this.segmentBytesMax = segmentBytesMax;
    this.archiver = this.newArchiver();
  }

  static async make(seed = 1, segmentBytesMax = 4096): Promise<ArchiveRoom> {
    const room = new ArchiveRoom(seed, segmentBytesMax);
    await room.disk.makeDirectory(walDir);
    await room.start();
    return room;
  }

  /** Five records, and the disk that holds them and no more whatever comes after. */
  static async withPast(): Promise<{ readonly room: ArchiveRoom; readonly past: SimulatedDisk }> {
    const room = await ArchiveRoom.make();
    await room.append(5);
    await room.stop();
    const past = room.disk.clone();
    await room.start();
    return { room, past };
  }

  get log(): Log {
    if (this.#log === undefined) throw new Error('The log is closed.');
    return this.#log;
  }

  get isRunning(): boolean {
    return this.#log !== undefined;
  }

  /** As a server does: lock, identity, log. */
  async start(): Promise<void> {
    const { disk, clock, segmentBytesMax } = this;
    this.#lock = must(await lockDirectory(disk, walDir));
    const identity = must(await openIdentity(disk, new SeededRandom(this.#seed), walDir));
    const { databaseId, logId } = identity;
    const options = { directory: walDir, databaseId, logId, segmentBytesMax, freeBytesMin: 0 };
    this.#log = must(await openLog(disk, clock, options)).log;
  }

  /** In order, or as after SIGKILL. */
  async stop(isKilled = false): Promise<void> {
    if (!isKilled) await this.#log?.close();
    this.#log = undefined;
    if (isKilled) this.disk.kill();
    else await this.#lock?.release();
  }

  async append(count: number): Promise<void> {
    must(await this.log.append(entries(this.log.lastSequence + 1, count)));
  }

  newArchiver(
    store = new FaultyObjects(this.place),
    onCommit: NonNullable<ArchiverInput['onCommit']> = () => undefined,
  ): Archiver {
    return new Archiver({
      disk: this.disk,
      clock: this.clock,
      sleep: async () => undefined,
      store,
      onCommit,
      walDir,
      seal: this.seal,
      writer: 'test',
    });
  }

  async pass(archiver = this.archiver): Promise<PassReport> {
    return must(await archiver.pass());
  }
}

/** Opens what is at a place; the unsealing where it is encrypted. */
export const copyAt = async (place: FaultyPlace, unseal?: Unseal): Promise<LogCopy> =>
  must(await openArchiveCopy({ store: new FaultyObjects(place), unseal }));

const recordsOf = async ({ disk, directory }: LogCopy): Promise<readonly LogRecord[]> => {
  const log = must(await openReadOnlyLog(disk, directory));
  return collect(log.iterate({ sequence: 1 }));
};

/** The root of the tree of some records, by the definition (RFC 9162 section 2.1.1). */
const rootOf = (leaves: readonly Uint8Array[]): Uint8Array => {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return only;
  let left = 1;
  while (left * 2 < leaves.length) left *= 2;
  return nodeHash(rootOf(leaves.slice(0, left)), rootOf(leaves.slice(left)));
};

/** A copy must hold the first records that were written, as it says, and be signed for them. */
export const assertCopy = async (copy: LogCopy, atLeast: number): Promise<void> => {
  const { facts, checkpoint } = copy;
  assert.ok(facts.records >= atLeast, `${facts.records} of ${atLeast} records are there`);
  const records = await recordsOf(copy);
  assert.equal(records.length, facts.records);
  for (const [index, record] of records.entries()) assertRecord(record, index + 1);
  const leaves = records.map(({ bytes, stamp }) => leafHash(leafData(recordIdOf(bytes), stamp)));
  assert.equal(toBase64(rootOf(leaves)), facts.root);
  assert.equal(facts.newestStamp, records.at(-1)?.stamp);
  const key: NoteKey | undefined = parseVkey(facts.vkey);
  assert.ok(key !== undefined && checkpoint !== undefined);
  const signed = must(openCheckpoint(checkpoint, key, sodiumVerify));
  assert.equal(signed.size, facts.records);
  assert.equal(toBase64(signed.root), facts.root);
  for await (const fault of copy.faultsBeside()) throw fault;
};
