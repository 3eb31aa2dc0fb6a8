/**
 * What was sent to a server and what it acknowledged, kept outside of it. The client knows the id
 * of everything before it sends it, so what is stored can be held against what was ever sent.
 */
import {
  canonicalText,
  type JsonObject,
  type RecordId,
  type RecordKind,
  recordIdOf,
} from '@stemedb/model';

export interface Sent {
  readonly id: RecordId;
  readonly kind: RecordKind;
  /** Canonical content. */
  readonly text: string;
}

/** The record that these fields make. */
export const recordOf = (kind: RecordKind, fields: JsonObject): Sent => {
  const text = canonicalText({ kind, v: 1, ...fields });
  return { id: recordIdOf(Buffer.from(text)), kind, text };
};

export class Ledger {
  readonly #sent = new Set<RecordId>();
  readonly #acknowledged = new Set<RecordId>();
  #order: RecordId[] = [];
  #round: Sent[] = [];

  /** Must be called before the first byte leaves. */
  send(records: readonly Sent[]): void {
    for (const { id } of records) this.#sent.add(id);
  }

  acknowledge(records: readonly Sent[]): void {
    for (const record of records) {
      if (this.#acknowledged.has(record.id)) continue;
      this.#acknowledged.add(record.id);
      this.#order.push(record.id);
      this.#round.push(record);
    }
  }

  /** A ledger that goes its own way from here. */
  copy(): Ledger {
    const copy = new Ledger();
    for (const id of this.#sent) copy.#sent.add(id);
    for (const id of this.#acknowledged) copy.#acknowledged.add(id);
    copy.#order = [...this.#order];
    return copy;
  }

  /** What was acknowledged since the last call. */
  takeRound(): readonly Sent[] {
    const round = this.#round;
    this.#round = [];
    return round;
  }

  wasSent(id: RecordId): boolean {
    return this.#sent.has(id);
  }

  /** Everything acknowledged, the oldest first. */
  get acknowledged(): readonly RecordId[] {
    return this.#order;
  }

  get sentCount(): number {
    return this.#sent.size;
  }
}
