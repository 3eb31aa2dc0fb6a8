/**
 * The judgements of the present, kept from question to question: reading every verdict's target and
 * its signers again would cost each question the whole history of verdicts.
 *
 * What is kept serves a question that sees every record on which judgements rest; a question about
 * the past, or over an older view of the store, reads for itself.
 */
import type { HlcStamp, RecordContent, RecordId } from '@stemedb/model';
import { zeroStamp } from '@stemedb/model';
import type { HistoryView } from './record_history.js';
import type { Judgements } from './reputation.js';

export class JudgementMemo {
  #newest: HlcStamp = zeroStamp;
  #lastSequence = 0;
  #kept: Judgements | undefined;

  /**
   * Looks at a record before it is visible, after the histories took it in. Nearly every claim and
   * signature is none that judgements were read from, and a signature counts only when it is older
   * than a verdict, as one from another node may be. Where nothing is kept, nothing but what was
   * read after this record will be.
   */
  note(record: {
    readonly id: RecordId;
    readonly stamp: HlcStamp;
    readonly sequence: number;
    readonly content: RecordContent | undefined;
  }): void {
    const { content, stamp } = record;
    if (isRule(content)) {
      if (stamp > this.#newest) this.#newest = stamp;
    } else if (!this.#mayMatter(record)) return;
    this.#lastSequence = Math.max(this.#lastSequence, record.sequence);
    this.#kept = undefined;
  }

  /** The judgements that are kept, when they serve a view. */
  kept(view: HistoryView): Judgements | undefined {
    if (!this.#isPresent(view) || this.#kept === undefined) return undefined;
    return view.asOf >= this.#kept.from.newestClaim ? this.#kept : undefined;
  }

  /** Keeps what was found over a view, unless something came since. */
  keep(view: HistoryView, found: Judgements): void {
    // A claim that is not known may have come already, with a stamp after the moment.
    if (this.#isPresent(view) && found.from.isComplete) this.#kept = found;
  }

  #isPresent(view: HistoryView): boolean {
    if (view.asOf < this.#newest || view.appliedSequence < this.#lastSequence) return false;
    return true;
  }

  #mayMatter(record: Parameters<JudgementMemo['note']>[0]): boolean {
    const { id, stamp, content } = record;
    if (content?.kind !== 'assertion' && content?.kind !== 'attestation') return false;
    const from = this.#kept?.from;
    if (from === undefined) return true;
    if (content.kind === 'assertion') return from.claims.has(id);
    const judgedAt = from.signed.get(content.target);
    return judgedAt !== undefined && stamp < judgedAt;
  }
}

const isRule = (content: RecordContent | undefined): boolean =>
  content?.kind === 'verdict' || content?.kind === 'policy' || content?.kind === 'supersession';
