/** The rules about claims as one reading meets them: what it gives them to read, and from where. */
import type { HlcStamp, RecordId } from '@stemedb/model';
import { kindNumber } from '@stemedb/model';
import type { StoreSnapshot } from '../store/store.js';
import type { Assumption, AttestedBy, ClaimRules, RuleFacts } from '../trust/rules.js';
import type { RecordReader } from './records.js';

/** The view that rules are made over. */
interface RulesView {
  readonly snapshot: StoreSnapshot;
  readonly reader: RecordReader;
  readonly asOf: HlcStamp;
  /** Awaited now and then: the question's deadline, and others' turn. */
  readonly turn: () => Promise<void>;
  /** What is supposed at the moment, though nobody stated it. */
  readonly assume?: Assumption;
}

/** Implemented by the node over the records that it holds in memory. */
export type RulesOver = (view: RulesView) => ClaimRules;

/** What the rules have to know about records, read back through the log. */
export const ruleFacts = (
  snapshot: StoreSnapshot,
  reader: RecordReader,
  asOf: HlcStamp,
): RuleFacts => ({
  appliedSequence: snapshot.appliedSequence,
  asOf,
  author: (id) => {
    const read = reader.read(id, asOf);
    return read === undefined
      ? undefined
      : { agentId: read.record.parsed.agent_id, byNode: read.proof === 'node' };
  },
  claim: (id) => {
    const read = reader.read(id, asOf, kindNumber.assertion);
    const content = read?.record.parsed;
    if (read === undefined || content?.kind !== 'assertion') return undefined;
    return { content, stamp: read.stamp };
  },
  content: (id) => reader.content(id, asOf),
  attesters: (id) => attestersOf(snapshot, id, asOf),
});

/** From the index alone: anybody may sign a record, so no attestation is read for this. */
const attestersOf = (
  snapshot: StoreSnapshot,
  id: RecordId,
  asOf: HlcStamp,
): readonly AttestedBy[] => {
  const attesters: AttestedBy[] = [];
  for (const { place, agentNumber } of snapshot.attestations(id)) {
    if (place.stamp > asOf) continue;
    attesters.push({ agentId: snapshot.agent(agentNumber), stamp: place.stamp });
  }
  return attesters;
};
