/** Records in memory as the rules read them: no log, no store, any order. */
import {
  type AssertionContent,
  type AttestationContent,
  decodeStored,
  type HlcStamp,
  type RecordContent,
  type RecordId,
  recordIdOf,
} from '@stemedb/model';
import type { MergeRecord } from '../../src/ingest/ingest.js';
import { createClaimRules } from '../../src/trust/claim_rules.js';
import type { JudgementMemo } from '../../src/trust/judgement_memo.js';
import { PolicyHistory } from '../../src/trust/policy_history.js';
import { emptyRecords, type RuleRecords } from '../../src/trust/rule_records.js';
import type { Assumption, ClaimRules, RevisableClaim, RuleFacts } from '../../src/trust/rules.js';

export interface Known {
  readonly id: RecordId;
  readonly content: RecordContent;
  readonly stamp: HlcStamp;
  readonly byNode: boolean;
  readonly sequence: number;
}

/** Decodes records; each has its place in the list as its sequence, from 1 on. */
export const knownOf = (records: readonly MergeRecord[]): readonly Known[] =>
  records.map(({ bytes, stamp, proof }, at) => ({
    id: recordIdOf(bytes),
    content: decodeStored(bytes),
    stamp,
    byNode: proof === 'node',
    sequence: at + 1,
  }));

export const historiesOf = (known: readonly Known[]): RuleRecords => {
  const records = emptyRecords(new PolicyHistory());
  for (const { content, ...recorded } of known) {
    if (content.kind === 'supersession') records.supersessions.add({ ...recorded, content });
    if (content.kind === 'policy') records.policies.add({ ...recorded, content });
    if (content.kind === 'epoch') records.epochs.add({ ...recorded, content });
    if (content.kind === 'alias') records.aliases.add({ ...recorded, content });
    if (content.kind === 'verdict') records.verdicts.add({ ...recorded, content });
  }
  return records;
};

/** What a snapshot that ends at this sequence would read. */
export const factsOf = (
  known: readonly Known[],
  asOf: HlcStamp,
  appliedSequence: number = known.length,
): RuleFacts => {
  const byId = new Map<RecordId, Known>();
  for (const one of known) {
    if (one.stamp > asOf || one.sequence > appliedSequence) continue;
    const other = byId.get(one.id);
    if (other === undefined || one.stamp < other.stamp) byId.set(one.id, one);
  }
  const claim = (id: RecordId): { content: AssertionContent; stamp: HlcStamp } | undefined => {
    const found = byId.get(id);
    if (found?.content.kind !== 'assertion') return undefined;
    return { content: found.content, stamp: found.stamp };
  };
  return {
    asOf,
    appliedSequence,
    claim,
    author: (id) => {
      const found = byId.get(id);
      if (found === undefined) return undefined;
      return { agentId: found.content.agent_id, byNode: found.byNode };
    },
    content: (id) => byId.get(id)?.content,
    attesters: (id) =>
      [...byId.values()].flatMap(({ content, stamp }) =>
        isAttestationOf(content, id) ? [{ agentId: content.agent_id, stamp }] : [],
      ),
  };
};

const isAttestationOf = (content: RecordContent, id: RecordId): content is AttestationContent =>
  content.kind === 'attestation' && content.target === id;

interface Asking {
  readonly asOf?: HlcStamp;
  readonly assume?: Assumption;
  readonly judgements?: JudgementMemo;
}

/** The rules as of a moment, that of the newest record when left out. */
export const rulesOf = (records: readonly MergeRecord[], asking: Asking = {}): ClaimRules => {
  const known = knownOf(records);
  const { asOf = newestOf(records), ...others } = asking;
  return createClaimRules({
    records: historiesOf(known),
    facts: factsOf(known, asOf),
    ...others,
  });
};

export const newestOf = (records: readonly MergeRecord[]): HlcStamp => {
  const [newest] = records.map(({ stamp }) => stamp).sort((a, b) => (a < b ? 1 : -1));
  if (newest === undefined) throw new RangeError('Nothing has happened yet.');
  return newest;
};

/** The claims of one pair as their rows say. */
export const rowsOf = (
  records: readonly MergeRecord[],
  asOf: HlcStamp = newestOf(records),
  pair: { readonly path: string; readonly predicate: string } = {
    path: 'lab/x',
    predicate: 'dose',
  },
): readonly RevisableClaim[] => {
  const facts = factsOf(knownOf(records), asOf);
  const ids = new Set(records.map(({ bytes }) => recordIdOf(bytes)));
  return [...ids].flatMap((id) => {
    const claim = facts.claim(id);
    if (claim === undefined) return [];
    const { content, stamp } = claim;
    if (content.concept_path !== pair.path || content.predicate !== pair.predicate) return [];
    return [
      {
        id,
        stamp,
        assertedMs: content.asserted_at,
        lifecycle: content.lifecycle ?? 'proposed',
        hasParent: content.parent !== undefined,
      },
    ];
  });
};
