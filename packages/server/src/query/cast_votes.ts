/**
 * The votes on claims, read for a lens that counts them: those on the claim itself and on the
 * claims before it in its chain of transitions. A vote that was retracted is as if not there.
 */
import type { AgentId, RecordId } from '@stemedb/model';
import { kindNumber, stampMs } from '@stemedb/model';
import { toSignedNano } from '../lens/arithmetic.js';
import type { Nano } from '../lens/lens.js';
import type { ClaimRules } from '../trust/rules.js';
import type { GatheredClaim } from './gathering.js';
import { rowsPerRecord } from './pace.js';
import type { Reading } from './readings.js';

export interface CastVote {
  readonly id: RecordId;
  readonly agentId: AgentId;
  readonly weight: Nano;
  /** min(asserted_at, recorded_at), milliseconds. */
  readonly effectiveMs: number;
}

/** Votes by the claim that they count for. */
type VotesByClaim = ReadonlyMap<RecordId, readonly CastVote[]>;

/** Reads the votes that count for each of the claims. */
export const votesOn = async (
  claims: readonly GatheredClaim[],
  reading: Reading,
  rules: ClaimRules,
): Promise<VotesByClaim> => {
  const read = new Map<RecordId, CastVote[]>();
  for (const { row, standing } of claims) {
    const votes: CastVote[] = [];
    for (const target of [row.id, ...(standing?.transitionsOf ?? [])]) {
      await readVotes(target, reading, votes);
    }
    await reading.pace.spend(1);
    if (votes.length > 0) read.set(row.id, votes);
  }
  return rules.taint === undefined || read.size === 0 ? read : untainted(read, reading, rules);
};

const readVotes = async (
  target: RecordId,
  { snapshot, reader, moment, pace }: Reading,
  into: CastVote[],
): Promise<void> => {
  for (const { id, place } of snapshot.dependants(target, 'vote')) {
    if (place.stamp > moment.stamp) continue;
    const content = reader.content(id, moment.stamp, kindNumber.vote);
    await pace.spend(rowsPerRecord);
    if (content?.kind !== 'vote') continue;
    const effectiveMs = Math.min(content.asserted_at, stampMs(place.stamp));
    const weight = toSignedNano(content.weight);
    into.push({ id, agentId: content.agent_id, weight, effectiveMs });
  }
};

const untainted = async (
  read: ReadonlyMap<RecordId, readonly CastVote[]>,
  { moment }: Reading,
  { taint }: ClaimRules,
): Promise<VotesByClaim> => {
  const ids = [...read.values()].flatMap((votes) => votes.map(({ id }) => id));
  const taints = await taint?.tainted(ids, moment.stamp);
  const standing = new Map<RecordId, readonly CastVote[]>();
  for (const [claim, votes] of read) {
    const left = votes.filter(({ id }) => taints?.get(id)?.out !== true);
    if (left.length > 0) standing.set(claim, left);
  }
  return standing;
};
