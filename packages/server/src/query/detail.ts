/** An assertion read on its own: where it stands, and what others have said of it. */
import type {
  AgentId,
  AssertionContent,
  AssertionDetail,
  Ed25519Verify,
  ListedRecord,
  RecordId,
  StatedRecord,
  VoteContent,
} from '@stemedb/model';
import { kindNumber } from '@stemedb/model';
import { fromNano, toSignedNano } from '../lens/arithmetic.js';
import type { CandidateLoader } from '../store/candidate_loader.js';
import type { StoreSnapshot } from '../store/store.js';
import { comesAfter, type Recorded } from '../trust/last.js';
import type { Standing } from '../trust/rules.js';
import { isInitial, statedLifecycle } from '../trust/transitions.js';
import { readRows } from './gathering.js';
import { asListed } from './listed.js';
import { rowsPerRecord } from './pace.js';
import type { Reading } from './readings.js';
import { statedWithSignatures } from './signatures.js';

/** Votes and supersessions that one answer lists. */
const listedMax = 100;

interface DetailParts {
  readonly loaderOf: (snapshot: StoreSnapshot) => CandidateLoader;
  readonly verify: Ed25519Verify;
}

/** The rest of the answer to a claim that was read; `proof` is added by who keeps the tree. */
export const detailOf = async (
  parts: DetailParts,
  reading: Reading,
  stated: StatedRecord,
  content: AssertionContent,
): Promise<AssertionDetail> => {
  const standing = await standingOf(parts, reading, stated.id, content);
  const voiceOf = standing?.transitionsOf?.at(-1);
  return {
    ...stated,
    lifecycle: standing?.lifecycle ?? statedLifecycle(content),
    ...(standing?.succeededBy === undefined ? {} : { succeeded_by: standing.succeededBy }),
    ...(voiceOf === undefined ? {} : { voice_of: voiceOf }),
    votes: await votesOf(parts, reading, stated.id),
    supersessions: await supersessionsOf(parts, reading, stated.id),
  };
};

/** Among the claims of its pair, which are read only when they can make a difference. */
const standingOf = async (
  { loaderOf }: DetailParts,
  { snapshot, rules, moment, pace, holding }: Reading,
  id: RecordId,
  content: AssertionContent,
): Promise<Standing | undefined> => {
  const [child] = snapshot.dependants(id, 'parent');
  if (isInitial(statedLifecycle(content)) && content.parent === undefined && child === undefined)
    return undefined;
  const pair = { conceptPath: content.concept_path, predicate: content.predicate };
  const leave = await holding.rowsOf([pair], snapshot);
  try {
    const rows = await readRows(loaderOf(snapshot), pair, moment.stamp, pace);
    return (await rules.standings(rows)).get(id);
  } finally {
    leave?.();
  }
};

type RecordedVote = Recorded & { readonly content: VoteContent };

/** The last vote of each voter that counts, among those on this claim. */
const lastVotes = async (
  { snapshot, reader, rules, moment, pace }: Reading,
  target: RecordId,
): Promise<readonly RecordedVote[]> => {
  const last = new Map<AgentId, RecordedVote>();
  for (const { id, place } of snapshot.dependants(target, 'vote')) {
    await pace.spend(rowsPerRecord);
    if (place.stamp > moment.stamp) continue;
    const content = reader.content(id, moment.stamp, kindNumber.vote);
    if (content?.kind !== 'vote' || rules.withoutEffect(id) !== undefined) continue;
    const vote = { id, stamp: place.stamp, content };
    const known = last.get(content.agent_id);
    if (known === undefined || comesAfter(vote, known)) last.set(content.agent_id, vote);
  }
  // A weight of 0 withdraws what the voter had said before.
  return [...last.values()].filter(({ content }) => content.weight !== 0);
};

const votesOf = async (
  { verify }: DetailParts,
  reading: Reading,
  target: RecordId,
): Promise<AssertionDetail['votes']> => {
  const votes = await lastVotes(reading, target);
  const newest = [...votes].sort((one, other) => (comesAfter(one, other) ? -1 : 1));
  const sum = votes.reduce((total, { content }) => total + toSignedNano(content.weight), 0);
  const ids = newest.slice(0, listedMax).map(({ id }) => id);
  return {
    voters: votes.length,
    sum: fromNano(sum),
    listed: await asListed(reading, await statedAll(reading, ids), verify),
  };
};

/** What names it as target or as replacement, whether it has an effect or not. */
const supersessionsOf = async (
  { verify }: DetailParts,
  reading: Reading,
  id: RecordId,
): Promise<readonly ListedRecord[]> => {
  const { snapshot, moment, pace } = reading;
  const keys = new Map<RecordId, string>();
  for (const relation of ['supersession', 'replacement'] as const) {
    for (const found of snapshot.dependants(id, relation)) {
      await pace.spend(1);
      if (found.place.stamp <= moment.stamp) keys.set(found.id, found.place.stamp + found.id);
    }
  }
  const newest = [...keys].sort(([, one], [, other]) => (one > other ? -1 : 1));
  const ids = newest.slice(0, listedMax).map(([each]) => each);
  return asListed(reading, await statedAll(reading, ids), verify);
};

const statedAll = async (
  reading: Reading,
  ids: readonly RecordId[],
): Promise<readonly StatedRecord[]> => {
  const records: StatedRecord[] = [];
  for (const id of ids) {
    await reading.pace.spend(rowsPerRecord);
    const stated = await statedWithSignatures(reading, id);
    if (stated !== undefined) records.push(stated);
  }
  return records;
};
