/** The records that are few, by kind, as the rules are made over them. */
import type { EpochContent, RecordId, SupersessionContent, VerdictContent } from '@stemedb/model';
import { AliasHistory } from './alias_history.js';
import type { PolicyHistory } from './policy_history.js';
import { RecordHistory } from './record_history.js';

export interface RuleRecords {
  /** By target and by replacement. */
  readonly supersessions: RecordHistory<SupersessionContent, RecordId>;
  /** By the epochs that they supersede. */
  readonly epochs: RecordHistory<EpochContent, RecordId>;
  readonly aliases: AliasHistory;
  /** By target. */
  readonly verdicts: RecordHistory<VerdictContent, RecordId>;
  readonly policies: PolicyHistory;
}

/** Empty histories around the policies. */
export const emptyRecords = (policies: PolicyHistory): RuleRecords => ({
  supersessions: new RecordHistory(({ target, replacement }) =>
    replacement === undefined ? [target] : [target, replacement],
  ),
  epochs: new RecordHistory(({ supersedes }) => supersedes ?? []),
  aliases: new AliasHistory(),
  verdicts: new RecordHistory(({ target }) => [target]),
  policies,
});
