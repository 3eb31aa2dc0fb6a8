/** Checks one record of the log against everything that it says about itself. */
import {
  attestedKind,
  type Ed25519Verify,
  type HlcStamp,
  kindOfNumber,
  readRecord,
} from '@stemedb/model';
import { frameFlags } from '../log/format.js';
import { readEntry } from '../log/frame.js';
import type { LocatedFrame } from '../log/frame_reader.js';
import type { LogEntry } from '../log/log.js';

export interface CheckedRecord {
  /** The newest stamp up to and with this record. */
  readonly stamp: HlcStamp;
  /** The record; undefined when the frame cannot be read as one. */
  readonly entry: LogEntry | undefined;
  /** What is wrong with it, as sentences. */
  readonly faults: readonly string[];
}

export class RecordChecker {
  readonly #verifySignature: Ed25519Verify;
  attestations = 0;

  constructor(verifySignature: Ed25519Verify) {
    this.#verifySignature = verifySignature;
  }

  /**
   * `before` is the newest stamp of the records in front of this one. A record that was merged
   * brought its own along, so stamps need not rise.
   */
  check({ buffer, start, frame }: LocatedFrame, before: HlcStamp): CheckedRecord {
    const entry = readEntry(buffer, start, frame);
    const name = `record ${frame.sequence}`;
    if (entry === undefined) {
      const faults = [`${name} states a proof that no version ever wrote`];
      return { stamp: before, entry, faults };
    }
    const faults: string[] = [];
    const isErased = (frame.flags & frameFlags.erased) !== 0;
    if (!isErased) faults.push(...this.#contentFaults(entry.kind, entry.bytes, name));
    return { stamp: entry.stamp > before ? entry.stamp : before, entry, faults };
  }

  /** A record of a kind that this version does not know is kept as it came, unread. */
  #contentFaults(kindNumber: number, bytes: Uint8Array, name: string): readonly string[] {
    const kind = kindOfNumber(kindNumber);
    if (kind === undefined) return [];
    const read = readRecord(bytes);
    if (!read.ok) return [`${name} is not valid canonical content: ${read.error.detail}`];
    const { content } = read.value;
    if (content.kind !== kind) return [`${name} is a ${content.kind} in the frame of a ${kind}`];
    if (content.kind !== 'attestation') return [];
    this.attestations += 1;
    if (attestedKind(content, this.#verifySignature) !== undefined) return [];
    return [`${name} is an attestation whose signature does not verify`];
  }
}
