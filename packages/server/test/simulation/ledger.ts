/**
 * What the clients have sent and been told, kept outside of the node: the truth that it is held
 * against. A lie is thrown as a `BrokenInvariant` where it is noticed.
 */
import {
  type AgentId,
  canonicalBytes,
  type HlcStamp,
  type RecordId,
  type RecordKind,
} from '@stemedb/model';
import type { Accepted } from '../../src/ingest/ingest.js';
import type { Question } from '../../src/query/question.js';
import { attestationOf, type Draft } from '../support/histories/cast.js';

/** What the simulation exists to find. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

export function hold(isSo: boolean, invariant: string, detail: () => string): asserts isSo {
  if (!isSo) throw new BrokenInvariant(`${invariant}: ${detail()}`);
}

export interface Place {
  readonly sequence: number;
  readonly stamp: HlcStamp;
}

/** A list as it was answered, to be held against the log later. */
export interface ShownList {
  readonly kind: RecordKind;
  readonly agentId: AgentId | undefined;
  readonly ids: readonly RecordId[];
  readonly asOf: HlcStamp;
  /** False when the node chose the moment. */
  readonly isStated: boolean;
  readonly life: number;
  /** What the caller demanded to be in it; 0: nothing. */
  readonly minSequence: number;
}

/** A question with a moment, and what was answered. */
export interface KeptAnswer {
  readonly question: Question;
  readonly asOf: HlcStamp | number;
  readonly text: string;
  readonly life: number;
}

interface Sent {
  readonly bytes: Uint8Array;
  /** How often it was said, also by what carried it along. */
  times: number;
}

export class Ledger {
  readonly sent = new Map<RecordId, Sent>();
  /** Signatures that were sent without what they sign. */
  readonly signedAlone = new Set<RecordId>();
  readonly drafts: Draft[] = [];
  readonly acknowledged = new Map<RecordId, Place>();
  /** Seen in any answer. */
  readonly shown = new Map<RecordId, HlcStamp>();
  /** Ids that answers name as what decided. */
  readonly namedIds = new Set<RecordId>();
  readonly checkpoints: { readonly size: number; readonly root: Uint8Array }[] = [];
  lists: ShownList[] = [];
  answers: KeptAnswer[] = [];
  /** Sequences that an answer had to reach and claimed to have. */
  reachedSequence = 0;
  lastSequence = 0;
  /** The log as it was read last: it only grows. */
  log: readonly { readonly id: RecordId; readonly stamp: HlcStamp }[] = [];
  readonly #created = new Set<RecordId>();
  readonly #ids = new Map<number, RecordId>();

  sending(draft: Draft): void {
    this.#note(draft);
    if (draft.kind === 'attestation') this.signedAlone.add(draft.id);
    if (draft.byNode || draft.kind === 'attestation') return;
    this.#note(attestationOf(draft.author, draft));
  }

  #note(draft: Draft): void {
    const known = this.sent.get(draft.id);
    if (known !== undefined) {
      known.times += 1;
      return;
    }
    this.sent.set(draft.id, { bytes: canonicalBytes(draft.content), times: 1 });
    this.drafts.push(draft);
  }

  accepted(draft: Draft, accepted: Accepted): void {
    const { id, status, sequence, stamp } = accepted;
    hold(id === draft.id, 'the answer is about what was sent', () => `${id}, not ${draft.id}`);
    const known = this.acknowledged.get(id);
    if (status === 'created') {
      // Whoever said the same at the same time may be answered first.
      hold(!this.#created.has(id), 'a record is created once', () => `${id} at ${sequence} again`);
      this.#created.add(id);
    } else {
      const times = this.sent.get(id)?.times ?? 0;
      hold(times > 1, 'a duplicate was sent before', () => `${id} was sent once`);
    }
    const isSame = known === undefined || (known.sequence === sequence && known.stamp === stamp);
    hold(isSame, 'a duplicate has the place of the first', () => `${id} ${sequence} ${stamp}`);
    const there = this.#ids.get(sequence) ?? id;
    hold(there === id, 'a sequence has one record', () => `${sequence}: ${there} and ${id}`);
    this.#ids.set(sequence, id);
    this.acknowledged.set(id, { sequence, stamp });
    this.shown.set(id, stamp);
    this.lastSequence = Math.max(this.lastSequence, sequence);
  }

  showed(id: RecordId, stamp: HlcStamp): void {
    const known = this.shown.get(id);
    hold(known === undefined || known === stamp, 'a record keeps its stamp', () => {
      return `${id} had ${known} and has ${stamp}`;
    });
    hold(this.sent.has(id), 'what was never sent is not there', () => id);
    this.shown.set(id, stamp);
  }
}
