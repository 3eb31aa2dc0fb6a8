/**
 * Holds the records of a log against checkpoints: those of the log itself, and those of the logs
 * that it was restored from. A restored log begins with a `continuation`, behind which the records
 * of the log before stand in their order: leaf n of that log is the n-th record after it.
 */
import { fromBase64, isByAnotherKey, type NoteKey, openCheckpoint } from '@stemedb/model';
import { sodiumVerify } from '../ingest/sodium.js';
import {
  type Continuation,
  keyBefore,
  readContinuation,
  unknownKindNumber,
} from '../log/continuation.js';
import type { LogRecord } from '../log/log.js';
import type { TreeFile } from '../log/merkle/tree_file.js';
import {
  type ClaimedCheckpoint,
  type TreeEnd,
  type TreeFinding,
  TreeVerifier,
} from './verify_tree.js';

export interface ClaimFinding {
  readonly severity: TreeFinding['severity'] | 'checkpoint_invalid';
  readonly where: string;
  readonly detail: string;
}

export interface Claims {
  /** The key of the log; undefined when it is not known, and nothing can be held against it. */
  readonly key: NoteKey | undefined;
  /** Checkpoints that were verified already. */
  readonly own: readonly ClaimedCheckpoint[];
  /** Signed notes that were saved before, by the name to report them under. */
  readonly notes: ReadonlyMap<string, string>;
  readonly file?: TreeFile | undefined;
  readonly onFinding: (finding: ClaimFinding) => void;
}

/** A log that this one was restored from. */
interface LogBefore {
  readonly tree: TreeVerifier;
  /** Sequence of the continuation that begins it. */
  readonly begin: number;
  readonly claims: number;
}

export class ClaimVerifier {
  readonly #onFinding: (finding: ClaimFinding) => void;
  readonly #tree: TreeVerifier;
  /** Notes that are not of this log, and what that would mean if they were of none before. */
  readonly #foreign = new Map<string, { readonly note: string; readonly detail: string }>();
  readonly #before: LogBefore[] = [];

  constructor({ key, own, notes, file, onFinding }: Claims) {
    this.#onFinding = onFinding;
    const claims = key === undefined ? [] : [...own, ...this.#claimsOf(key, notes)];
    this.#tree = new TreeVerifier(claims, file, onFinding);
  }

  /** The next record of the log. */
  add(record: LogRecord): void {
    this.#tree.add(record);
    for (const { tree, begin } of this.#before) {
      tree.add({ ...record, sequence: record.sequence - begin });
    }
    // Of a log that was restored more than once, the continuations stand one behind the other.
    if (record.sequence !== this.#before.length + 1 || record.kind !== unknownKindNumber) return;
    const continuation = readContinuation(record.bytes);
    if (continuation !== undefined) this.#begin(continuation, record.sequence);
  }

  /** After the last record; `isLogWhole` when the log had no damage. */
  end(isLogWhole: boolean): TreeEnd {
    const end = this.#tree.end(isLogWhole);
    let { checkpoints } = end;
    for (const { tree, claims } of this.#before) {
      tree.end(isLogWhole);
      checkpoints += claims;
    }
    for (const [where, { detail }] of this.#foreign) {
      this.#onFinding({ severity: 'altered', where, detail });
    }
    return { ...end, checkpoints };
  }

  #claimsOf(key: NoteKey, notes: ReadonlyMap<string, string>): readonly ClaimedCheckpoint[] {
    const claims: ClaimedCheckpoint[] = [];
    for (const [where, note] of notes) {
      const opened = openCheckpoint(note, key, sodiumVerify);
      if (opened.ok) claims.push({ where, checkpoint: opened.value });
      else if (isByAnotherKey(note, key)) {
        const detail = `this node has not signed it for this log: ${opened.error.detail}`;
        this.#foreign.set(where, { note, detail });
      } else {
        const { detail } = opened.error;
        this.#onFinding({ severity: 'checkpoint_invalid', where, detail });
      }
    }
    return claims;
  }

  #begin(continuation: Continuation, sequence: number): void {
    const { origin, size, kept } = continuation;
    const claims: ClaimedCheckpoint[] = [];
    const root = fromBase64(continuation.root);
    if (root?.length === 32 && kept === size) {
      const where = `the continuation of ${origin}`;
      claims.push({ where, checkpoint: { origin, size, root } });
    }
    for (const [where, { note }] of this.#foreign) {
      const key = keyBefore(continuation);
      const opened = key === undefined ? undefined : openCheckpoint(note, key, sodiumVerify);
      if (opened?.ok !== true) continue;
      this.#foreign.delete(where);
      if (opened.value.size <= kept) claims.push({ where, checkpoint: opened.value });
      else this.#reportSetBack(where, opened.value.size, continuation);
    }
    const tree = new TreeVerifier(claims, undefined, this.#onFinding);
    this.#before.push({ tree, begin: sequence, claims: claims.length });
  }

  #reportSetBack(where: string, signed: number, { origin, kept }: Continuation): void {
    const detail =
      `it was signed over ${signed} records of ${origin}, and this log was restored from the ` +
      `first ${kept} of them: what came after is not here`;
    this.#onFinding({ severity: 'altered', where, detail });
  }
}
