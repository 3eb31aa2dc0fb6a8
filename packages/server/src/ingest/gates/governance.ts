/**
 * Gate 7, as far as it is about rights (spec 8, "Governance"): who may not supersede is refused;
 * an alias or a verdict that its author may not put into effect is kept, and says so.
 */
import type { Outcome, RecordContent, RecordId } from '@stemedb/model';
import { ok } from '@stemedb/model';
import type { AuthorProof } from '../../log/log.js';
import type { Warning } from '../ingest.js';
import type { GateContext } from './context.js';
import { refuse } from './refusal.js';

/** The records that a record would supersede, with where it names them. */
const superseded = (content: RecordContent): readonly (readonly [string, RecordId])[] => {
  if (content.kind === 'supersession') return [['/target', content.target]];
  if (content.kind !== 'epoch') return [];
  return (content.supersedes ?? []).map((id, at) => [`/supersedes/${at}`, id] as const);
};

export const governanceGate = (
  { rules }: GateContext,
  content: RecordContent,
  proof: AuthorProof,
): Outcome<readonly Warning[]> => {
  for (const [pointer, id] of superseded(content)) {
    const rule = rules.supersessionRefusal(id, content.agent_id);
    if (rule !== undefined) return refuse('forbidden', pointer, rule);
  }
  if (content.kind === 'alias') {
    const rule = rules.aliasRefusal({ agentId: content.agent_id, byNode: proof === 'node' });
    if (rule === undefined) return ok([]);
    const detail = `${rule} The alias is kept as proposed: only aliases=all follows it.`;
    return ok([{ code: 'alias_proposed', detail }]);
  }
  if (content.kind === 'verdict') {
    const rule = rules.verdictRefusal(content.agent_id);
    if (rule === undefined) return ok([]);
    return ok([{ code: 'verdict_not_counted', detail: `${rule} The verdict is kept.` }]);
  }
  return ok([]);
};
