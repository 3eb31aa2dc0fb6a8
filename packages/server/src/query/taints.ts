/** Retraction as an answer tells it. */
import type { AnswerWarning, RecordId } from '@stemedb/model';
import { premiseDepthMax, type TaintReason } from '../trust/taint.js';

/** Why a claim is left out; undefined when it is in. */
export const taintedOut = (reason: TaintReason | undefined): string | undefined => {
  if (reason === undefined || !reason.out) return undefined;
  switch (reason.why) {
    case 'retract':
      return `it was retracted by ${reason.by}`;
    case 'replace':
      if (reason.premise === undefined) return `it was replaced by ${reason.by}`;
      return `it was replaced by ${reason.by}, and ${fallenPremise(reason.premise)}`;
    case 'cascade':
      return fallenPremise(reason.premise);
  }
};

const fallenPremise = (premise: RecordId): string =>
  `it rests on ${premise}, which is retracted or rests on what is`;

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
  const detail = `More than ${premiseDepthMax} premises stand above it; the last were not checked.`;
  return [{ code: 'provenance_too_deep', detail }];
};
