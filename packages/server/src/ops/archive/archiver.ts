/**
 * Brings an archive up to where the log is durable: sealed segments whole, the open one in parts.
 * Each step puts immutable objects and then the next head, which is the commit: whatever breaks
 * off in between leaves the archive as the head before says. See SPEC.md.
 */

import { createHash, type Hash } from 'node:crypto';
import { join } from 'node:path';
import {
  fail,
  formatVkey,
  fromBase64,
  keyPairFromSeed,
  noteKeyOf,
  type Outcome,
  ok,
  originOf,
  signCheckpoint,
} from '@stemedb/model';
import type { Clock } from '../../io/clock.js';
import { type Disk, diskErrorCode } from '../../io/disk.js';
import type { ObjectStore } from '../../io/object_store.js';
import { segmentHeaderBytes, segmentName } from '../../log/format.js';
import { encodeIdentity, type Identity, readIdentity } from '../../log/identity.js';
import { CompactRange } from '../../log/merkle/compact_range.js';
import { sodiumNoteSigner } from '../../log/merkle/sodium_signer.js';
import { renewalFileName } from '../../log/renewal_file.js';
import { type DurableEnd, type DurableSegment, durableEnd } from '../durable_end.js';
import { noLog } from '../no_log.js';
import { noteOperation } from '../operations_file.js';
import { emptyTally } from '../record_tally.js';
import { readBytes } from '../segment_files.js';
import { storeErrors } from '../store_errors.js';
import { changeSince, damageIn } from './archived_bytes.js';
import { continuedLog } from './continued_log.js';
import type { ArchiveHead, SealedSegment, TailPart } from './head.js';
import { isNewest, newestHead, putHead } from './heads.js';
import { folderOf, identityName, partName, segmentNameInArchive } from './keys.js';
import { addRecords } from './new_records.js';
import { dueOf, findLeftovers, removeDue, retire } from './retired.js';
import { addSealed } from './sealed_list.js';
import type { Seal } from './seals.js';
import { pack, type StoredObject, suffixOf } from './stored_object.js';
import { type PlannedPart, planPart } from './tail_parts.js';

/** Another archiver may win a head; one that wins each time is not an accident. */
const triesMax = 3;

export interface ArchiverInput {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly sleep: (delayMs: number) => Promise<void>;
  readonly store: ObjectStore;
  readonly walDir: string;
  /** Undefined: the archive is not encrypted. */
  readonly seal: Seal | undefined;
  /** Version of the program. */
  readonly writer: string;
  /** Told after each commit: records that are archived, and that are durable in the log. */
  readonly onCommit?: (position: number, records: number) => void;
}

/** What a pass has found and done. */
export interface PassReport {
  readonly place: string;
  readonly databaseId: string;
  readonly logId: string;
  /** Records that the archive holds now. */
  readonly position: number;
  readonly generation: number;
  /** Put in this pass. */
  readonly segments: number;
  readonly parts: number;
  readonly storedBytes: number;
  readonly seconds: number;
  /** False when the time of this success could not be written beside the log, for the metrics. */
  readonly isNoted: boolean;
}

/** Another archiver put the head that was to come. */
class OvertakenError extends Error {
  override readonly name = 'OvertakenError';
}

export class Archiver {
  readonly #input: ArchiverInput;
  #head: ArchiveHead | undefined;
  /** The archived bytes of the open segment, hashed as far as they are archived. */
  #prefix:
    | { readonly firstOffset: number; readonly bytes: number; readonly hash: Hash }
    | undefined;
  /** No head below it is there any more. */
  #oldestHead = 0;
  #put = { segments: 0, parts: 0, storedBytes: 0 };

  constructor(input: ArchiverInput) {
    this.#input = input;
  }

  /** Up to where the log is durable now; what the disk or the place refuses is the outcome. */
  async pass(): Promise<Outcome<PassReport>> {
    const { clock, store } = this.#input;
    const startedMs = clock.monotonicMs();
    this.#put = { segments: 0, parts: 0, storedBytes: 0 };
    const passed = await this.#diskErrors(() => storeErrors(() => this.#passAlone()));
    if (!passed.ok) {
      // What is known of the archive may be out of date: the next pass reads it again.
      this.#head = undefined;
      this.#prefix = undefined;
      return passed;
    }
    const { databaseId, logId, generation, tree } = passed.value;
    const isNoted = await this.#note(tree.size);
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    const report = { databaseId, logId, generation, position: tree.size, seconds, isNoted };
    return ok({ place: store.place, ...report, ...this.#put });
  }

  async #diskErrors<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    try {
      return await work();
    } catch (cause) {
      const code = diskErrorCode(cause);
      if (code === '') throw cause;
      const isMissing = code === 'ENOENT';
      const detail = `The log in ${this.#input.walDir} cannot be read (${code}).`;
      return fail({ code: isMissing ? 'not_found' : 'log_failed', detail, cause });
    }
  }

