/** What the query room works with, and the limits of its work. */

import type { Clock } from '../io/clock.js';
import type { Random } from '../io/random.js';
import type { Lens } from '../lens/lens.js';
import type { Log } from '../log/log.js';
import type { CandidateLoader } from '../store/candidate_loader.js';
import type { Store, StoreSnapshot } from '../store/store.js';
import type { PolicyHistory } from '../trust/policy_history.js';
import type { QueryCache } from './query_cache.js';
import type { RulesOver } from './rules_over.js';
import type { SharedViews } from './shared_views.js';
import type { Timeline } from './timeline.js';

/** Limits of one question; every node uses the same, so that every node answers alike. */
export interface QueryLimits {
  /** Milliseconds until a question is answered with `query_timeout`. */
  readonly queryTimeoutMs: number;
  /** Distinct (value, agent, origin) rows that support uses in one tier. */
  readonly supportRowsMax: number;
  /** Votes on the claims of one pair that are read, the earliest recorded. */
  readonly votesMax: number;
  /** Claims that rest on one source, and likewise the concepts and pairs joined to theirs, that one
   * call walks over: bounds its memory, some 100 MB. Beyond: `too_many_dependants`. */
  readonly dependantsMax: number;
  /** Questions that hold a view of the store at once: half of the readers that its engine has,
   * so that neither checkpoints nor verification go without. Beyond: `overloaded`. */
  readonly questionsOpenMax: number;
  /** Rows that all questions together weigh at the same time, some 3 KiB each; a pair with more is
   * weighed while no other wide one is. Questions beyond wait, then `overloaded`. */
  readonly rowsHeldMax: number;
  /** Questions that wait for others to let go of rows, or of large pages. Beyond: `overloaded`. */
  readonly questionsWaitingMax: number;
  /** Bytes of a page: it ends with the result by which it grows beyond. */
  readonly pageBytesMax: number;
  /** Bytes of large pages that are being made at the same time. Questions beyond wait. */
  readonly draftsBytesMax: number;
}

const mebibyte = 1024 * 1024;

export const queryLimits: QueryLimits = {
  queryTimeoutMs: 10_000,
  supportRowsMax: 200_000,
  votesMax: 200_000,
  dependantsMax: 200_000,
  questionsOpenMax: 512,
  rowsHeldMax: 131_072,
  questionsWaitingMax: 128,
  pageBytesMax: 16 * mebibyte,
  draftsBytesMax: 64 * mebibyte,
};

export interface QueryCollaborators {
  readonly log: Log;
  readonly store: Store;
  /** Views of the store that are shared; undefined: each reading opens its own. */
  readonly views?: SharedViews;
  readonly timeline: Timeline;
  readonly policies: PolicyHistory;
  readonly rulesOver: RulesOver;
  readonly lenses: { get(name: string): Lens | undefined; names(): readonly string[] };
  readonly clock: Clock;
  readonly random: Random;
  /** Secret of this node under which cursors are authenticated. */
  readonly cursorKey: Uint8Array;
  /** Where candidates come from, for the view that a question is answered over. */
  readonly loaderOf: (snapshot: StoreSnapshot) => CandidateLoader;
  /** Where answers are kept; undefined: each is computed. */
  readonly cache?: QueryCache;
  /** What is left out is as in `queryLimits`. */
  readonly limits?: Partial<QueryLimits>;
}
