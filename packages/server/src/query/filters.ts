/** Why a claim takes no part in an answer, in words: what the records say of it, and filters. */
import type { AgentId, Lifecycle, RecordId } from '@stemedb/model';
import { fromNano } from '../lens/arithmetic.js';
import type { Nano } from '../lens/lens.js';
import type { CountedClass } from '../trust/source_class.js';
import type { TaintReason } from '../trust/taint.js';
import type { Question } from './question.js';
import { taintedOut } from './taints.js';

/** What filters look at; of a transition all but the lifecycle is of the first of its chain. */
export interface FilteredClaim {
  readonly agentId: AgentId;
  readonly counted: CountedClass;
  readonly confidence: number;
  readonly assertedMs: number;
  readonly lifecycle: Lifecycle;
  readonly epoch: RecordId | undefined;
  readonly epochSupersededBy: RecordId | undefined;
  readonly succeededBy: RecordId | undefined;
  /** Of the claim itself, which falls with any of its chain of transitions. */
  readonly taint: TaintReason | undefined;
  /** Known only where the question reads it. */
  readonly trust: Nano;
}

/** Lifecycle states that do not take part unless they are asked for. */
const inactive: ReadonlySet<Lifecycle> = new Set(['rejected', 'deprecated']);

/** The first reason that keeps a claim out of an answer; undefined: it takes part. */
export const reasonToLeaveOut = (asked: Question, claim: FilteredClaim): string | undefined =>
  saidOfIt(asked, claim) ?? lifecycleFilter(asked, claim) ?? otherFilters(asked, claim);

const saidOfIt = (asked: Question, claim: FilteredClaim): string | undefined => {
  const { taint } = claim;
  if (taint?.out === true && !isBroughtBack(asked, taint)) return taintedOut(taint);
  if (asked.includeSuperseded === true) return undefined;
  if (claim.succeededBy !== undefined) return `its revision ${claim.succeededBy} took its place`;
  if (claim.epochSupersededBy !== undefined) {
    return `its epoch ${claim.epoch} was superseded by ${claim.epochSupersededBy}`;
  }
  return undefined;
};

const isBroughtBack = (
  { includeSuperseded, onRetracted }: Question,
  taint: TaintReason & { readonly out: true },
): boolean => {
  if (taint.why !== 'replace') return onRetracted === 'warn';
  // What was replaced and rests on what was retracted is out twice.
  const isSound = taint.premise === undefined || onRetracted === 'warn';
  return includeSuperseded === true && isSound;
};

const lifecycleFilter = (asked: Question, { lifecycle }: FilteredClaim): string | undefined => {
  if (asked.lifecycle === undefined) {
    return inactive.has(lifecycle) ? `its lifecycle is "${lifecycle}"` : undefined;
  }
  if (lifecycle === asked.lifecycle) return undefined;
  return `its lifecycle is "${lifecycle}", not "${asked.lifecycle}"`;
};

const otherFilters = (asked: Question, claim: FilteredClaim): string | undefined => {
  const { agentId, counted, confidence, assertedMs, epoch, trust } = claim;
  if (asked.agentId !== undefined && agentId !== asked.agentId) return 'another agent states it';
  if (asked.sourceClass !== undefined && counted.name !== asked.sourceClass) {
    return `its class counts as "${counted.name}", not "${asked.sourceClass}"`;
  }
  if (asked.minConfidence !== undefined && confidence < asked.minConfidence) {
    return `its confidence ${confidence} is below ${asked.minConfidence}`;
  }
  if (asked.minTrust !== undefined && fromNano(trust) < asked.minTrust) {
    return `the trust in its author is ${fromNano(trust)}, below ${asked.minTrust}`;
  }
  if (asked.assertedAfterMs !== undefined && assertedMs <= asked.assertedAfterMs) {
    return 'it was asserted at or before asserted_after';
  }
  if (asked.assertedBeforeMs !== undefined && assertedMs >= asked.assertedBeforeMs) {
    return 'it was asserted at or after asserted_before';
  }
  if (asked.epoch !== undefined && epoch !== asked.epoch) {
    return 'it belongs to another epoch or to none';
  }
  return undefined;
};
