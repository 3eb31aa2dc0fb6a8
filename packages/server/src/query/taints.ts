/** Retraction as a question meets it: what it reads from the snapshot, and how it is told. */
import type { AnswerWarning, HlcStamp, RecordId } from '@stemedb/model';
import { kindNumber } from '@stemedb/model';
import type { StoreSnapshot } from '../store/store.js';
import type { RecordAuthor } from '../trust/governance.js';
import type { RecordFacts } from '../trust/retraction.js';
import { premiseDepthMax, type Taint, type TaintReason } from '../trust/taint.js';
import type { RecordReader } from './records.js';

/** The taint as one question sees it; undefined when nothing was superseded by its moment. */
export type TaintOver = (view: {
  readonly snapshot: StoreSnapshot;
  readonly reader: RecordReader;
  readonly asOf: HlcStamp;
  /** Awaited now and then: the question's deadline, and others' turn. */
  readonly turn: () => Promise<void>;
}) => Taint | undefined;

/** Authors and premises of records, read back through the log. */
export const recordFacts = (snapshot: StoreSnapshot, reader: RecordReader): RecordFacts => ({
  appliedSequence: snapshot.appliedSequence,
  author: (id, asOf): RecordAuthor | undefined => {
    const read = reader.read(id, asOf);
    if (read === undefined) return undefined;
    return { agentId: read.content.agent_id, byNode: read.proof === 'node' };
  },
  premises: (id, asOf): readonly RecordId[] => {
    const content = reader.content(id, asOf, kindNumber.assertion);
    if (content?.kind !== 'assertion') return [];
    const premises = content.derived_from ?? [];
    return content.source === undefined ? premises : [content.source, ...premises];
  },
});

/** Why a claim is left out; undefined when it is in. */
export const taintedOut = (reason: TaintReason | undefined): string | undefined => {
  if (reason === undefined || !reason.out) return undefined;
  switch (reason.why) {
    case 'retract':
      return `it was retracted by ${reason.by}`;
    case 'replace':
      return `it was replaced by ${reason.by}`;
    case 'cascade':
      return `it rests on ${reason.premise}, which is retracted or rests on what is`;
  }
};

/** What the reader of one record should know of its state and its premises. */
export const taintWarnings = (reason: TaintReason | undefined): readonly AnswerWarning[] => {
  if (reason === undefined) return [];
  const out = taintedOut(reason);
  if (out !== undefined) {
    return [{ code: 'retracted', detail: `Left out of answers unless asked for: ${out}.` }];
  }
  if (reason.why === 'replaced_premise') {
    const detail = `It rests on ${reason.premise}, which was replaced.`;
    return [{ code: 'replaced_premise', detail }];
  }
  const detail = `It rests on more than ${premiseDepthMax} premises in a chain; its end was not checked.`;
  return [{ code: 'provenance_too_deep', detail }];
};
