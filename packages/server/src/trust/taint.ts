/**
 * What retraction does to what is read, as the other rooms see it (spec 7, "Retraction acts on
 * reading"). The implementation of one node is `retraction.ts`; every implementation passes the
 * suite in test/conformance/taint.ts.
 */
import type { HlcStamp, RecordId } from '@stemedb/model';

/** Edges from a claim up to what it rests on that are followed (spec 7, "at most 64 deep"). */
export const premiseDepthMax = 64;

/**
 * What a reader must know about a record.
 *
 * Out: `retract` and `replace` name the supersession `by` which the record itself was taken out;
 * `cascade` means that a premise is out by `retract` or by cascade, and names that direct premise.
 * What was replaced may rest on what was retracted as well: then it names that `premise` too, since
 * a question may ask for the one and not for the other.
 * In, with a warning: `replaced_premise` names a direct premise that was replaced, `too_deep` says
 * that a chain of premises is longer than `premiseDepthMax`, so that its far end was not checked.
 */
export type TaintReason =
  | { readonly out: true; readonly why: 'retract'; readonly by: RecordId }
  | {
      readonly out: true;
      readonly why: 'replace';
      readonly by: RecordId;
      readonly premise?: RecordId;
    }
  | { readonly out: true; readonly why: 'cascade'; readonly premise: RecordId }
  | { readonly out: false; readonly why: 'replaced_premise'; readonly premise: RecordId }
  | { readonly out: false; readonly why: 'too_deep' };

export interface Taint {
  /**
   * Those of the ids that are out at a moment, or in with a warning, each with the reason; one
   * that is not in the answer is in and sound. What is said of an id depends on the records
   * stamped at or before `asOf` alone, not on the other ids of the call nor on any order of
   * arrival. Ids may be of any kind, unknown ones are in.
   *
   * Asynchronous and many ids at once, because premises lie in the shards of their own concepts:
   * a cluster answers with one round trip per level of premises, where one id at a time would
   * cost one per premise. Supersessions themselves are on every node.
   *
   * `mayRest` spares reading: false says for sure that the record has neither a source nor a
   * premise nor a parent.
   */
  tainted(
    ids: readonly RecordId[],
    asOf: HlcStamp,
    mayRest?: (id: RecordId) => boolean,
  ): Promise<ReadonlyMap<RecordId, TaintReason>>;
}
