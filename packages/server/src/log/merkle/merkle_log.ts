/**
 * The Merkle log of a node (spec 4.4): signed checkpoints over synced records, and the proofs that
 * go with them. A checkpoint is kept in the log directory before it is given out, so a node never
 * signs two histories of one log unless its disk was exchanged.
 */
import {
  type ConsistencyProof,
  emptyRoot,
  fail,
  formatVkey,
  type InclusionProof,
  invalidField,
  type NoteSigner,
  type Outcome,
  ok,
  originOf,
  type RecordId,
  type StemeError,
  signCheckpoint,
  toBase64,
} from '@stemedb/model';
import { type Disk, diskErrorCode } from '../../io/disk.js';
import { diskFull, LogCorruptError } from '../failure.js';
import type { Identity } from '../identity.js';
import type { LogRecord } from '../log.js';
import { keepCheckpoint, type SignedCheckpoint } from './checkpoint_file.js';
import type { MerkleTree } from './merkle_tree.js';
import { sodiumNoteSigner } from './sodium_signer.js';

/** Where a record stands, as the tree needs it. */
type PlaceOf = (id: RecordId) => Pick<LogRecord, 'sequence' | 'stamp'> | undefined;

/** What answers questions about the tree. */
export interface LogProofs {
  /** `stemedb/<database id>/<log id>`. */
  readonly origin: string;
  /** The key that signs checkpoints, as C2SP writes it. */
  readonly vkey: string;
  /** The signed note over all records that are durable when it is asked for. */
  checkpoint(): Promise<Outcome<string>>;
  /** `not_found` for an id that is not visible; the newest tree when no size is given. */
  inclusionOf(id: RecordId, size?: number): Promise<Outcome<InclusionProof>>;
  consistency(from: number, to?: number): Promise<Outcome<ConsistencyProof>>;
}

export class MerkleLog implements LogProofs {
  readonly origin: string;
  readonly vkey: string;
  readonly #tree: MerkleTree;
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #signer: NoteSigner;
  readonly #placeOf: PlaceOf;
  #kept: SignedCheckpoint | undefined;
  /** Never rejects: what one checkpoint failed of is nothing to the next one. */
  #making: Promise<unknown> = Promise.resolve();
  /** A checkpoint that is not begun yet: whoever asks before that shares it. */
  #next: Promise<Outcome<string>> | undefined;

  constructor(options: {
    readonly tree: MerkleTree;
    readonly disk: Disk;
    /** The log directory. */
    readonly directory: string;
    readonly identity: Identity;
    /** What was given out before. */
    readonly kept: SignedCheckpoint | undefined;
    readonly placeOf: PlaceOf;
  }) {
    const { databaseId, logId, nodeKeySeed } = options.identity;
    this.#tree = options.tree;
    this.#disk = options.disk;
    this.#directory = options.directory;
    this.#signer = sodiumNoteSigner(nodeKeySeed);
    this.#placeOf = options.placeOf;
    this.#kept = options.kept;
    this.origin = originOf(databaseId, logId);
    this.vkey = formatVkey({ name: this.origin, publicKey: this.#signer.publicKey });
  }

  checkpoint(): Promise<Outcome<string>> {
    this.#next ??= this.#making.then(() => {
      this.#next = undefined;
      const made = this.#answer(() => this.#makeCheckpoint());
      this.#making = made.catch(() => undefined);
      return made;
    });
    return this.#next;
  }

  inclusionOf(id: RecordId, size = this.#tree.size): Promise<Outcome<InclusionProof>> {
    const place = this.#placeOf(id);
    if (place === undefined) {
      const detail = `There is no record ${id} here.`;
      return Promise.resolve(fail({ code: 'not_found', detail }));
    }
    const index = place.sequence - 1;
    const fault = this.#invalidField('/size', size, place.sequence, 'that has the record');
    if (fault !== undefined) return Promise.resolve(fail(fault));
    return this.#answer(async () => {
      const hashes = await this.#tree.inclusion(index, size);
      return ok({
        id,
        recorded_stamp: place.stamp,
        leaf_index: index,
        tree_size: size,
        hashes: hashes.map(toBase64),
        root: toBase64(await this.#root(size)),
      });
    });
  }

  consistency(from: number, to = this.#tree.size): Promise<Outcome<ConsistencyProof>> {
    const fault =
      this.#invalidField('/to', to, 0, 'of a tree') ??
      (from > to
        ? invalidField('/from', `"from" is ${from}, which is beyond "to", ${to}.`)
        : undefined);
    if (fault !== undefined) return Promise.resolve(fail(fault));
    return this.#answer(async () => {
      const hashes = await this.#tree.consistency(from, to);
      return ok({
        from,
        to,
        from_root: toBase64(await this.#root(from)),
        to_root: toBase64(await this.#root(to)),
        hashes: hashes.map(toBase64),
      });
    });
  }

  async #makeCheckpoint(): Promise<Outcome<string>> {
    const { size } = this.#tree;
    if (this.#kept?.checkpoint.size === size) return ok(this.#kept.note);
    const checkpoint = { origin: this.origin, size, root: await this.#root(size) };
    const note = signCheckpoint(checkpoint, this.#signer);
    try {
      await keepCheckpoint(this.#disk, this.#directory, note);
    } catch (error) {
      return fail(notKept(error));
    }
    this.#kept = { note, checkpoint };
    return ok(note);
  }

  async #root(size: number): Promise<Uint8Array> {
    return size === 0 ? emptyRoot : this.#tree.root(size);
  }

  #invalidField(
    pointer: string,
    size: number,
    least: number,
    what: string,
  ): StemeError | undefined {
    const most = this.#tree.size;
    if (size >= least && size <= most) return undefined;
    return invalidField(pointer, `The size ${what} is from ${least} to ${most}, not ${size}.`);
  }

  /** Damage of the log and errors of the disk are answers; of a damaged file none is left. */
  async #answer<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof LogCorruptError) return fail(error.error);
      const code = diskErrorCode(error);
      if (code === '') throw error;
      const detail = `The file of the tree cannot be read now (${code}); ask again later.`;
      return fail({ code: 'not_ready', detail, cause: error });
    }
  }
}

function notKept(error: unknown): StemeError {
  const code = diskErrorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(`The disk reported ${code}`, error);
  const detail = `The checkpoint could not be kept (${code || String(error)}); ask again later.`;
  return { code: 'not_ready', detail, cause: error };
}