  /** The archive is as good without the note. */
  async #note(position: number): Promise<boolean> {
    const { clock, disk, store, walDir } = this.#input;
    const note = { finishedAtMs: clock.wallMs(), position, name: store.place };
    try {
      await noteOperation(disk, walDir, 'archive', note);
      return true;
    } catch (error) {
      if (diskErrorCode(error) === '') throw error;
      return false;
    }
  }

  async #passAlone(): Promise<Outcome<ArchiveHead>> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#pass();
      } catch (error) {
        if (!(error instanceof OvertakenError)) throw error;
        this.#head = undefined;
        this.#prefix = undefined;
        if (tries === triesMax) {
          const detail =
            `Another archiver writes the archive of this log at ${this.#input.store.place} at ` +
            'the same time. End one of them; nothing is damaged.';
          return fail({ code: 'conflict', detail });
        }
      }
    }
  }

  async #pass(): Promise<Outcome<ArchiveHead>> {
    const { disk, sleep, walDir } = this.#input;
    const identity = await this.#identity();
    if (!identity.ok) return identity;
    const begun = await this.#begin(identity.value);
    if (!begun.ok) return begun;
    const keyed = this.#checkSeal(begun.value);
    if (!keyed.ok) return keyed;
    const same = await this.#checkSame(begun.value);
    if (!same.ok) return same;
    const { open, tree } = begun.value;
    const from = { ...open, position: open.bytes, nextSequence: tree.size + 1 };
    const end = await durableEnd({ disk, directory: walDir, sleep, from });
    if (!end.ok) return end;
    const follows = this.#checkHeaders(begun.value, end.value, identity.value);
    if (!follows.ok) return follows;
    let head = begun.value;
    for (const segment of end.value.segments) {
      const isNew = segment.isSealed || end.value.lastSequence > head.tree.size;
      if (!isNew) continue;
      const next = await this.#archive(head, segment, identity.value);
      if (!next.ok) return next;
      head = await this.#commit(next.value, head);
      // A first pass may take hours: how far it is must not be told only at its end.
      await this.#note(head.tree.size);
      this.#input.onCommit?.(head.tree.size, end.value.lastSequence);
    }
    this.#head = head;
    return ok(head);
  }

  async #identity(): Promise<Outcome<Identity>> {
    const { disk, walDir } = this.#input;
    if (await disk.exists(join(walDir, renewalFileName))) {
      const detail = `${walDir} is getting a new identity; "stemedb identity renew" ends that.`;
      return fail({ code: 'conflict', detail });
    }
    const identity = await readIdentity(disk, walDir);
    if (!identity.ok) return identity;
    if (identity.value !== undefined) return ok(identity.value);
    return fail(noLog(walDir));
  }

  /** The newest head, or what stands before the first one. */
  async #begin(identity: Identity): Promise<Outcome<ArchiveHead>> {
    const { store, clock } = this.#input;
    const known = this.#head;
    if (known !== undefined && known.generation > 0 && known.logId === identity.logId) {
      if (await isNewest(store, known)) return ok(known);
    }
    this.#prefix = undefined;
    this.#oldestHead = 0;
    const found = await newestHead(store, identity);
    if (!found.ok) return found;
    const head = found.value;
    if (head === undefined) return ok(this.#beginning(identity));
    const { names, oldestHead } = await findLeftovers(store, head);
    this.#oldestHead = oldestHead;
    return ok({ ...head, retired: retire(head, names, clock.wallMs()) });
  }

  #beginning(identity: Identity): ArchiveHead {
    const { databaseId, logId, nodeId, nodeKeySeed } = identity;
    const key = noteKeyOf(originOf(databaseId, logId), keyPairFromSeed(nodeKeySeed).agentId);
    return {
      ...{ generation: 0, databaseId, logId, nodeId, vkey: formatVkey(key), ...emptyTally },
      ...{ root: '', checkpoint: '', continues: null, identity: null, retired: [] },
      sealed: { count: 0, encrypted: 0, bytes: 0, storedBytes: 0, list: null, recent: [] },
      open: { firstOffset: 0, bytes: 0, sha256: createHash('sha256').digest('hex'), parts: [] },
      ...{ writtenAtMs: 0, writer: this.#input.writer },
    };
  }

  /** What was once encrypted does not go on in plain text because a setting is missing. */
  #checkSeal(head: ArchiveHead): Outcome<void> {
    if (head.identity === null || this.#input.seal !== undefined) return ok(undefined);
    const detail =
      `The archive at ${this.#input.store.place} is encrypted, and no public key is named: name ` +
      'it with --recipient or STEMEDB_ARCHIVE_RECIPIENT. Nothing was archived. An archive that ' +
      'is not encrypted needs a place of its own.';
    return fail({ code: 'invalid_configuration', detail });
  }

  /** The log must begin with what the archive has of it. */
  async #checkSame(head: ArchiveHead): Promise<Outcome<void>> {
    const { disk, walDir } = this.#input;
    const { firstOffset, bytes, sha256 } = head.open;
    const altered = (what: string): Outcome<never> => this.#altered(head, what);
    if (head.generation === 0) return ok(undefined);
    const path = join(walDir, segmentName(firstOffset));
    // Also when nothing of it is archived: the one before was sealed because this one was there.
    if (!(await disk.exists(path))) return altered(`${segmentName(firstOffset)} is missing`);
    const length = await this.#sizeOf(path);
    if (length < bytes) return altered(`${segmentName(firstOffset)} is shorter`);
    if (this.#prefix?.firstOffset !== firstOffset || this.#prefix.bytes !== bytes) {
      const hash = createHash('sha256').update(await this.#read(path, 0, bytes));
      this.#prefix = { firstOffset, bytes, hash };
    }
    if (this.#prefix.hash.copy().digest('hex') === sha256) return ok(undefined);
    const damage = await damageIn(disk, walDir, head.open);
    return damage === undefined ? altered('they are not those of the log') : fail(damage);
  }

  #altered(head: ArchiveHead, what: string): Outcome<never> {
    const detail =
      `The archive at ${this.#input.store.place} has ${head.tree.size} records of this log, and ` +
      `${what}: the log was set back, or two copies of it went on. Nothing was archived. Find ` +
      'out which one counts; "stemedb identity renew" makes the other a log of its own.';
    return fail({ code: 'log_altered', detail });
  }

  /** The segments must be of this log, and the first must follow on what is archived. */
  #checkHeaders(
    head: ArchiveHead,
    { segments, lastSequence }: DurableEnd,
    { databaseId, logId }: Identity,
  ): Outcome<void> {
    const isOurs = segments.every(
      ({ header }) => header.databaseId === databaseId && header.logId === logId,
    );
    if (!isOurs) {
      const detail = `A segment in ${this.#input.walDir} is of another log than the file identity.`;
      return fail({ code: 'log_corrupt', detail });
    }
    if (lastSequence < head.tree.size) return this.#altered(head, `it has ${lastSequence} now`);
    if (head.generation === 0 || head.open.bytes > 0) return ok(undefined);
    const { firstSequence, newestStamp } = segments[0]?.header ?? {};
    const follows = firstSequence === head.tree.size + 1 && newestStamp === head.newestStamp;
    return follows ? ok(undefined) : this.#altered(head, 'the next segment follows on others');
  }

  async #sizeOf(path: string): Promise<number> {
    const file = await this.#input.disk.open(path, 'read');
    return file.size().finally(() => file.close());
  }

  async #read(path: string, start: number, end: number): Promise<Buffer> {
    const file = await this.#input.disk.open(path, 'read');
    try {
      const bytes = await readBytes(file, start, end - start);
      if (bytes.length === end - start) return bytes;
      throw new Error(`${path} ended at byte ${start + bytes.length} while it was read`);
    } finally {
      await file.close();
    }
  }

  /** What the head says with the segment, or what is new of it, archived. */
  async #archive(
    head: ArchiveHead,
    segment: DurableSegment,
    identity: Identity,
  ): Promise<Outcome<ArchiveHead>> {
    const { file, header, isSealed } = segment;
    const { firstOffset } = file;
    const planned = planPart(head.open.parts, head.open.bytes);
    const base = isSealed ? 0 : planned.start;
    const bytes = await this.#read(file.path, base, segment.bytes);
    const changed = changeSince(head.open, base, bytes);
    if (changed !== undefined) return fail(changed);
    // The header in front of the first part is no frame.
    const start = Math.max(head.open.bytes, segmentHeaderBytes);
    const tally = await addRecords(head, {
      firstOffset,
      number: header.number,
      base,
      bytes,
      start,
    });
    if (!tally.ok) return tally;
    const continues = head.generation === 0 ? continuedLog(bytes, header.number) : head.continues;
    const archived = isSealed
      ? await this.#putSegment(head, firstOffset, bytes)
      : await this.#putPart(head, planned, { firstOffset, bytes });
    const root = CompactRange.from(tally.value.tree)?.root ?? '';
    const identityObject = head.identity ?? (await this.#putIdentity(identity));
    const origin = originOf(head.databaseId, head.logId);
    const checkpoint = signCheckpoint(
      { origin, size: tally.value.tree.size, root: fromBase64(root) ?? new Uint8Array() },
      sodiumNoteSigner(identity.nodeKeySeed),
    );
    const known = { ...archived, ...tally.value, root, checkpoint, continues };
    return ok({ ...known, identity: identityObject });
  }

  async #putSegment(
    head: ArchiveHead,
    firstOffset: number,
    bytes: Uint8Array,
  ): Promise<ArchiveHead> {
    const { store, seal, clock } = this.#input;
    const folder = folderOf(head);
    const name = (stored: Uint8Array, suffix: string): string =>
      segmentNameInArchive(firstOffset, stored, suffix);
    const segment: SealedSegment = {
      firstOffset,
      ...(await this.#putBytes(head, bytes, seal, name)),
    };
    this.#put.segments += 1;
    const parts = head.open.parts.map((part) => part.name);
    this.#prefix = undefined;
    const none = createHash('sha256').digest('hex');
    return {
      ...head,
      sealed: await addSealed(store, folder, head.sealed, segment),
      open: { firstOffset: firstOffset + bytes.length, bytes: 0, sha256: none, parts: [] },
      retired: retire(head, parts, clock.wallMs()),
    };
  }

  async #putPart(
    head: ArchiveHead,
    { kept, start, level }: PlannedPart,
    { firstOffset, bytes }: { readonly firstOffset: number; readonly bytes: Uint8Array },
  ): Promise<ArchiveHead> {
    const { open } = head;
    const name = (stored: Uint8Array, suffix: string): string =>
      partName({ offset: firstOffset, start }, stored, suffix);
    const stored = await this.#putBytes(head, bytes, this.#input.seal, name);
    const part: TailPart = { start, level, ...stored };
    this.#put.parts += 1;
    const merged = open.parts.slice(kept).map((one) => one.name);
    const hash = this.#prefix?.hash ?? createHash('sha256');
    hash.update(bytes.subarray(open.bytes - start));
    const end = start + bytes.length;
    this.#prefix = { firstOffset, bytes: end, hash };
    return {
      ...head,
      open: {
        firstOffset,
        bytes: end,
        sha256: hash.copy().digest('hex'),
        parts: [...open.parts.slice(0, kept), part],
      },
      retired: retire(head, merged, this.#input.clock.wallMs()),
    };
  }

  /** The key of the node goes only where nobody can read it who may not. */
  async #putIdentity(identity: Identity): Promise<StoredObject | null> {
    const { seal } = this.#input;
    if (seal === undefined) return null;
    return this.#putBytes(identity, encodeIdentity(identity), seal, identityName);
  }

  async #putBytes(
    log: { readonly databaseId: string; readonly logId: string },
    bytes: Uint8Array,
    seal: Seal | undefined,
    nameOf: (stored: Uint8Array, suffix: string) => string,
  ): Promise<StoredObject> {
    const { stored, described } = await pack(bytes, seal);
    const name = nameOf(stored, suffixOf(seal));
    await this.#input.store.put(`${folderOf(log)}${name}`, stored, { ifAbsent: true });
    this.#put.storedBytes += stored.length;
    return { name, ...described };
  }

  /** Rejects with `OvertakenError` when the archive does not stand at the head before any more. */
  async #commit(head: ArchiveHead, before: ArchiveHead): Promise<ArchiveHead> {
    const { store, clock, writer } = this.#input;
    const nowMs = clock.wallMs();
    const { due, left } = dueOf(head, nowMs);
    const generation = head.generation + 1;
    const next = { ...head, generation, retired: left, writtenAtMs: nowMs, writer };
    if (!(await putHead(store, next, before))) throw new OvertakenError();
    this.#oldestHead = await removeDue(store, next, due, this.#oldestHead);
    return next;
  }
}
