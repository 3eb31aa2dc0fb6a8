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
  readonly #isJudged: (id: RecordId) => boolean;
  #newest: HlcStamp = zeroStamp;
  #lastSequence = 0;
  #kept: Judgements | undefined;

  /** `isJudged`: whether there is a verdict on a record. */
  constructor(isJudged: (id: RecordId) => boolean) {
    this.#isJudged = isJudged;
  }

  /**
   * Looks at a record before it is visible, after the histories took it in. Of a signature only the
   * place in the log matters, since it counts only when it is older than a verdict; and a claim
   * that a verdict waits for keeps judgements from being kept until it has come.
   */
  note(record: {
    readonly stamp: HlcStamp;
    readonly sequence: number;
    readonly content: RecordContent | undefined;
  }): void {
    const { content, stamp } = record;
    if (isRule(content)) {
      if (stamp > this.#newest) this.#newest = stamp;
    } else if (content?.kind !== 'attestation' || !this.#isJudged(content.target)) return;
    this.#lastSequence = Math.max(this.#lastSequence, record.sequence);
    this.#kept = undefined;
  }

  /** The judgements of a view: those that are kept when they serve it, else found anew. */
  find(view: HistoryView, read: () => Judgements): Judgements {
    if (view.asOf < this.#newest || view.appliedSequence < this.#lastSequence) return read();
    if (this.#kept !== undefined && view.asOf >= this.#kept.newestTarget) return this.#kept;
    const found = read();
    // A target that is not known may have come already, with a stamp after the moment.
    if (found.isComplete) this.#kept = found;
    return found;
  }
}

const isRule = (content: RecordContent | undefined): boolean =>
  content?.kind === 'verdict' || content?.kind === 'policy' || content?.kind === 'supersession';
