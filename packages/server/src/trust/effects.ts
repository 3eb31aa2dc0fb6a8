/** Why a record that says something about others has no effect, for whoever lists it. */
import type { RecordContent, RecordId, VoteContent } from '@stemedb/model';
import type { Aliases } from './aliases.js';
import type { LastWords } from './direct.js';
import type { Epochs } from './epochs.js';
import { supersessionRefusal, verdictRefusal } from './governance.js';
import type { RuleRecords } from './rule_records.js';
import type { RuleFacts } from './rules.js';

interface Parts {
  readonly records: RuleRecords;
  readonly facts: RuleFacts;
  readonly words: LastWords;
  readonly epochs: Epochs;
  readonly aliases: Aliases;
}

/** The rule as a sentence; undefined when the record has its effect, is of a kind that has none
 * of its own (assertion, attestation, source, policy), or is not known. */
export const withoutEffect = (parts: Parts, id: RecordId): string | undefined => {
  const content = parts.facts.content(id);
  switch (content?.kind) {
    case 'vote':
      return takenBack(parts, id) ?? missingClaim(parts, content);
    case 'verdict':
      return takenBack(parts, id) ?? verdictFault(parts, id) ?? missingClaim(parts, content);
    case 'alias':
      return takenBack(parts, id) ?? aliasFault(parts, id);
    case 'epoch':
      return takenBack(parts, id) ?? epochFault(parts, id, content);
    case 'supersession':
      // Taking a supersession back leaves alone what it did.
      return supersessionFault(parts, id);
    default:
      return undefined;
  }
};

const takenBack = ({ words }: Parts, id: RecordId): string | undefined => {
  const direct = words.of(id);
  if (direct === undefined) return undefined;
  return `It was ${direct.why === 'retract' ? 'retracted' : 'replaced'} by ${direct.by}.`;
};

const missingClaim = (
  { facts }: Parts,
  { target }: Pick<VoteContent, 'target'>,
): string | undefined =>
  facts.claim(target) === undefined ? `There is no assertion ${target} here.` : undefined;

const verdictFault = ({ records, facts }: Parts, id: RecordId): string | undefined => {
  const verdict = records.verdicts.get(id, facts);
  if (verdict === undefined) return undefined;
  const policy = records.policies.inForce(verdict.stamp, facts.appliedSequence);
  return verdictRefusal(policy, verdict.content.agent_id);
};

const aliasFault = ({ records, facts, aliases }: Parts, id: RecordId): string | undefined => {
  const alias = records.aliases.get(id, facts);
  return alias === undefined ? undefined : aliases.refusal(alias);
};

/** An epoch that supersedes at least one of those that it names has its effect. */
const epochFault = (
  { records, facts, epochs }: Parts,
  id: RecordId,
  content: RecordContent & { readonly kind: 'epoch' },
): string | undefined => {
  const epoch = records.epochs.get(id, facts);
  if (epoch === undefined) return undefined;
  let first: string | undefined;
  for (const named of content.supersedes ?? []) {
    const refusal = epochs.refusal(epoch, named);
    if (refusal === undefined) return undefined;
    first ??= refusal;
  }
  return first;
};

const supersessionFault = ({ records, facts }: Parts, id: RecordId): string | undefined => {
  const supersession = records.supersessions.get(id, facts);
  if (supersession === undefined) return undefined;
  const { target, agent_id: author } = supersession.content;
  const owner = facts.author(target);
  if (owner === undefined) return `There is no record ${target} here.`;
  const policy = records.policies.inForce(supersession.stamp, facts.appliedSequence);
  return supersessionRefusal(policy, author, owner);
};
